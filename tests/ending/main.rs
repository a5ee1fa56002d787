//! The end of the process while events are in hand: each has one answer, and it is its own.

#[path = "../common/mod.rs"]
mod common;
mod descriptors;
mod sigterm;

use std::time::Duration;

use coldspark_emulator::emulator::{Config, Emulator, Finished, Invocation, Sink};
use coldspark_emulator::script::{self, Call, Request, Step};
use common::{
    Process, Profile, Session, SlowApi, failure, function, limit, profile, runner, wait_until,
};
use serde_json::{Value, json};

/// As much as a response may have; the kernel's buffers do not hold it.
const LARGE: usize = 6_000_000;

fn unwinds() -> bool {
    let unwinds = profile() == Profile::Unwind;
    if unwinds {
        coldspark_emulator::left_to_another_form(
            "with unwinding a thread's panic does not end the process",
        );
    }
    unwinds
}

/// Waits until this is in the log.
#[track_caller]
fn wait_logged(process: &Process, text: &str) {
    wait_until(
        text,
        || process.stderr().contains(text),
        || process.stderr(),
    );
}

/// Every request, with what a killed process has begun left out.
fn requests(session: &Session) -> Vec<Request> {
    let mut requests = session.api.requests();
    requests.retain(|request| request.is_complete() || !request.head.is_empty());
    requests
}

#[test]
fn a_thread_that_panics_while_a_receipt_is_awaited_answers_no_second_time() {
    if unwinds() {
        return;
    }
    for actions in [
        json!([{"PanicLater": "aside"}, {"Write": "x"}, "Flush"]),
        json!([{"PanicLater": "aside"}, {"Whole": "x"}]),
        json!([{"PanicLater": "aside"}, {"Fail": {"error_type": "A.B", "message": "x"}}]),
    ] {
        let event = Step::from(script::event("one", actions.to_string()));
        let session = function("fixture-stream").handler("script").start([event]);
        wait_until(
            "answered",
            || requests(&session).len() == 2,
            || session.stderr(),
        );
        session.process.write_stdin("!");
        wait_logged(&session.process, "aside");
        // It waits for the receipt now, as long as the event has time.
        std::thread::sleep(Duration::from_millis(100));
        session.api.push(script::status(202));
        let (_, exit) = session.exit_after(2);
        exit.assert_failed_with(&["aside"]);
    }
}

#[test]
fn a_receipt_that_never_comes_holds_a_panic_up_until_the_deadline_at_most() {
    if unwinds() {
        return;
    }
    let actions = json!([{"PanicLater": "aside"}, {"Whole": "x"}]).to_string();
    let event = script::event("one", actions).set_header("Lambda-Runtime-Deadline-Ms", "1000");
    let session = function("fixture-stream")
        .handler("script")
        .start([Step::from(event), Step::park()]);
    wait_until(
        "answered",
        || requests(&session).len() == 2,
        || session.stderr(),
    );
    session.process.write_stdin("!");
    let (_, exit) = session.exit_after(2);
    exit.assert_failed_with(&["aside"]);
}

#[test]
fn a_panic_without_a_receipt_ends_the_process_all_the_same() {
    if unwinds() {
        return;
    }
    for actions in [
        json!([{"Panic": "now"}]),
        json!([{"Write": "x"}, "Flush", {"Panic": "now"}]),
    ] {
        let event = Step::from(script::event("one", actions.to_string()));
        let session = function("fixture-stream")
            .handler("script")
            .start([event, Step::park()]);
        let (_, exit) = session.exit_after(2);
        exit.assert_failed_with(&["now"]);
    }
}

#[test]
fn an_answer_on_its_way_is_finished_before_a_threads_panic_ends_the_process() {
    if unwinds() {
        return;
    }
    let slow = SlowApi::start([LARGE.to_string()]);
    let process = function("fixture-functions")
        .handler("panic-later-bytes")
        .start_at(slow.address());
    slow.wait_for(1);
    process.write_stdin("!");
    wait_logged(&process, "while the answer is on its way");
    // Time to end, for a process that does not wait.
    std::thread::sleep(Duration::from_millis(100));
    slow.go_on();
    let body = slow.answer().expect("the whole answer");
    assert_eq!(body.len(), LARGE + 2);
    process.wait().assert_failed_with(&["on its way"]);
}

/// The error in the trailers.
fn stream_error(finished: &Finished) -> (String, String) {
    let (error_type, json) = finished.outcome.stream_error().expect("an error");
    let json: Value = serde_json::from_slice(&json).expect("JSON");
    let message = json["errorMessage"].as_str().expect("a message");
    (error_type.to_owned(), message.to_owned())
}

