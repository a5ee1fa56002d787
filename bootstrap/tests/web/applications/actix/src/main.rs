//! A web application on Actix, that knows nothing of Lambda.

use std::collections::HashMap;
use std::path::Path;
use std::time::Duration;

use actix_web::cookie::Cookie;
use actix_web::web::{Bytes, Form, PayloadConfig, Query};
use actix_web::{App, Error, HttpRequest, HttpResponse, HttpServer, Responder, get, post, put};
use futures_util::stream;

type Fields = HashMap<String, String>;

#[get("/")]
async fn page(request: HttpRequest, query: Query<Fields>) -> impl Responder {
    let page = query
        .get("page")
        .map_or("", String::as_str)
        .replace('&', "&amp;");
    let cookie = request.cookie("name");
    let name = cookie.as_ref().map_or("stranger", Cookie::value);
    HttpResponse::Ok()
        .content_type("text/html; charset=utf-8")
        .body(format!("<p>page {page}</p><p>Hello, {name}!</p>"))
}

#[post("/greet")]
async fn greet(form: Form<Fields>) -> impl Responder {
    let name = form.get("name").map_or("", String::as_str).to_owned();
    HttpResponse::SeeOther()
        .append_header(("Location", "/"))
        .cookie(Cookie::new("name", name))
        .cookie(Cookie::new("seen", "1"))
        .finish()
}

#[get("/style.css")]
async fn style() -> Result<impl Responder, Error> {
    let style = std::fs::read("style.css")?;
    Ok(HttpResponse::Ok().content_type("text/css").body(style))
}

#[get("/photo")]
async fn photo() -> impl Responder {
    let bytes: Vec<u8> = (0..=255).collect();
    HttpResponse::Ok().content_type("image/png").body(bytes)
}

#[put("/photo")]
async fn upload(body: Bytes) -> impl Responder {
    let answer = format!(r#"{{"name":"photo","bytes":{}}}"#, body.len());
    HttpResponse::Ok()
        .content_type("application/json")
        .body(answer)
}

/// The second part comes when the file is there, so a reader that has the first one got it by itself.
#[get("/gated")]
async fn gated() -> impl Responder {
    let parts = stream::unfold(0, |sent| async move {
        while sent == 1 && !Path::new("gate").exists() {
            actix_web::rt::time::sleep(Duration::from_millis(5)).await;
        }
        let part = ["data: first\n\n", "data: last\n\n"].get(sent)?;
        Some((
            Ok::<_, Error>(Bytes::from_static(part.as_bytes())),
            sent + 1,
        ))
    });
    HttpResponse::Ok()
        .content_type("text/event-stream")
        .streaming(Box::pin(parts))
}

#[actix_web::main]
async fn main() -> std::io::Result<()> {
    let port = std::env::var("PORT")
        .ok()
        .and_then(|port| port.parse().ok());
    let application = || {
        App::new()
            .app_data(PayloadConfig::new(8 << 20))
            .service(page)
            .service(greet)
            .service(style)
            .service(photo)
            .service(upload)
            .service(gated)
    };
    HttpServer::new(application)
        .workers(1)
        .bind(("127.0.0.1", port.unwrap_or(8080)))?
        .run()
        .await
}
