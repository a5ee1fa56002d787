//! Hooks before an answer is sent and after it was taken.

mod common;

use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::thread;
use std::time::{Duration, Instant};

use coldspark_emulator::script::{self, Step};
use common::{
    Concurrent, Function, Profile, assert_next, assert_response, failure, function, limit, profile,
};
use serde_json::json;

/// Where the hooks report, and are told what to do.
struct Desk(TcpListener);

impl Desk {
    fn open() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        listener.set_nonblocking(true).expect("a socket");
        Self(listener)
    }

    fn function(&self, handler: &str) -> Function {
        let address = self.0.local_addr().expect("an address");
        function("fixture-hooks")
            .handler(handler)
            .env("HOOKS", address.to_string())
    }

    /// The next hook that reports; it waits for its answer.
    #[track_caller]
    fn report(&self) -> Report {
        let until = Instant::now() + limit();
        loop {
            match self.0.accept() {
                Ok((stream, _)) => return Report::read(stream),
                Err(_) => assert!(Instant::now() < until, "no hook has reported"),
            }
            thread::sleep(Duration::from_millis(2));
        }
    }

    /// The next hook that reports, which then goes on.
    #[track_caller]
    fn pass(&self, hook: &str, id: &str, result: &str) {
        self.report().expect(hook, id, result).answer("go");
    }
}

struct Report {
    line: String,
    stream: TcpStream,
}

impl Report {
    #[track_caller]
    fn read(stream: TcpStream) -> Self {
        stream.set_nonblocking(false).expect("a socket");
        stream.set_read_timeout(Some(limit())).expect("a socket");
        let mut line = String::new();
        let read = BufReader::new(&stream).read_line(&mut line);
        assert!(read.is_ok() && line.ends_with('\n'), "{read:?} {line:?}");
        Self { line, stream }
    }

    #[track_caller]
    fn expect(self, hook: &str, id: &str, result: &str) -> Self {
        let begin = format!("{hook}, {id}, {result}, ");
        assert!(self.line.starts_with(&begin), "{begin:?}: {:?}", self.line);
        self
    }

    fn part(&self, number: usize) -> &str {
        self.line.trim().split(", ").nth(number).expect("a part")
    }

    fn answer(mut self, told: &str) {
        writeln!(self.stream, "{told}").expect("the hook waits");
    }
}

