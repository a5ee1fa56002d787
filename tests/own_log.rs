//! Subscribers, panic hooks and records of the `log` crate that a function brings itself.

mod common;

use coldspark_emulator::script::{self, Step};
use common::log::{FORMAT, lines};
use common::{Profile, Session, assert_response, failure, function, init_failure, profile};

/// Serves an event with what `handler` sets in the init step.
#[track_caller]
fn served(handler: &str, event: &str) -> Session {
    let session = function("fixture-own")
        .handler(handler)
        .start(script::exchange("o-1", event));
    session.requests(3);
    session
}

#[test]
fn a_subscriber_that_the_init_step_sets_is_kept() {
    let log = served("subscriber", "fail").stderr();
    let mut lines = log.lines();
    for expected in [
        "INFO fixture_own: first in init",
        "INFO shop::init: a record of the step",
        "own: last in init",
        "own: in the handler",
        "own: a record of log",
        "own: Own.Failed: as told",
    ] {
        assert_eq!(lines.next(), Some(expected), "{log}");
    }
    assert_eq!(lines.next(), None, "{log}");
}

#[test]
fn a_failing_step_is_logged_by_the_subscriber_that_it_set() {
    let session = function("fixture-own")
        .handler("subscriber-fails")
        .start([script::status(202)]);
    let (requests, exit) = session.exit_after(1);
    init_failure(&requests[0]).assert_type("Init.Impossible");
    exit.assert_failed_with(&["own: the init phase failed: Init.Impossible: as told"]);
}

/// An event whose error it cannot log is answered all the same, and the error is in the log.
#[test]
fn a_subscriber_that_panics_costs_no_answer() {
    let steps = [
        script::exchange("fails", "fail"),
        script::exchange("more", "1"),
    ];
    let session = function("fixture-own")
        .handler("subscriber-panics")
        .start(steps.concat());
    match profile() {
        // The panic ends the process, and is the event's error.
        Profile::Abort => {
            let (requests, _) = session.exit_after(2);
            failure(&requests[1], "fails").assert_type("Function.Panic");
        }
        Profile::Unwind => {
            let requests = session.requests(5);
            failure(&requests[1], "fails").assert_type("Own.Failed");
            assert_response(&requests[3], "more", b"1");
            session.assert_logged(&["panicked at", "the subscriber panicked"]);
            session.assert_logged(&["ERROR coldspark: Own.Failed: as told"]);
        }
    }
}

#[test]
fn a_subscriber_that_panics_hides_no_error_of_the_init_step() {
    let session = function("fixture-own")
        .handler("subscriber-panics-in-init")
        .start([script::status(202)]);
    match profile() {
        Profile::Abort => drop(session.exit_after(0)),
        Profile::Unwind => {
            let (requests, exit) = session.exit_after(1);
            init_failure(&requests[0]).assert_type("Init.Impossible");
            exit.assert_failed_with(&["Init.Impossible: as told"]);
        }
    }
}

#[test]
fn without_one_every_line_is_in_the_runtimes_log() {
    for handler in ["nothing", "scoped"] {
        let log = served(handler, "1").stderr();
        for (line, is_there) in [
            ("INFO fixture_own: first in init", true),
            ("own: scoped in init", handler == "scoped"),
            // A subscriber was made meanwhile, and ours has given way to it.
            ("INFO fixture_own: last in init", handler == "nothing"),
            ("INFO fixture_own: in the handler request_id=o-1", true),
        ] {
            let found = log.lines().any(|found| found == line);
            assert_eq!(found, is_there, "{line}: {log}");
        }
    }
}

#[test]
fn a_logger_that_was_set_before_stays() {
    let log = served("log-tracer", "1").stderr();
    let line = "WARN shop::prices: a record of log request_id=o-1\n";
    assert!(log.contains(line), "{log}");
    let session = function("fixture-own")
        .handler("log-tracer")
        .env(FORMAT, "JSON")
        .start(script::exchange("o-1", "1"));
    session.requests(3);
    let lines = lines(&session);
    let line = lines.iter().find(|line| line["level"] == "WARN").unwrap();
    assert_eq!(line["target"], "shop::prices");
    assert_eq!(line["message"], "a record of log");
    assert_eq!(line["requestId"], "o-1");
    assert!(line.get("fields").is_none(), "{line}");
}

