//! Connections that the server closes, resets or refuses between two requests.

mod common;

use std::thread;
use std::time::Duration;

use coldspark_emulator::http::Reply;
use coldspark_emulator::script::{self, Step};
use common::{Session, assert_next, assert_response, failure, function, limit, wait_disconnected};

fn taken() -> Step {
    script::status(202).into()
}

/// The calls in order, each behind the number of the connection that it came on: `1 Next`.
fn order(requests: &[script::Request]) -> Vec<String> {
    let order = requests
        .iter()
        .map(|request| format!("{} {:?}", request.connection, request.call()));
    order.collect()
}

/// Serves `first` and, in any case, the event `after`.
#[track_caller]
fn serve(first: impl IntoIterator<Item = Step>) -> Session {
    function("hello").start(first.into_iter().chain(script::exchange("after", "and on")))
}

#[test]
fn a_response_arrives_when_the_connection_closed_behind_its_event() {
    for reset in [false, true] {
        let event = Step::from(script::event("kept", "worth keeping"));
        let event = if reset {
            event.then_reset()
        } else {
            event.then_close()
        };
        let session = function("fixture-functions")
            .handler("wait")
            .start([event, taken()]);
        // The handler waits, so that the close has come when it answers.
        session.api.wait_closed(1, limit());
        wait_disconnected(&session.api.address());
        session.process.write_stdin("go on");
        let requests = session.requests(3);
        assert_response(&requests[1], "kept", b"worth keeping");
        let expected = ["1 Next", "2 Response", "2 Next"];
        assert_eq!(order(&requests), expected);
        assert_eq!(session.stderr(), "");
    }
}

#[test]
fn an_error_arrives_when_the_connection_closed_behind_its_event() {
    let event = Step::from(script::event("kept", "fail")).then_close();
    let session = function("fixture-functions")
        .handler("wait")
        .start([event, taken()]);
    session.api.wait_closed(1, limit());
    wait_disconnected(&session.api.address());
    session.process.write_stdin("go on");
    let requests = session.requests(3);
    failure(&requests[1], "kept").assert_type("Waiting.Failed");
    assert_eq!(requests[1].connection, 2);
}

#[test]
fn next_is_asked_on_a_new_connection_when_the_old_one_closed_behind_an_answer() {
    let closings = [
        taken().then_close(),
        taken().then_reset(),
        Step::from(script::status(202).header("Connection", "close")),
    ];
    for closing in closings {
        let session = serve([script::event("first", "one").into(), closing]);
        let requests = session.requests(5);
        assert_response(&requests[1], "first", b"one");
        assert_response(&requests[3], "after", b"and on");
        let connections: Vec<_> = requests.iter().map(|request| request.connection).collect();
        assert_eq!(connections, [1, 1, 2, 2, 2]);
        assert_eq!(session.stderr(), "");
    }
}

#[test]
fn next_is_asked_again_when_a_kept_connection_gave_no_byte() {
    for breaking in [
        Step::close_after_request(),
        Step::close_after_head(),
        Step::reset(),
    ] {
        let session = serve([script::event("first", "one").into(), taken(), breaking]);
        let requests = session.requests(6);
        let expected = [
            "1 Next",
            "1 Response",
            "1 Next",
            "2 Next",
            "2 Response",
            "2 Next",
        ];
        assert_eq!(order(&requests), expected);
        assert_response(&requests[4], "after", b"and on");
        assert_eq!(session.stderr(), "");
    }
}

#[test]
fn next_is_asked_again_when_the_first_connection_gave_no_byte() {
    // What was closed unread is not recorded.
    for (breaking, asked) in [
        (Step::close_unread(), 1),
        (Step::close_after_request(), 2),
        (Step::reset(), 2),
    ] {
        let session = serve([breaking]);
        let requests = session.requests(asked + 2);
        requests[..asked].iter().for_each(assert_next);
        assert_response(&requests[asked], "after", b"and on");
        assert_eq!(session.api.connections(), 2);
        assert_eq!(session.stderr(), "");
    }
}

