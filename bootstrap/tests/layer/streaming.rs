//! Responses that are passed on while a worker or an executable makes them.

mod executable;
mod worker;

use std::fs;

use coldspark_emulator::emulator::Outcome;
use coldspark_emulator::script::{self, Request, Step};
use serde_json::Value;

use crate::common::function::{limit, runner};
use crate::common::{Function, event, process};

/// Waits until the response has begun, and lets the handler go on, which waits for the file `go`.
#[track_caller]
fn go_when_streaming(function: &Function) {
    let pid = function.pid();
    function.wait_until("streaming", |_| {
        // The persistent connection and the stream's own.
        let open = process::descriptors(pid);
        let sockets = open.iter().filter(|(_, at)| at.starts_with("socket:"));
        sockets.count() >= 2
    });
    fs::write(function.package.task().join("go"), "").unwrap();
}

/// What is posted for an event.
fn post(function: &mut Function) -> Request {
    function.send(event("streams", "go"));
    function.posted()
}

/// A streamed response with these bytes; gives its content type and the error in its trailers.
#[track_caller]
fn streamed(request: &Request, body: &[u8]) -> (String, Option<(String, String)>) {
    assert!(
        request.path.ends_with("/response"),
        "{} {}",
        request.path,
        request.text()
    );
    let mode = request.header("Lambda-Runtime-Function-Response-Mode");
    assert_eq!(mode, Some("streaming"));
    assert_eq!(
        request.header("Lambda-Runtime-Invocation-Id"),
        Some("nonce-streams")
    );
    let start = request.text().chars().take(200).collect::<String>();
    assert!(
        request.body == body,
        "{} bytes: {start:?}",
        request.body.len()
    );
    let outcome = Outcome::Response {
        body: Vec::new(),
        content_type: None,
        streamed: true,
        trailers: request.trailers.clone(),
        http_fault: None,
    };
    let error = outcome.stream_error().map(|(error_type, json)| {
        let json: Value = serde_json::from_slice(&json).expect("JSON");
        (
            error_type.to_owned(),
            json["errorMessage"].as_str().expect("a message").to_owned(),
        )
    });
    (
        request.header("Content-Type").expect("a type").to_owned(),
        error,
    )
}

/// The requests, as many as `count`, when the reader of a streamed response goes away behind its head and
/// a plain event comes after it.
#[track_caller]
fn without_a_reader(function: &Function, count: usize) -> Vec<Request> {
    function.api.push_all([
        event("streams", "go").into(),
        Step::close_after_head(),
        event("after", "plain").into(),
        script::status(202).into(),
    ]);
    function.api.wait_for(count, limit())
}

/// The next event is answered as ever.
#[track_caller]
fn goes_on(function: &mut Function) {
    assert_eq!(function.invoke("plain").text(), "plain");
}

/// What the peak may grow by, in kB; an emulator's memory grows with the code that it translates.
fn allowance() -> u64 {
    if runner().is_some() { 16 * 1024 } else { 1024 }
}

/// Most memory that the bootstrap has had, in kB; under an emulator the emulator's as well.
fn peak(function: &Function) -> u64 {
    let status = fs::read_to_string(format!("/proc/{}/status", function.pid())).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let number = line.and_then(|line| line.split_whitespace().next());
    number.expect("a peak").parse().expect("a number")
}
