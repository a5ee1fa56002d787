//! What follows from the status of each call's reply.

mod common;

use coldspark_emulator::http::Reply;
use coldspark_emulator::script::{self, Step};
use common::{assert_next, assert_response, failure, function, init_failure};

#[test]
fn a_refused_next_ends_the_process() {
    for status in [204, 302, 400, 403, 404, 410, 413, 429, 500, 503] {
        let reply = script::status(status).header("Location", "/elsewhere");
        let session = function("hello").start([reply]);
        let (requests, exit) = session.exit_after(1);
        assert_next(&requests[0]);
        exit.assert_failed_with(&["GET invocation/next", &format!("status {status}")]);
        assert_eq!(exit.stderr.lines().count(), 1, "{}", exit.stderr);
    }
}

#[test]
fn the_log_says_what_the_runtime_api_said() {
    let said = "two\nlines ".to_owned() + &"and more ".repeat(1000);
    let session = function("hello").start([Reply::new(403).body(said)]);
    let (_, exit) = session.exit_after(1);
    exit.assert_failed_with(&["status 403", "two\\nlines and more"]);
    assert_eq!(exit.stderr.lines().count(), 1, "{}", exit.stderr);
    assert!(exit.stderr.len() < 1000, "{}", exit.stderr);
}

#[test]
fn a_refusal_of_next_whose_body_breaks_off_still_shows_its_status() {
    let refusal = script::status(500);
    let cut = refusal.to_bytes().len() - 5;
    let session = function("hello").start([Step::from(refusal).cut_at(cut)]);
    let (_, exit) = session.exit_after(1);
    exit.assert_failed_with(&["GET invocation/next", "status 500"]);
}

/// Plays an event whose answer gets this reply, and a good one behind it.
fn refused(answer: impl Into<Step>, handler: &str, event: &str) -> common::Session {
    let [first, _] = script::exchange("refused", event);
    let [second, taken] = script::exchange("good", "\"\"");
    function("fixture-functions")
        .handler(handler)
        .start([first, answer.into(), second, taken])
}

#[test]
fn a_refused_response_is_logged_and_the_next_event_is_served() {
    for status in [302, 400, 403, 404, 410, 413, 429] {
        let session = refused(script::status(status), "echo", "first");
        let requests = session.requests(5);
        assert_response(&requests[1], "refused", b"first");
        assert_next(&requests[2]);
        assert_response(&requests[3], "good", b"\"\"");
        let status = format!("status {status}");
        session.assert_logged(&[
            "WARN",
            "request_id=refused",
            "POST invocation/response",
            &status,
        ]);
        assert_eq!(session.stderr().lines().count(), 1);
    }
}

#[test]
fn a_refused_error_is_logged_and_the_next_event_is_served() {
    for status in [400, 403, 410, 413] {
        let session = refused(script::status(status), "parse", "\"no number\"");
        let requests = session.requests(5);
        failure(&requests[1], "refused").assert_says(&["invalid digit"]);
        assert_next(&requests[2]);
        failure(&requests[3], "good");
        let status = format!("status {status}");
        session.assert_logged(&[
            "WARN",
            "request_id=refused",
            "POST invocation/error",
            &status,
        ]);
    }
}

#[test]
fn an_answer_that_the_environment_does_not_survive_ends_the_process() {
    for status in [500, 503] {
        for (handler, event, call) in [("echo", "\"\"", "response"), ("parse", "\"x\"", "error")] {
            let session = refused(script::status(status), handler, event);
            let (requests, exit) = session.exit_after(2);
            assert!(
                requests[1].path.ends_with(&format!("/refused/{call}")),
                "{}",
                requests[1].path
            );
            let call = format!("POST invocation/{call}");
            exit.assert_failed_with(&[&call, &format!("status {status}"), "the process ends"]);
        }
    }
}

#[test]
fn a_refused_answer_whose_reply_breaks_off_still_shows_its_status() {
    let refusal = script::status(413);
    let cut = refusal.to_bytes().len() - 5;
    let session = refused(Step::from(refusal).cut_at(cut), "echo", "first");
    let requests = session.requests(5);
    assert_response(&requests[3], "good", b"\"\"");
    session.assert_logged(&["request_id=refused", "status 413"]);
}

#[test]
fn any_success_is_taken_for_an_answer() {
    for status in [200, 202, 204] {
        let session = refused(script::status(status), "echo", "first");
        assert_response(&session.requests(5)[3], "good", b"\"\"");
        assert_eq!(session.stderr(), "");
        assert_eq!(session.api.connections(), 1);
    }
}

#[test]
fn a_refused_init_error_is_logged_beside_the_error() {
    for status in [400, 403, 500] {
        let session = function("fixture-init")
            .handler("error")
            .start([script::status(status)]);
        let (requests, exit) = session.exit_after(1);
        init_failure(&requests[0]).assert_type("Init.Impossible");
        exit.assert_failed_with(&[
            "the init phase failed: Init.Impossible",
            "POST init/error",
            &format!("status {status}"),
        ]);
    }
}