#[test]
fn next_is_not_asked_for_ever() {
    let session = function("hello").start(vec![Step::close_after_request(); 20]);
    let exit = session.process.wait();
    exit.assert_failed_with(&[
        "GET invocation/next",
        "closed before the reply",
        "the process ends",
    ]);
    let requests = session.api.requests();
    assert!((2..=4).contains(&requests.len()), "{:?}", order(&requests));
    requests.iter().for_each(assert_next);
}

#[test]
fn a_response_whose_connection_broke_is_not_sent_twice() {
    let broken = [
        Step::close_after_request(),
        Step::reset(),
        taken().cut_at(10),
        Step::from(Reply::raw("no HTTP\r\n\r\n")).then_close(),
    ];
    for breaking in broken {
        let session = serve([script::event("once", "only once").into(), breaking]);
        let requests = session.requests(5);
        assert_response(&requests[1], "once", b"only once");
        let expected = ["1 Next", "1 Response", "2 Next", "2 Response", "2 Next"];
        assert_eq!(order(&requests), expected);
        assert_response(&requests[3], "after", b"and on");
        session.assert_logged(&["WARN", "request_id=once", "POST invocation/response"]);
    }
}

#[test]
fn an_error_whose_connection_broke_is_not_sent_twice() {
    let [event, _] = script::exchange("once", "no number");
    let [after, _] = script::exchange("after", "\"7\"");
    let session = function("fixture-functions").handler("parse").start([
        event,
        Step::close_after_request(),
        after,
        taken(),
    ]);
    let requests = session.requests(5);
    failure(&requests[1], "once");
    assert_next(&requests[2]);
    assert_response(&requests[3], "after", b"7");
    session.assert_logged(&["WARN", "request_id=once", "POST invocation/error"]);
}

#[test]
fn a_call_for_an_event_waits_through_a_freeze() {
    let session = function("hello").start([] as [Step; 0]);
    session.requests(1);
    // Longer than any time limit that a client might have forgotten could be useful.
    thread::sleep(Duration::from_secs(2));
    session.process.signal("STOP");
    thread::sleep(Duration::from_millis(200));
    session.process.signal("CONT");
    thread::sleep(Duration::from_millis(200));
    // The same call still waits, on the same connection.
    assert_eq!(session.requests(1).len(), 1);
    for step in script::exchange("late", "at last") {
        session.api.push(step);
    }
    let requests = session.requests(3);
    assert_response(&requests[1], "late", b"at last");
    assert!(requests.iter().all(|request| request.connection == 1));
    assert_eq!(session.stderr(), "");
}

#[test]
fn a_server_that_is_gone_for_a_moment_is_found_again() {
    let session = function("hello").start([
        Step::from(script::event("first", "one")),
        taken().closing_listener().then_close(),
        script::event("after", "and on").into(),
        taken(),
    ]);
    session.api.wait_closed(1, limit());
    session.api.reopen_listener().expect("the same port");
    let requests = session.requests(5);
    assert_response(&requests[1], "first", b"one");
    assert_response(&requests[3], "after", b"and on");
    assert_eq!(requests[3].connection, 2);
}

#[test]
fn a_server_that_is_gone_for_good_ends_the_process() {
    let gone = taken().closing_listener().then_close();
    let session = function("hello").start([script::event("first", "one").into(), gone]);
    let (requests, exit) = session.exit_after(2);
    assert_response(&requests[1], "first", b"one");
    exit.assert_failed_with(&["GET invocation/next", "cannot connect", "refused"]);
}

#[test]
fn an_answer_that_finds_nobody_is_logged_before_the_process_ends() {
    let gone = Step::from(script::event("lost", "x"))
        .closing_listener()
        .then_close();
    let session = function("hello").start([gone]);
    let (_, exit) = session.exit_after(1);
    exit.assert_failed_with(&[
        "request_id=lost",
        "POST invocation/response",
        "GET invocation/next",
    ]);
}
