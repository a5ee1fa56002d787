"""A web application without a framework: a page and a form."""
import os
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs

PAGE = b'<!doctype html><form method="post" action="/greet"><input name="name"><button>Greet</button></form>\n'


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        self.answer(200, "text/html; charset=utf-8", PAGE)

    def do_POST(self):
        length = int(self.headers.get("Content-Length", 0))
        name = parse_qs(self.rfile.read(length).decode()).get("name")
        if name:
            self.answer(200, "text/plain; charset=utf-8", f"Hello, {name[0]}!\n".encode())
        else:
            self.answer(400, "text/plain; charset=utf-8", b"a name is missing\n")

    def answer(self, status, content_type, body):
        self.send_response(status)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_request(self, *_):
        """Lambda's log has a line for each event already."""


ThreadingHTTPServer(("127.0.0.1", int(os.environ["PORT"])), Handler).serve_forever()
