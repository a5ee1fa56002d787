//! Applications that listen themselves.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use coldspark_emulator::port::free_port;
use coldspark_emulator::{left_to_another_form, skipped};
use serde_json::Value;

use crate::common::function::runner;
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

/// The server of the benchmark, which also has large answers of bytes that are no text, and streams.
#[test]
fn a_server_in_c_serves() {
    if runner().is_some() {
        return left_to_another_form("the server is compiled for this machine's processor");
    }
    let program =
        Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("server-{}", std::process::id()));
    let source = concat!(env!("CARGO_MANIFEST_DIR"), "/../bench/web/server.c");
    let mut compiler = Command::new("cc");
    let status = compiler.arg("-o").arg(&program).arg(source).status();
    if !status.is_ok_and(|status| status.success()) {
        skipped("there is no C compiler");
        return;
    }
    let port = free_port().to_string();
    let package = Package::new().executable("app", fs::read(&program).expect("the server"));
    let _ = fs::remove_file(&program);
    let mut function = Function::start_env("http:app", package, &[("PORT", &port)]);
    let mut answer = |event: Value| -> Value {
        let text = function.invoke(event.to_string()).text();
        serde_json::from_str(&text).expect("an answer")
    };
    assert_eq!(answer(get("/"))["body"], "ok");
    let mut upload = request("POST", "/upload", &"gICA".repeat(1_500_000));
    upload["isBase64Encoded"] = true.into();
    assert_eq!(answer(upload)["body"], "ok");
    let large = answer(get("/large"));
    let body = large["body"].as_str().unwrap_or_default();
    assert_eq!((body.len(), &body[..8]), (6_266_668, "gICAgICA"));
    assert_eq!(large["isBase64Encoded"], true);
    assert_eq!(answer(get("/stream"))["body"], "first-partlast-part");
}

#[test]
fn a_server_in_python_serves() {
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
fn a_server_in_node_serves() {
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
