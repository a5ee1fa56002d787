//! Hooks before an answer is sent and after it was taken.

#[path = "../common/mod.rs"]
mod common;
mod failing;
mod reports;

use coldspark_emulator::script::{self, Step};
use common::{Concurrent, assert_next, assert_response, failure};
use serde_json::json;

use reports::Reports;

#[test]
fn an_answer_waits_for_the_hook_before_it_and_not_for_the_one_behind_it() {
    for (event, result) in [("text", "good"), ("fail as told", "Own.Failed")] {
        let reports = Reports::open();
        let session = reports
            .function("echo")
            .start(script::exchange("h-1", event));
        let report = reports.next().expect("before", "h-1", result);
        assert_eq!(report.part(4), "state of echo");
        assert_eq!(
            session.complete_requests().len(),
            1,
            "an answer before the hook"
        );
        let log = session.stderr();
        assert_eq!(log.contains("Own.Failed"), result == "Own.Failed", "{log}");
        report.answer("go");
        let report = reports.next().expect("after", "h-1", result);
        let requests = session.requests(2);
        match result {
            "good" => assert_response(&requests[1], "h-1", event.as_bytes()),
            _ => drop(failure(&requests[1], "h-1").assert_type(result)),
        }
        report.answer("go");
        assert_next(&session.requests(3)[2]);
        session.assert_logged(&["the last hook of h-1", "request_id=h-1"]);
    }
}

#[test]
fn the_hook_behind_an_answer_that_was_not_taken_learns_so() {
    let reports = Reports::open();
    let steps = [script::event("h-1", "text"), script::status(410)];
    let session = reports.function("echo").start(steps);
    reports.pass("before", "h-1", "good");
    reports.pass("after", "h-1", "Runtime.AnswerNotTaken");
    session.requests(3);
    session.assert_logged(&["the answer was not taken", "410", "request_id=h-1"]);
}

#[test]
fn hooks_get_errors_that_are_not_the_handlers() {
    let reports = Reports::open();
    let cut = script::event("h-1", "12345");
    let length = cut.to_bytes().len();
    let taken = || script::status(202).into();
    let cut = Step::from(cut).cut_at(length - 1);
    let session = reports.function("large").start([
        cut,
        taken(),
        script::event("h-2", "text").into(),
        taken(),
    ]);
    for (id, result) in [
        ("h-1", "Runtime.InvalidEvent"),
        ("h-2", "Function.ResponseSizeTooLarge"),
    ] {
        reports.pass("before", id, result);
        reports.pass("after", id, result);
    }
    let requests = session.requests(5);
    failure(&requests[3], "h-2").assert_type("Function.ResponseSizeTooLarge");
}

#[test]
fn a_stream_ends_behind_the_hook_before_its_answer() {
    for (event, result, body) in [
        ("text", "good", "text"),
        ("flush", "good", "flush and more"),
        ("flush fail", "Own.Failed", "flush fail and more"),
    ] {
        let reports = Reports::open();
        let session = reports
            .function("stream")
            .start(script::exchange("h-1", event));
        let report = reports.next().expect("before", "h-1", result);
        assert_eq!(report.part(4), "state of stream");
        assert_eq!(
            session.complete_requests().len(),
            1,
            "the end is there before the hook"
        );
        if result == "Own.Failed" {
            session.assert_logged(&["Own.Failed: as told", "request_id=h-1"]);
        }
        report.answer("go");
        let report = reports.next().expect("after", "h-1", result);
        let requests = session.requests(2);
        assert_eq!(requests[1].text(), body);
        let trailer = requests[1].trailer("Lambda-Runtime-Function-Error-Type");
        assert_eq!(trailer, (result != "good").then_some(result));
        report.answer("go");
        session.requests(3);
    }
}

#[test]
fn a_handler_that_streams_nothing_has_the_hooks_of_a_whole_answer() {
    for (event, result) in [("whole", "good"), ("early fail", "Own.Failed")] {
        let reports = Reports::open();
        let session = reports
            .function("stream")
            .start(script::exchange("h-1", event));
        let report = reports.next().expect("before", "h-1", result);
        assert_eq!(session.complete_requests().len(), 1);
        report.answer("go");
        reports.pass("after", "h-1", result);
        let requests = session.requests(3);
        match result {
            "good" => assert_response(&requests[1], "h-1", b"[]"),
            _ => drop(failure(&requests[1], "h-1").assert_type(result)),
        }
    }
}

#[test]
fn a_batch_has_one_hook_on_either_side() {
    let reports = Reports::open();
    let record = |id: &str| json!({ "messageId": id, "body": "x" });
    let event = json!({ "Records": [record("m-1"), record("m-2")] });
    let session = reports
        .function("queue")
        .start(script::exchange("h-1", event.to_string()));
    reports.pass("before", "h-1", "good");
    reports.pass("after", "h-1", "good");
    let answer = &session.requests(3)[1];
    assert_eq!(
        answer.json()["batchItemFailures"].as_array().map(Vec::len),
        Some(2)
    );
}

#[test]
fn hooks_have_the_time_that_is_left() {
    for (deadline, least, most) in [("1", 0, 0), ("99999999999999", 1_000_000, u128::MAX)] {
        let reports = Reports::open();
        let event = script::event("h-1", "text").set_header("Lambda-Runtime-Deadline-Ms", deadline);
        let session = reports.function("echo").start([event, script::status(202)]);
        for hook in ["before", "after"] {
            let report = reports.next().expect(hook, "h-1", "good");
            let left: u128 = report.part(3).parse().expect("milliseconds");
            assert!((least..=most).contains(&left), "{left}");
            report.answer("go");
        }
        session.requests(3);
    }
}

#[test]
fn each_poller_runs_the_hooks_of_its_own_event() {
    const COUNT: usize = 3;
    let reports = Reports::open();
    let function = Concurrent::start_function(reports.function("echo"), "3", COUNT);
    let events = [json!("a"), json!("b"), json!("c")];
    let tickets = function.submit(&events);
    for hook in ["before", "after"] {
        // All wait at the same time.
        let waiting: Vec<_> = (0..COUNT).map(|_| reports.next()).collect();
        let mut ids: Vec<_> = waiting
            .iter()
            .map(|report| report.part(1).to_owned())
            .collect();
        ids.sort();
        assert_eq!(ids, ["request-0", "request-1", "request-2"]);
        for report in waiting {
            assert_eq!((report.part(0), report.part(2)), (hook, "good"));
            report.answer("go");
        }
    }
    for (ticket, event) in tickets.into_iter().zip(&events) {
        let finished = ticket.wait();
        assert!(
            !finished.outcome.is_error(),
            "{event}: {:?}",
            finished.outcome
        );
    }
}

#[test]
fn a_subscriber_is_flushed_before_the_answer() {
    for (event, lines) in [
        ("text", "lines in the handler"),
        ("fail x", "lines in the handler; Own.Failed: state of echo"),
    ] {
        let reports = Reports::open();
        let session = reports
            .function("echo")
            .env("COLLECTS", "1")
            .start(script::exchange("h-1", event));
        let result = if event == "text" {
            "good"
        } else {
            "Own.Failed"
        };
        reports.pass("before", "h-1", result);
        let report = reports.next().expect(lines, "h-1", "good");
        assert_eq!(
            session.complete_requests().len(),
            1,
            "an answer before the flush"
        );
        report.answer("go");
        reports.pass("after", "h-1", result);
        session.requests(3);
        assert_eq!(session.stderr(), "", "ours is replaced");
    }
}
