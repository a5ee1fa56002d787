//! The end of the process while events are in hand: each has one answer, and it is its own.

mod common;

use std::time::{Duration, Instant};

use coldspark_emulator::emulator::{Config, Emulator, Finished, Invocation, Outcome, Sink};
use coldspark_emulator::script::{self, Call, Request, Step};
use common::{
    Concurrent, Process, Profile, Session, Slow, assert_response, failure, function, limit,
    profile, runner, serial,
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

#[track_caller]
fn wait_until(what: &str, mut holds: impl FnMut() -> bool) {
    let until = Instant::now() + limit();
    while !holds() {
        assert!(Instant::now() < until, "not {what}");
        std::thread::sleep(Duration::from_millis(2));
    }
}

/// Waits until this is in the log.
#[track_caller]
fn wait_logged(process: &Process, text: &str) {
    wait_until(text, || process.stderr().contains(text));
}

/// Every request, with what a killed process has begun left out.
fn requests(session: &Session) -> Vec<Request> {
    let mut requests = session.api.requests();
    requests.retain(|request| request.complete() || !request.head.is_empty());
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
        wait_until("answered", || requests(&session).len() == 2);
        session.process.tell("!");
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
    wait_until("answered", || requests(&session).len() == 2);
    session.process.tell("!");
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
    let slow = Slow::start([LARGE.to_string()]);
    let process = function("fixture-functions")
        .handler("panic-later-bytes")
        .start_at(slow.address());
    slow.wait_for(1);
    process.tell("!");
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
        wait_until("ended", || {
            if answers() > given {
                std::thread::sleep(Duration::from_millis(50));
                let call = |call| Step::from(script::status(202)).only(call);
                session.api.push(call(Call::Error));
                session.api.push(call(Call::Response));
                given += 1;
            }
            session.process.ended().is_some()
        });
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
    wait_until("in hand", || session.stderr().matches("holds").count() == 2);
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
fn sigterm_answers_what_is_in_hand() {
    for setting in ["1", "2"] {
        let function = Concurrent::start(setting, 2);
        let mut held = function.submit(&[json!({ "do": "hold" })]);
        wait_logged(&function.process, "holds");
        function.process.terminate();
        let exit = function.process.wait();
        assert_eq!(exit.status.code(), Some(0), "{}", exit.stderr);
        let finished = held.pop().expect("one").wait();
        let Outcome::FunctionError { error_type, .. } = &finished.outcome else {
            panic!("{finished:?}");
        };
        assert_eq!(error_type.as_deref(), Some("Runtime.ProcessEnded"));
    }
}

/// Whether all of four large answers arrive when SIGTERM comes while they are on their way.
fn answers_arrive() -> bool {
    let count = 4;
    let order = json!({ "do": "bytes", "count": LARGE }).to_string();
    let slow = Slow::start(std::iter::repeat_n(order, count));
    let process = function("fixture-concurrent")
        .handler("work")
        .env("AWS_LAMBDA_MAX_CONCURRENCY", count.to_string())
        .start_at(slow.address());
    slow.wait_for(count);
    process.terminate();
    wait_logged(&process, "the hook that was registered first");
    // Nearly half of what Lambda allows.
    std::thread::sleep(Duration::from_millis(130));
    slow.go_on();
    let whole = (0..count).all(|_| slow.answer().is_ok_and(|body| body.len() == LARGE + 2));
    let exit = process.wait();
    assert_eq!(exit.status.code(), Some(0), "{}", exit.stderr);
    assert_eq!(whole, !exit.stderr.contains("were cut"), "{}", exit.stderr);
    whole
}

#[test]
fn sigterm_lets_answers_on_their_way_arrive() {
    // A machine that is busy may use up all that Lambda allows.
    assert!(
        (0..10).any(|_| answers_arrive()),
        "answers are cut each time"
    );
}

#[test]
fn sigterm_waits_for_the_receipt_of_a_stream_and_of_a_broken_event() {
    let whole = script::event("one", json!([{"Write": "x"}]).to_string());
    let broken =
        Step::from(script::event("one", "[]")).cut_at(script::event("one", "").to_bytes().len());
    for event in [Step::from(whole), broken] {
        let session = function("fixture-stream")
            .handler("script")
            .env("FIXTURE_HOOK", "")
            .start([event]);
        wait_until("answered", || requests(&session).len() == 2);
        session.process.terminate();
        // No receipt comes, so it is cut in the end.
        let (_, exit) = session.exit_after(2);
        assert_eq!(exit.status.code(), Some(0), "{}", exit.stderr);
        let told = "1 answers on their way were cut";
        assert!(exit.stderr.contains(told), "{}", exit.stderr);
    }
}

/// After how many milliseconds unread answers are cut.
#[track_caller]
fn cut_after() -> u64 {
    let order = json!({ "do": "bytes", "count": LARGE }).to_string();
    let slow = Slow::start([order.clone(), order]);
    let process = function("fixture-concurrent")
        .handler("work")
        .env("AWS_LAMBDA_MAX_CONCURRENCY", "2")
        .start_at(slow.address());
    slow.wait_for(2);
    process.terminate();
    let exit = process.wait();
    assert_eq!(exit.status.code(), Some(0), "{}", exit.stderr);
    let told = exit.stderr.split("2 answers on their way were cut after ");
    let told = told.last().and_then(|told| {
        told.split_once(" ms, because Lambda allows about 300 ms")?
            .0
            .parse()
            .ok()
    });
    told.unwrap_or_else(|| panic!("{}", exit.stderr))
}

#[test]
fn sigterm_cuts_answers_that_nobody_reads_within_what_lambda_allows() {
    // Some of the 300 ms are for the end itself. A machine that is busy may use them up.
    let times: Vec<_> = (0..10)
        .map(|_| cut_after())
        .take_while(|took| *took > 290)
        .collect();
    assert!(times.len() < 10, "{times:?}");
    assert!(times.iter().all(|took| *took < 2000), "{times:?}");
}

#[test]
fn a_poller_without_a_descriptor_stops_alone() {
    let fixture = function("fixture-concurrent")
        .handler("work")
        // One of them is that of the extension.
        .env("FIXTURE_DESCRIPTORS", "4")
        .with_descriptors(100);
    let function = Concurrent::start_function(fixture, "8", 8);
    function.wait_until("told of the pollers that stop", |function| {
        let stderr = function.process.stderr();
        stderr.matches("a poller stops, and ").count() >= 5
    });
    let events = vec![json!({ "do": "wait", "milliseconds": 10 }); 20];
    assert_eq!(function.invoke(&events).len(), 20);
    let release = serial(99, &json!({ "do": "release" }));
    assert!(!function.emulator.invoke(release).is_error());
}

#[test]
fn there_are_as_many_pollers_as_descriptors_suffice_for() {
    let fixture = function("fixture-concurrent").handler("work");
    let function = Concurrent::start_function(fixture.with_descriptors(40), "64", 64);
    let answers = function.invoke(&[json!({ "do": "wait", "milliseconds": 0 })]);
    assert_eq!(answers[0]["concurrency"], 16);
    let stderr = function.process.stderr();
    let told = "only 16 of 64 pollers are used: the process may have 40 descriptors";
    assert!(stderr.contains(told), "{stderr}");
    // A stream has a connection of its own.
    let fixture = common::function("fixture-stream").handler("script");
    let function = Concurrent::start_function(fixture.with_descriptors(40), "64", 64);
    let event = json!([{"Write": "x"}]);
    let events: Vec<_> = (0..64).map(|number| serial(number, &event)).collect();
    let tickets: Vec<_> = events
        .into_iter()
        .map(|event| function.emulator.submit(event))
        .collect();
    for ticket in tickets {
        let finished = ticket.wait();
        assert!(!finished.outcome.is_error(), "{finished:?}");
    }
    let stderr = function.process.stderr();
    assert!(stderr.contains("only 8 of 64 pollers"), "{stderr}");
}

#[test]
fn a_stream_without_a_descriptor_is_answered_over_the_kept_connection() {
    for actions in [
        json!(["Descriptors", {"Write": "x"}]),
        json!(["Descriptors", {"Write": "x"}, "Flush"]),
        json!(["Descriptors", "Stubborn", {"Write": "x"}, "Flush"]),
        json!(["Descriptors", "Stubborn", {"Bytes": 100_000}]),
    ] {
        let mut steps = Vec::from(script::exchange("one", actions.to_string()));
        steps.extend(script::exchange("after", r#"[{"Whole":"still there"}]"#));
        let session = function("fixture-stream")
            .handler("script")
            .with_descriptors(64)
            .start(steps);
        let requests = session.requests(5);
        failure(&requests[1], "one")
            .assert_type("Runtime.StreamUnavailable")
            .assert_says(&["could not be streamed", "cannot connect"]);
        assert_response(&requests[3], "after", b"still there");
    }
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
