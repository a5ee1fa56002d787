//! Panics of handlers: the caller learns of each exactly once. What follows depends on the
//! build: with `panic=abort` the process ends, with unwinding it serves the next event.

mod common;

use coldspark_emulator::script::{self, Step};
use common::{Failure, Profile, Session, assert_response, bare_event, failure, function, profile};

const SOURCE: &str = "fixture-functions.rs:";

/// Serves `event`, in which the handler panics, then a good one if the process lives. Gives what
/// the caller of the first learns.
#[track_caller]
fn panicking(handler: &str, event: &str, good: &str, response: &str) -> (Failure, Session) {
    let steps = [
        script::exchange("panics", event),
        script::exchange("good", good),
    ];
    let session = function("fixture-functions")
        .handler(handler)
        .start(steps.concat());
    let requests = match profile() {
        Profile::Abort => {
            let (requests, exit) = session.exit_after(2);
            exit.assert_failed_with(&["panicked at", SOURCE]);
            requests
        }
        Profile::Unwind => {
            let requests = session.requests(5);
            assert_response(&requests[3], "good", response.as_bytes());
            requests
        }
    };
    assert_eq!(
        requests[1].header("Lambda-Runtime-Invocation-Id"),
        Some("nonce-panics")
    );
    (failure(&requests[1], "panics"), session)
}

#[test]
fn a_panic_of_the_handler_is_reported_with_text_and_place() {
    let (failure, session) = panicking("panic", "\"out of rope\"", "\"\"", "\"no panic\"");
    failure.assert_type("Function.Panic");
    failure.assert_says(&["panicked at ", SOURCE, ": out of rope"]);
    session.assert_logged(&["ERROR", "panicked at", SOURCE, "out of rope"]);
}

#[test]
fn a_panic_whose_value_is_no_text_is_reported() {
    let steps = script::exchange("value", "7");
    let session = function("fixture-functions")
        .handler("panic-value")
        .start(steps);
    let requests = match profile() {
        Profile::Abort => session.exit_after(2).0,
        Profile::Unwind => session.requests(3),
    };
    failure(&requests[1], "value")
        .assert_type("Function.Panic")
        .assert_says(&["panicked at ", SOURCE, "not text"]);
}

#[test]
fn a_panic_whose_value_panics_when_it_is_dropped_is_one_answer() {
    let steps = [
        script::exchange("bomb", "{}"),
        script::exchange("more", "{}"),
    ];
    let session = function("fixture-functions")
        .handler("panic-bomb")
        .start(steps.concat());
    let requests = match profile() {
        Profile::Abort => session.exit_after(2).0,
        Profile::Unwind => {
            let requests = session.requests(5);
            failure(&requests[3], "more").assert_type("Function.Panic");
            session.assert_logged(&["ERROR", "the payload's drop"]);
            requests
        }
    };
    failure(&requests[1], "bomb")
        .assert_type("Function.Panic")
        .assert_says(&["panicked at ", SOURCE, "not text"]);
}

#[test]
fn a_panic_message_of_several_lines_stays_on_its_log_lines() {
    let (failure, session) = panicking(
        "panic",
        r#""left: 1\nright: 2\r\n""#,
        "\"\"",
        "\"no panic\"",
    );
    failure.assert_says(&[": left: 1\nright: 2\r\n"]);
    for line in session.stderr().lines() {
        assert!(line.starts_with("ERROR "), "a line of its own: {line:?}");
    }
}

#[test]
fn a_panic_report_has_the_ids_of_its_own_invocation() {
    let [first, taken] = script::exchange("first", "\"\"");
    let second = bare_event("second", "\"now\"");
    let steps = [first, taken, second.into(), script::status(202).into()];
    let session = function("fixture-functions").handler("panic").start(steps);
    let requests = match profile() {
        Profile::Abort => session.exit_after(4).0,
        Profile::Unwind => session.requests(5),
    };
    assert_response(&requests[1], "first", b"\"no panic\"");
    failure(&requests[3], "second").assert_says(&["now"]);
    assert_eq!(requests[3].header("Lambda-Runtime-Invocation-Id"), None);
}

