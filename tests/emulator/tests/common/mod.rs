//! A bare client for the tests: bytes out, bytes in.
#![allow(dead_code, reason = "each test binary uses its own part")]

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use coldspark_emulator::emulator::{Config, Emulator, Invocation};

/// Only ever reached by a hang.
pub(crate) const LONG: Duration = Duration::from_secs(60);
pub(crate) const NEXT: &str = "/2018-06-01/runtime/invocation/next";

pub(crate) fn connect(address: &str) -> TcpStream {
    let stream = TcpStream::connect(address).expect("connect");
    stream.set_read_timeout(Some(LONG)).expect("timeout");
    stream.set_nodelay(true).expect("nodelay");
    stream
}

pub(crate) fn send(stream: &mut TcpStream, bytes: impl AsRef<[u8]>) {
    stream.write_all(bytes.as_ref()).expect("send");
}

pub(crate) fn get(path: &str) -> String {
    format!("GET {path} HTTP/1.1\r\nHost: test\r\n\r\n")
}

pub(crate) fn post(path: &str, headers: &str, body: &str) -> String {
    let length = body.len();
    format!("POST {path} HTTP/1.1\r\nHost: test\r\n{headers}Content-Length: {length}\r\n\r\n{body}")
}

pub(crate) fn response_path(id: &str) -> String {
    format!("/2018-06-01/runtime/invocation/{id}/response")
}

pub(crate) fn error_path(id: &str) -> String {
    format!("/2018-06-01/runtime/invocation/{id}/error")
}

/// Everything until the server closes.
pub(crate) fn read_all(stream: &mut TcpStream) -> String {
    let mut text = String::new();
    stream.read_to_string(&mut text).expect("read to the end");
    text
}

#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) body: String,
}

impl Answer {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let fields = self.head.lines().filter_map(|line| line.split_once(": "));
        let mut fields = fields.filter(|(n, _)| n.eq_ignore_ascii_case(name));
        fields.next().map(|(_, value)| value)
    }
}

/// One answer with Content-Length.
pub(crate) fn answer(stream: &mut TcpStream) -> Answer {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        stream.read_exact(&mut byte).expect("a head");
        head.push(byte[0]);
    }
    let head = String::from_utf8(head).expect("text");
    let status = head.split(' ').nth(1).and_then(|s| s.parse().ok());
    let mut answer = Answer {
        status: status.expect("a status"),
        head,
        body: String::new(),
    };
    let length = answer.header("Content-Length").unwrap_or("0");
    let mut body = vec![0; length.parse().expect("a length")];
    stream.read_exact(&mut body).expect("a body");
    answer.body = String::from_utf8(body).expect("text");
    answer
}

pub(crate) fn call(stream: &mut TcpStream, request: impl AsRef<[u8]>) -> Answer {
    send(stream, request);
    answer(stream)
}

/// An emulator, and a connection to its Runtime API.
pub(crate) fn start() -> (Emulator, TcpStream) {
    start_with(Config::default())
}

pub(crate) fn start_with(config: Config) -> (Emulator, TcpStream) {
    let emulator = Emulator::start(config).unwrap();
    let client = connect(&emulator.address());
    (emulator, client)
}

/// An event with this request id.
pub(crate) fn named(id: &str) -> Invocation {
    Invocation {
        request_id: Some(id.to_owned()),
        ..Invocation::new("{}")
    }
}

/// The error type in the JSON of an answer.
#[track_caller]
pub(crate) fn error_type(answer: &Answer) -> String {
    let value: serde_json::Value = serde_json::from_str(&answer.body).unwrap();
    value["errorType"].as_str().unwrap().to_owned()
}
