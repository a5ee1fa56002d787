//! The internal extension that a function with shutdown hooks is, and no other.

mod common;

use std::time::{Duration, Instant};

use coldspark_emulator::emulator::{Config, Emulator, Init, Invocation};
use coldspark_emulator::script::{self, Request, Scripted};
use common::{Function, assert_next, assert_response, function, limit};
use serde_json::json;

const REGISTER: &str = "/2020-01-01/extension/register";
const EVENT_NEXT: &str = "/2020-01-01/extension/event/next";
const SNAP_START: &str = "AWS_LAMBDA_INITIALIZATION_TYPE";

/// A function that streams what its event says; with a hook if `FIXTURE_HOOK` is set.
fn streaming() -> Function {
    function("fixture-stream").handler("script")
}

fn hooked() -> Function {
    streaming().env("FIXTURE_HOOK", "")
}

fn lines(requests: &[Request]) -> Vec<String> {
    let line = |request: &Request| format!("{} {}", request.method, request.path);
    requests.iter().map(line).collect()
}

/// The requests of the extension, once there are so many.
#[track_caller]
fn asked(api: &Scripted, count: usize) -> Vec<Request> {
    let until = Instant::now() + limit();
    loop {
        let requests = api.extension_requests();
        if requests.len() >= count {
            assert_eq!(requests.len(), count, "{:?}", lines(&requests));
            return requests;
        }
        assert!(Instant::now() < until, "{:?}", lines(&requests));
        std::thread::sleep(Duration::from_millis(5));
    }
}

#[test]
fn a_function_with_a_hook_registers_and_waits_on_one_idle_connection() {
    let session = hooked().start(script::exchange("a", "[]"));
    let requests = session.requests(3);
    assert_next(&requests[0]);
    let asked = asked(&session.api, 2);
    assert_eq!(
        lines(&asked),
        [format!("POST {REGISTER}"), format!("GET {EVENT_NEXT}")]
    );
    assert_eq!(asked[0].json(), json!({ "events": [] }));
    let name = asked[0].header("Lambda-Extension-Name");
    assert_eq!(name, Some("coldspark-shutdown"));
    let id = asked[1].header("Lambda-Extension-Identifier");
    assert_eq!(id, Some("extension-1"));
    assert_eq!(asked[0].connection, asked[1].connection);
    assert_ne!(asked[0].connection, requests[0].connection);
    assert_eq!(session.stderr(), "");
}

#[test]
fn a_function_without_a_hook_registers_nothing() {
    for function in [streaming(), function("hello")] {
        let session = function.start(script::exchange("a", "[]"));
        session.requests(3);
        assert_eq!(lines(&session.api.extension_requests()), [""; 0]);
    }
}

#[test]
fn with_a_hook_the_platform_sends_sigterm() {
    for (function, grace) in [
        (hooked(), Some(Duration::from_millis(500))),
        (streaming(), None),
    ] {
        let emulator = Emulator::start(Config::default()).expect("a Runtime API");
        let process = function.start_at(emulator.address());
        // Init only ends when the extension has asked for its next event.
        let init = emulator.wait_init(Instant::now() + limit());
        assert!(matches!(init, Init::Ready(_)), "{}", process.stderr());
        assert_eq!(emulator.grace(), grace);
        let done = emulator.invoke(Invocation::new("[]"));
        assert!(!done.is_error(), "{done:?}");
    }
}

#[test]
fn a_refused_registration_is_a_warning() {
    for status in [403, 500] {
        let api = Scripted::start(script::exchange("a", "[]")).refusing_extensions(status);
        let session = hooked().handler("plain").start_with(api);
        assert_response(&session.requests(3)[1], "a", b"[]");
        assert_eq!(asked(&session.api, 1).len(), 1);
        session.assert_logged(&[
            "WARN",
            "the shutdown hooks may not run",
            &format!("POST extension/register: status {status}"),
        ]);
    }
}

#[test]
fn a_restore_that_cuts_the_wait_is_no_error() {
    let [event, taken] = script::exchange("a", "[]");
    let restored = script::status(200).into();
    let session = hooked()
        .env(SNAP_START, "snap-start")
        .start([restored, event, taken]);
    let requests = session.requests(4);
    assert_eq!(requests[0].path, "/2018-06-01/runtime/restore/next");
    let asked = asked(&session.api, 3);
    assert_eq!(
        lines(&asked),
        [
            format!("POST {REGISTER}"),
            format!("GET {EVENT_NEXT}"),
            format!("GET {EVENT_NEXT}"),
        ]
    );
    // No connection survives a snapshot.
    assert_ne!(asked[1].connection, asked[2].connection);
    assert_eq!(
        asked[2].header("Lambda-Extension-Identifier"),
        Some("extension-1")
    );
    assert_eq!(session.stderr(), "");
}