#[test]
fn a_panic_on_another_thread_ends_the_invocation_when_panics_abort() {
    let steps = [
        script::exchange("threads", "\"in a thread\""),
        script::exchange("good", "\"\""),
    ];
    let session = function("fixture-functions")
        .handler("panic-thread")
        .start(steps.concat());
    match profile() {
        Profile::Abort => {
            let (requests, exit) = session.exit_after(2);
            failure(&requests[1], "threads")
                .assert_type("Function.Panic")
                .assert_says(&[SOURCE, "in a thread"]);
            exit.assert_failed_with(&["in a thread"]);
        }
        Profile::Unwind => {
            let requests = session.requests(5);
            assert_response(&requests[1], "threads", b"true");
            assert_response(&requests[3], "good", b"false");
            session.assert_logged(&["ERROR", SOURCE, "in a thread"]);
        }
    }
}

#[test]
fn panics_on_many_threads_are_one_answer() {
    // Which of them reports is a race, so there are several.
    for _ in 0..10 {
        let steps = [script::exchange("many", "8"), script::exchange("none", "0")];
        let session = function("fixture-functions")
            .handler("panic-threads")
            .start(steps.concat());
        match profile() {
            Profile::Abort => {
                let (requests, exit) = session.exit_after(2);
                failure(&requests[1], "many")
                    .assert_type("Function.Panic")
                    .assert_says(&["one of many"]);
                exit.assert_failed_with(&["one of many"]);
            }
            Profile::Unwind => {
                let requests = session.requests(5);
                assert_response(&requests[1], "many", b"8");
                assert_response(&requests[3], "none", b"0");
            }
        }
    }
}

#[test]
fn a_panic_between_two_events_answers_nobody() {
    let session = function("fixture-functions")
        .handler("panic-later")
        .start(script::exchange("done", "\"too late\""));
    let requests = session.requests(3);
    assert_response(&requests[1], "done", b"\"left behind\"");
    session.process.write_stdin("!");
    match profile() {
        Profile::Abort => {
            let (_, exit) = session.exit_after(3);
            exit.assert_failed_with(&["too late", SOURCE]);
        }
        Profile::Unwind => {
            for step in script::exchange("more", "\"still there\"") {
                session.api.push(step);
            }
            assert_response(&session.requests(5)[3], "more", b"\"left behind\"");
        }
    }
}

#[test]
fn a_panic_that_cannot_be_reported_still_ends_the_process() {
    let why = "the sanitizer makes system calls that the function is kept from";
    if coldspark_emulator::built_for_sanitizer("address", why) {
        return;
    }
    if profile() == Profile::Unwind {
        coldspark_emulator::left_to_another_form("with unwinding the report is a usual answer");
        return;
    }
    let event = || Step::from(script::event("lost", "\"nobody listens\""));
    for answer in [
        script::status(403).into(),
        script::status(500).into(),
        Step::reset(),
    ] {
        let session = function("fixture-functions")
            .handler("panic")
            .start([event(), answer]);
        let (requests, exit) = session.exit_after(2);
        failure(&requests[1], "lost");
        exit.assert_failed_with(&[
            "nobody listens",
            "the panic was not reported",
            "POST invocation/error",
        ]);
    }
    let gone = event().closing_listener();
    let session = function("fixture-functions").handler("panic").start([gone]);
    let (_, exit) = session.exit_after(1);
    exit.assert_failed_with(&[
        "nobody listens",
        "the panic was not reported",
        "cannot connect",
    ]);
}

#[test]
fn a_panic_that_the_handler_caught_is_not_reported_for_a_later_one() {
    if profile() == Profile::Abort {
        coldspark_emulator::left_to_another_form("nothing is caught when panics abort");
        return;
    }
    let steps = [
        script::exchange("caught", "\"catch\""),
        script::exchange("passed", "\"pass on\""),
        script::exchange("quiet", "\"\""),
    ];
    let session = function("fixture-functions")
        .handler("panic-caught")
        .start(steps.concat());
    let requests = session.requests(7);
    assert_response(&requests[1], "caught", b"true");
    let failure = failure(&requests[3], "passed");
    failure.assert_type("Function.Panic");
    assert!(!failure.message.contains("caught"), "{failure:?}");
    assert_response(&requests[5], "quiet", b"false");
}

#[test]
fn a_function_with_its_own_main_reports_panics_too() {
    let steps = [
        script::exchange("loud", "panic"),
        script::exchange("good", "hi"),
    ];
    let session = function("fixture-plain")
        .handler("plain")
        .start(steps.concat());
    let requests = match profile() {
        Profile::Abort => session.exit_after(2).0,
        Profile::Unwind => session.requests(5),
    };
    failure(&requests[1], "loud")
        .assert_type("Function.Panic")
        .assert_says(&["plain panic", "fixture-plain.rs:"]);
}
