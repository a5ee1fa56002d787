//! SIGTERM, by which Lambda tells that it ends the environment.

mod common;

use std::os::unix::process::ExitStatusExt;
use std::sync::mpsc;

use coldspark_emulator::emulator::{Config, Emulator, Invocation, Sink};
use common::{Concurrent, Exit, Profile, function, limit, profile, serial, signals_are_kept_back};
use serde_json::{Value, json};

const FIRST: &str = "the hook that was registered first";
const LAST: &str = "the hook that was registered last";

/// Starts the function with what its last hook does, and tells it of the end.
fn shut_down(setting: &str, hook: &str) -> Exit {
    let fixture = function("fixture-concurrent").handler("work");
    let fixture = fixture.env("FIXTURE_HOOK", hook);
    let function = Concurrent::start_function(fixture, setting, 4);
    function.process.terminate();
    function.process.wait()
}

#[test]
fn hooks_run_the_last_registered_first_and_the_process_exits_with_0() {
    for setting in ["1", "4"] {
        let exit = shut_down(setting, "");
        assert_eq!(exit.status.code(), Some(0), "{}", exit.stderr);
        let at = |text| exit.stderr.find(text).unwrap_or_else(|| panic!("{text}"));
        assert!(at(LAST) < at(FIRST), "{}", exit.stderr);
    }
}

#[test]
fn a_failed_hook_is_logged_and_the_others_still_run() {
    shut_down("1", "fail")
        .assert_failed_with(&["a shutdown hook failed: Hook.Failed: as told", FIRST]);
}

#[test]
fn a_hook_that_panics_is_a_failed_one() {
    let exit = shut_down("1", "panic");
    exit.assert_failed_with(&["the hook panics"]);
    assert_eq!(exit.stderr.contains(FIRST), profile() == Profile::Unwind);
}

#[test]
fn hooks_that_take_longer_than_lambda_waits_are_logged() {
    let exit = shut_down("1", "slow");
    assert_eq!(exit.status.code(), Some(0), "{}", exit.stderr);
    let told = "and Lambda allows about 300 ms";
    assert!(exit.stderr.contains(told), "{}", exit.stderr);
}

#[test]
fn an_invocation_in_hand_does_not_hold_it_up() {
    if signals_are_kept_back() {
        return;
    }
    for setting in ["1", "2"] {
        let function = Concurrent::start(setting, 2);
        let done = json!({ "do": "wait", "milliseconds": 0 });
        let done = function.emulator.invoke(serial(1, &done));
        assert!(!done.is_error(), "{done:?}");
        let _held = function
            .emulator
            .submit(serial(2, &json!({ "do": "hold" })));
        function.process.terminate();
        let exit = function.process.wait();
        assert_eq!(exit.status.code(), Some(0), "{}", exit.stderr);
        assert!(exit.stderr.contains(FIRST), "{}", exit.stderr);
    }
}

#[test]
fn a_stream_that_has_begun_is_ended_with_trailers() {
    let emulator = Emulator::start(Config::default()).expect("a Runtime API");
    let process = function("fixture-stream")
        .handler("script")
        .env("FIXTURE_HOOK", "")
        .start_at(emulator.address());
    let (sender, received) = mpsc::channel();
    let event = json!([{"Write": "first"}, "Flush", "Await", {"Write": "second"}]);
    let ticket = emulator.submit(Invocation {
        sink: Some(Sink::new(move |bytes| {
            sender.send(bytes.to_vec()).expect("the test listens");
        })),
        timeout: 2 * limit(),
        ..Invocation::new(event.to_string())
    });
    assert_eq!(received.recv_timeout(limit()).expect("a chunk"), b"first");
    process.terminate();
    let exit = process.wait();
    assert_eq!(exit.status.code(), Some(0), "{}", exit.stderr);
    let finished = ticket.wait();
    let (error_type, error) = finished.outcome.stream_error().expect("an error");
    assert_eq!(error_type, "Runtime.ProcessEnded");
    let error: Value = serde_json::from_slice(&error).expect("JSON");
    let message = error["errorMessage"].as_str().expect("a message");
    assert!(message.contains("ends the environment"), "{message}");
}

#[test]
fn without_a_hook_the_signal_ends_the_process_at_once() {
    let plain = function("fixture-functions").handler("echo");
    let function = Concurrent::start_function(plain, "1", 1);
    function.process.terminate();
    let exit = function.process.wait();
    assert_eq!(exit.status.signal(), Some(15), "{exit:?}");
}