#[test]
fn a_panic_ends_the_streams_of_others_without_its_text() {
    if unwinds() {
        return;
    }
    let emulator = Emulator::start(Config {
        concurrency: 3,
        ..Config::default()
    })
    .expect("a Runtime API");
    let process = function("fixture-stream")
        .handler("script")
        .env("AWS_LAMBDA_MAX_CONCURRENCY", "3")
        .start_at(emulator.address());
    let stream = json!([{"Write": "x"}, "Flush", {"Sleep": 3_600_000}]);
    let (sender, received) = std::sync::mpsc::channel();
    let streams: Vec<_> = (0..2)
        .map(|_| {
            let sender = sender.clone();
            emulator.submit(Invocation {
                timeout: 2 * limit(),
                sink: Some(Sink::new(move |_| {
                    let _ = sender.send(());
                })),
                ..Invocation::new(stream.to_string())
            })
        })
        .collect();
    for _ in 0..2 {
        received.recv_timeout(limit()).expect("a chunk");
    }
    let panic = json!([{"Write": "y"}, "Flush", {"Panic": "a caller's secret"}]);
    let panicked = emulator.submit(Invocation::new(panic.to_string())).wait();
    let (error_type, message) = stream_error(&panicked);
    assert_eq!(error_type, "Function.Panic");
    assert!(message.ends_with("a caller's secret"), "{message}");
    for stream in streams {
        let (error_type, message) = stream_error(&stream.wait());
        assert_eq!(error_type, "Runtime.ProcessEnded");
        assert!(!message.contains("secret"), "{message}");
    }
    process.wait().assert_failed_with(&["a caller's secret"]);
}

#[test]
fn a_stream_that_would_begin_behind_its_error_does_not() {
    if unwinds() {
        return;
    }
    // The error of one is sent while the other begins: whichever wins, there is one answer each.
    for pause in [0, 1, 2, 5, 100] {
        let late = json!([{"Sleep": 50 + pause}, {"Write": "late"}, "Flush"]);
        let panic = json!([{"Sleep": 50}, {"Panic": "first"}]);
        let session = function("fixture-stream")
            .handler("script")
            .env("AWS_LAMBDA_MAX_CONCURRENCY", "2")
            .start([
                Step::from(script::event("late", late.to_string())).only(Call::Next),
                Step::from(script::event("panic", panic.to_string())).only(Call::Next),
            ]);
        let answers = || {
            let requests = requests(&session).into_iter();
            requests.filter(|request| request.method == "POST").count()
        };
        // Each receipt takes its time.
        let mut given = 0;
        let has_ended = || {
            if answers() > given {
                std::thread::sleep(Duration::from_millis(50));
                let call = |call| Step::from(script::status(202)).only(call);
                session.api.push(call(Call::Error));
                session.api.push(call(Call::Response));
                given += 1;
            }
            session.process.ended().is_some()
        };
        wait_until("ended", has_ended, || session.stderr());
        let requests = requests(&session);
        for id in ["late", "panic"] {
            let path = format!("/{id}/");
            let count = requests.iter().filter(|r| r.path.contains(&path)).count();
            assert_eq!(count, 1, "{id}, {pause}");
        }
    }
}

#[test]
fn a_fatal_next_answers_the_events_of_the_others() {
    let hold = json!({ "do": "hold" }).to_string();
    let steps = [
        Step::from(script::event("one", hold.clone())).only(Call::Next),
        Step::from(script::event("two", hold)).only(Call::Next),
        Step::from(script::status(202)).only(Call::Error),
        Step::from(script::status(202)).only(Call::Error),
    ];
    let session = function("fixture-concurrent")
        .handler("work")
        .env("AWS_LAMBDA_MAX_CONCURRENCY", "3")
        .start(steps);
    wait_until(
        "in hand",
        || session.stderr().matches("holds").count() == 2,
        || session.stderr(),
    );
    session
        .api
        .push(Step::from(script::status(500)).only(Call::Next));
    let (requests, exit) = session.exit_after(5);
    for id in ["one", "two"] {
        let path = format!("/{id}/error");
        let mut answers = requests.iter().filter(|r| r.path.ends_with(&path));
        failure(answers.next().expect(id), id).assert_type("Runtime.ProcessEnded");
        assert!(answers.next().is_none(), "{id}");
    }
    exit.assert_failed_with(&["GET invocation/next: status 500", "the process ends"]);
}

#[test]
fn a_write_that_fails_for_want_of_memory_waits_for_no_reply() {
    if runner().is_some_and(|runner| runner.to_string_lossy().contains("qemu")) {
        coldspark_emulator::left_to_another_form("qemu has no filters of system calls");
        return;
    }
    let event = Step::from(script::event("one", "{}"));
    let session = function("fixture-functions")
        .handler("no-buffers")
        .start([event]);
    let (_, exit) = session.exit_after(1);
    let lost = "the answer was not taken: Runtime API, POST invocation/response";
    exit.assert_failed_with(&[lost, "the process ends"]);
}
