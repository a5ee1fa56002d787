"""What the HTTP servers of tests in Python share."""

import http.server


class QuietHandler(http.server.BaseHTTPRequestHandler):
    """Handles the requests of an HTTP server that logs nothing."""

    protocol_version = "HTTP/1.1"

    def reply(self, status, headers, body):
        self.send_response(status)
        for name, value in {**headers, "Content-Length": str(len(body))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass
