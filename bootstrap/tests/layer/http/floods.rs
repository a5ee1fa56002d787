//! Answers without an end whose bytes always come faster than they are read: the deadline counts all the same.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};

use serde_json::Value;

use super::readiness::silent;
use crate::common::function::urgent;
use crate::common::web::{get, streamed};
use crate::common::{Function, event};

/// Behind this path the answer begins with the first text, and then the second is repeated for ever.
const FLOODS: [(&str, &str, &str); 2] = [
    ("/interim", "", "HTTP/1.1 100 Continue\r\n\r\n"),
    (
        "/trailers",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n0\r\n",
        "X-Trailer: y\r\n",
    ),
];

/// Answers the requests of one connection; `false` when it is closed.
fn answer(stream: &mut TcpStream) -> bool {
    let mut head = Vec::new();
    let mut byte = [0];
    while !head.ends_with(b"\r\n\r\n") {
        match stream.read(&mut byte) {
            Ok(1) => head.push(byte[0]),
            _ => return false,
        }
    }
    let head = String::from_utf8(head).expect("a head in ASCII");
    let path = head.split(' ').nth(1).expect("a path");
    let Some((_, beginning, repeated)) = FLOODS.iter().find(|(known, ..)| *known == path) else {
        let ok = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 2\r\n\r\nok";
        return stream.write_all(ok).is_ok();
    };
    let _ = stream.write_all(beginning.as_bytes());
    let many = repeated.repeat(64 * 1024);
    while stream.write_all(many.as_bytes()).is_ok() {}
    false
}

/// A function whose application floods.
fn start(variables: &[(&str, &str)]) -> Function {
    let (function, port) = silent("sleep 600", variables);
    let listener = TcpListener::bind(("127.0.0.1", port)).expect("the port");
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            std::thread::spawn(move || while answer(&mut stream) {});
        }
    });
    function
}

fn send(function: &mut Function, path: &str) {
    function.wait_idle();
    function.send(urgent("flood", &get(path).to_string(), 1500));
}

#[test]
fn interim_answers_and_trailers_without_an_end_are_given_up_at_the_deadline() {
    let mut function = start(&[]);
    for path in ["/interim", "/trailers"] {
        send(&mut function, path);
        let answer: Value = serde_json::from_str(&function.receive().text()).expect("an answer");
        assert_eq!(answer["statusCode"], 504, "{path}: {answer}");
        let next = function.invoke_event(event("next", get("/").to_string()));
        assert!(next.text().contains("ok"), "{path}");
    }
}

#[test]
fn a_stream_without_an_end_has_an_error_in_the_trailers_at_the_deadline() {
    let mut function = start(&[("AWS_LWA_INVOKE_MODE", "response_stream")]);
    send(&mut function, "/trailers");
    let (_, body, error) = streamed(&function.posted());
    assert_eq!(body, b"half");
    assert!(error.expect("trailers").contains("Runtime.HandlerTimeout"));
}