#[test]
fn an_answer_waits_for_the_hook_before_it_and_not_for_the_one_behind_it() {
    for (event, result) in [("text", "good"), ("fail as told", "Own.Failed")] {
        let desk = Desk::open();
        let session = desk.function("echo").start(script::exchange("h-1", event));
        let report = desk.report().expect("before", "h-1", result);
        assert_eq!(report.part(4), "state of echo");
        assert_eq!(session.whole().len(), 1, "an answer before the hook");
        let log = session.stderr();
        assert_eq!(log.contains("Own.Failed"), result == "Own.Failed", "{log}");
        report.answer("go");
        let report = desk.report().expect("after", "h-1", result);
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
fn the_hook_behind_an_answer_that_was_not_taken_is_told_so() {
    let desk = Desk::open();
    let steps = [script::event("h-1", "text"), script::status(410)];
    let session = desk.function("echo").start(steps);
    desk.pass("before", "h-1", "good");
    desk.pass("after", "h-1", "Runtime.AnswerNotTaken");
    session.requests(3);
    session.assert_logged(&["the answer was not taken", "410", "request_id=h-1"]);
}

#[test]
fn hooks_get_errors_that_are_not_the_handlers() {
    let desk = Desk::open();
    let cut = script::event("h-1", "12345");
    let length = cut.to_bytes().len();
    let taken = || script::status(202).into();
    let cut = Step::from(cut).cut_at(length - 1);
    let session =
        desk.function("large")
            .start([cut, taken(), script::event("h-2", "text").into(), taken()]);
    for (id, result) in [
        ("h-1", "Runtime.InvalidEvent"),
        ("h-2", "Function.ResponseSizeTooLarge"),
    ] {
        desk.pass("before", id, result);
        desk.pass("after", id, result);
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
        let desk = Desk::open();
        let session = desk
            .function("stream")
            .start(script::exchange("h-1", event));
        let report = desk.report().expect("before", "h-1", result);
        assert_eq!(report.part(4), "state of stream");
        assert_eq!(session.whole().len(), 1, "the end is there before the hook");
        if result == "Own.Failed" {
            session.assert_logged(&["Own.Failed: as told", "request_id=h-1"]);
        }
        report.answer("go");
        let report = desk.report().expect("after", "h-1", result);
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
        let desk = Desk::open();
        let session = desk
            .function("stream")
            .start(script::exchange("h-1", event));
        let report = desk.report().expect("before", "h-1", result);
        assert_eq!(session.whole().len(), 1);
        report.answer("go");
        desk.pass("after", "h-1", result);
        let requests = session.requests(3);
        match result {
            "good" => assert_response(&requests[1], "h-1", b"[]"),
            _ => drop(failure(&requests[1], "h-1").assert_type(result)),
        }
    }
}

#[test]
fn a_batch_has_one_hook_on_either_side() {
    let desk = Desk::open();
    let record = |id: &str| json!({ "messageId": id, "body": "x" });
    let event = json!({ "Records": [record("m-1"), record("m-2")] });
    let session = desk
        .function("queue")
        .start(script::exchange("h-1", event.to_string()));
    desk.pass("before", "h-1", "good");
    desk.pass("after", "h-1", "good");
    let answer = &session.requests(3)[1];
    assert_eq!(
        answer.json()["batchItemFailures"].as_array().map(Vec::len),
        Some(2)
    );
}

#[test]
fn an_error_of_a_hook_is_logged_and_changes_nothing() {
    let desk = Desk::open();
    let session = desk.function("echo").start(script::exchange("h-1", "text"));
    for hook in ["before", "after"] {
        desk.report().expect(hook, "h-1", "good").answer("fail");
    }
    assert_response(&session.requests(3)[1], "h-1", b"text");
    for hook in ["before", "after"] {
        let line = format!("a hook {hook} the answer failed: Hook.Failed: as told request_id=h-1");
        session.assert_logged(&["ERROR", &line]);
    }
    session.assert_logged(&["the last hook of h-1"]);
}

#[test]
fn a_panic_before_an_answer_changes_it_only_where_the_process_ends() {
    for (handler, event) in [("echo", "text"), ("stream", "flush")] {
        let desk = Desk::open();
        let session = desk.function(handler).start(script::exchange("h-1", event));
        desk.report()
            .expect("before", "h-1", "good")
            .answer("panic");
        let (posted, log) = match profile() {
            Profile::Unwind => {
                desk.pass("after", "h-1", "good");
                (session.requests(3)[1].clone(), session.stderr())
            }
            Profile::Abort => {
                let (requests, exit) = session.exit_after(2);
                exit.assert_failed_with(&["the hook panics"]);
                (requests[1].clone(), exit.stderr)
            }
        };
        assert_eq!(log.matches("the hook panics").count(), 1, "{log}");
        match (profile(), handler) {
            (Profile::Unwind, "echo") => assert_response(&posted, "h-1", b"text"),
            (Profile::Unwind, _) => assert_eq!(posted.text(), "flush and more"),
            (Profile::Abort, "echo") => {
                failure(&posted, "h-1")
                    .assert_type("Function.Panic")
                    .assert_says(&["the hook panics"]);
            }
            (Profile::Abort, _) => {
                let trailer = posted.trailer("Lambda-Runtime-Function-Error-Type");
                assert_eq!(trailer, Some("Function.Panic"));
            }
        }
    }
}

#[test]
fn a_panic_behind_an_answer_leaves_it_as_it_was() {
    let desk = Desk::open();
    let session = desk.function("echo").start(script::exchange("h-1", "text"));
    desk.pass("before", "h-1", "good");
    desk.report().expect("after", "h-1", "good").answer("panic");
    let (requests, log) = match profile() {
        Profile::Unwind => (session.requests(3), session.stderr()),
        Profile::Abort => {
            let (requests, exit) = session.exit_after(2);
            (requests, exit.stderr)
        }
    };
    assert_response(&requests[1], "h-1", b"text");
    assert_eq!(log.matches("the hook panics").count(), 1, "{log}");
}

#[test]
fn hooks_have_the_time_that_is_left() {
    for (deadline, least, most) in [("1", 0, 0), ("99999999999999", 1_000_000, u128::MAX)] {
        let desk = Desk::open();
        let event = script::event("h-1", "text").set_header("Lambda-Runtime-Deadline-Ms", deadline);
        let session = desk.function("echo").start([event, script::status(202)]);
        for hook in ["before", "after"] {
            let report = desk.report().expect(hook, "h-1", "good");
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
    let desk = Desk::open();
    let function = Concurrent::start_function(desk.function("echo"), "3", COUNT);
    let events = [json!("a"), json!("b"), json!("c")];
    let tickets = function.submit(&events);
    for hook in ["before", "after"] {
        // All wait at the same time.
        let reports: Vec<_> = (0..COUNT).map(|_| desk.report()).collect();
        let mut ids: Vec<_> = reports
            .iter()
            .map(|report| report.part(1).to_owned())
            .collect();
        ids.sort();
        assert_eq!(ids, ["request-0", "request-1", "request-2"]);
        for report in reports {
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
        let desk = Desk::open();
        let session = desk
            .function("echo")
            .env("COLLECTS", "1")
            .start(script::exchange("h-1", event));
        let result = if event == "text" {
            "good"
        } else {
            "Own.Failed"
        };
        desk.pass("before", "h-1", result);
        let report = desk.report().expect(lines, "h-1", "good");
        assert_eq!(session.whole().len(), 1, "an answer before the flush");
        report.answer("go");
        desk.pass("after", "h-1", result);
        session.requests(3);
        assert_eq!(session.stderr(), "", "ours is replaced");
    }
}
