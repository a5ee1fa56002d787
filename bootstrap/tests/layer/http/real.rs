//! Applications that listen themselves.

use std::process::{Command, Stdio};

use coldspark_emulator::port::free_port;
use coldspark_emulator::skipped;
use serde_json::Value;

use crate::common::web::{get, request};
use crate::common::{Function, Package};

pub(super) fn has(program: &str) -> bool {
    let mut command = Command::new(program);
    let status = command
        .arg("--version")
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status();
    status.is_ok_and(|status| status.success())
}

#[track_caller]
fn serves(script: &str) {
    let port = free_port().to_string();
    let package = Package::new().executable("app", script);
    let mut function = Function::start_env("http:app", package, &[("PORT", &port)]);
    for number in 0..3 {
        let body = format!("body {number}");
        let answer = function
            .invoke(request("POST", "/echo?x=1", &body).to_string())
            .text();
        let answer: Value = serde_json::from_str(&answer).expect("an answer");
        assert_eq!(
            (&answer["statusCode"], &answer["body"]),
            (&201.into(), &body.into()),
            "{answer}"
        );
        let answer = function.invoke(get("/").to_string()).text();
        assert!(answer.contains("\"body\":\"hello\""), "{answer}");
    }
}

#[test]
fn python() {
    if !has("python3") {
        skipped("there is no Python");
        return;
    }
    serves(
        r#"#!/usr/bin/env python3
import os
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

class Handler(BaseHTTPRequestHandler):
    protocol_version = 'HTTP/1.1'
    def answer(self, status, body):
        self.send_response(status)
        self.send_header('Content-Type', 'text/plain')
        self.send_header('Content-Length', str(len(body)))
        self.end_headers()
        self.wfile.write(body)
    def do_GET(self):
        self.answer(200, b'hello')
    def do_POST(self):
        self.answer(201, self.rfile.read(int(self.headers['Content-Length'])))

ThreadingHTTPServer(('127.0.0.1', int(os.environ['PORT'])), Handler).serve_forever()
"#,
    );
}

#[test]
fn node() {
    if !has("node") {
        skipped("there is no Node");
        return;
    }
    serves(
        r#"#!/usr/bin/env node
require('http').createServer((request, response) => {
  if (request.method === 'GET') return response.setHeader('Content-Type', 'text/plain').end('hello')
  response.writeHead(201, {'Content-Type': 'text/plain'})
  request.pipe(response)
}).listen(process.env.PORT, 'localhost')
"#,
    );
}