/// These texts are in the log once each, in this order, and std's own hook wrote nothing.
#[track_caller]
fn assert_order(log: &str, texts: &[&str]) {
    let places: Vec<_> = texts.iter().map(|text| log.find(text)).collect();
    assert!(
        places.iter().all(Option::is_some) && places.is_sorted(),
        "{places:?}: {log}"
    );
    for text in texts {
        assert_eq!(log.matches(text).count(), 1, "{text}: {log}");
    }
    assert!(!log.contains("thread '"), "{log}");
}

#[test]
fn earlier_panic_hooks_are_called_behind_the_report() {
    for (handler, hooks) in [
        ("nothing", &["hook of main: panicked as told"][..]),
        (
            "hook",
            &[
                "hook of the step: panicked as told",
                "hook of main: panicked as told",
            ],
        ),
    ] {
        let steps = [
            script::exchange("p", "panic"),
            script::exchange("g", "good"),
        ];
        let session = function("fixture-own")
            .handler(handler)
            .start(steps.concat());
        let requests = match profile() {
            Profile::Abort => session.exit_after(2).0,
            Profile::Unwind => session.requests(5),
        };
        failure(&requests[1], "p")
            .assert_type("Function.Panic")
            .assert_says(&["panicked as told"]);
        if profile() == Profile::Unwind {
            assert_response(&requests[3], "g", b"good");
        }
        let mut texts = vec![": panicked as told request_id=p"];
        texts.extend(hooks);
        assert_order(&session.stderr(), &texts);
    }
}

#[test]
fn an_earlier_panic_hook_is_called_for_the_init_step() {
    let session = function("fixture-own")
        .handler("panic")
        .start([script::status(202)]);
    let (requests, exit) = session.exit_after(1);
    init_failure(&requests[0]).assert_type("Function.Panic");
    assert_order(
        &exit.stderr,
        &[
            "ERROR coldspark: panicked at",
            "hook of main: panicked in init\n",
        ],
    );
    assert_eq!(exit.stderr.lines().count(), 4, "{}", exit.stderr);
}

#[test]
fn a_panic_is_one_line() {
    for handler in ["panic", "panic-value"] {
        let event = if handler == "panic" { "\"text\"" } else { "7" };
        let session = function("fixture-functions")
            .handler(handler)
            .start(script::exchange("p", event));
        match profile() {
            Profile::Abort => drop(session.exit_after(2)),
            Profile::Unwind => drop(session.requests(3)),
        }
        let log = session.stderr();
        assert_eq!(log.lines().count(), 1, "{log}");
        assert!(
            log.contains("panicked at") && log.contains("request_id=p"),
            "{log}"
        );
    }
    let session = function("fixture-init")
        .handler("panic")
        .start([script::status(202)]);
    let log = session.exit_after(1).1.stderr;
    assert_eq!(log.lines().count(), 1, "{log}");
}

#[test]
fn an_init_error_is_logged_before_it_is_reported() {
    // The report is not answered before the test ends.
    let session = function("fixture-init")
        .handler("error")
        .start([Step::park()]);
    init_failure(&session.requests(1)[0]).assert_type("Init.Impossible");
    let log = session.stderr();
    assert!(
        log.contains("the init phase failed: Init.Impossible"),
        "{log}"
    );
    assert_eq!(log.lines().count(), 1, "{log}");
}

#[test]
fn a_restore_error_is_logged_before_it_is_reported() {
    let session = function("fixture-restore")
        .handler("after 1 fails")
        .env("AWS_LAMBDA_INITIALIZATION_TYPE", "snap-start")
        .start([script::status(200).into(), Step::park()]);
    session.requests(2);
    let log = session.stderr();
    assert!(
        log.contains("the restore failed: Runtime.AfterRestoreError"),
        "{log}"
    );
}
