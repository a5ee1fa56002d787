// A web application on Go's own server, which knows nothing of Lambda.
package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"html"
	"io"
	"log"
	"net/http"
	"net/url"
	"os"
	"time"
)

func page(response http.ResponseWriter, request *http.Request) {
	name := "stranger"
	if cookie, err := request.Cookie("name"); err == nil {
		name, _ = url.QueryUnescape(cookie.Value)
	}
	response.Header().Set("Content-Type", "text/html; charset=utf-8")
	number := request.URL.Query().Get("page")
	fmt.Fprintf(response, "<p>page %s</p><p>Hello, %s!</p>", html.EscapeString(number), html.EscapeString(name))
}

func greet(response http.ResponseWriter, request *http.Request) {
	http.SetCookie(response, &http.Cookie{Name: "name", Value: url.QueryEscape(request.FormValue("name")), Path: "/"})
	http.SetCookie(response, &http.Cookie{Name: "seen", Value: "1", Path: "/"})
	http.Redirect(response, request, "/", http.StatusSeeOther)
}

// A file of bytes that are no text, of which a client may ask for a part.
func photo(response http.ResponseWriter, request *http.Request) {
	content := make([]byte, 256)
	for index := range content {
		content[index] = byte(index)
	}
	http.ServeContent(response, request, "photo.png", time.Unix(1e9, 0), bytes.NewReader(content))
}

func upload(response http.ResponseWriter, request *http.Request) {
	size, err := io.Copy(io.Discard, request.Body)
	if err != nil {
		http.Error(response, err.Error(), http.StatusBadRequest)
		return
	}
	response.Header().Set("Content-Type", "application/json")
	json.NewEncoder(response).Encode(map[string]any{"name": "photo", "bytes": size})
}

// The second part comes when the file is there, so a reader that has the first one got it by itself.
func gated(response http.ResponseWriter, request *http.Request) {
	response.Header().Set("Content-Type", "text/event-stream")
	io.WriteString(response, "data: first\n\n")
	response.(http.Flusher).Flush()
	for {
		if _, err := os.Stat("gate"); err == nil {
			break
		}
		time.Sleep(5 * time.Millisecond)
	}
	io.WriteString(response, "data: last\n\n")
}

func main() {
	http.HandleFunc("GET /{$}", page)
	http.HandleFunc("POST /greet", greet)
	http.HandleFunc("GET /photo", photo)
	http.HandleFunc("PUT /photo", upload)
	http.HandleFunc("GET /gated", gated)
	http.HandleFunc("GET /style.css", func(response http.ResponseWriter, request *http.Request) {
		http.ServeFile(response, request, "style.css")
	})
	log.Fatal(http.ListenAndServe(":"+os.Getenv("PORT"), nil))
}
