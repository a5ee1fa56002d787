//! The application's process, connections and deadlines.

use std::thread;
use std::time::Duration;

use coldspark_emulator::script::Step;
use serde_json::Value;

use crate::common::dice::Dice;
use crate::common::function::limit;
use crate::common::web::{Web, get, idle, request, text, wait_for};
use crate::common::{Answer, process};

#[test]
fn a_connection_serves_one_event_after_the_other() {
    let mut web = Web::start(&[]);
    for number in 0..3 {
        let body = format!("answer {number}");
        assert_eq!(web.answer(&get("/"), text(&body))["body"], body);
    }
    assert_eq!(web.app.connections(), 1);
}

#[test]
fn a_connection_that_was_closed_meanwhile_is_not_used() {
    let mut web = Web::start(&[]);
    let closing = Step::from(text("first")).then_close();
    assert_eq!(
        web.answer(&request("POST", "/", "x"), closing)["body"],
        "first"
    );
    web.app.wait_closed(1, limit());
    let answer = web.answer(&request("POST", "/", "x"), text("second"));
    assert_eq!(answer["body"], "second");
    assert_eq!(web.app.connections(), 2);
}

#[test]
fn a_connection_with_bytes_that_nobody_asked_for_is_not_used() {
    let mut web = Web::start(&[]);
    let two = [text("first").to_bytes(), text("smuggled").to_bytes()].concat();
    let answer = web.answer(&get("/"), coldspark_emulator::script::raw(two));
    assert_eq!(answer["body"], "first");
    assert_eq!(web.answer(&get("/"), text("second"))["body"], "second");
    assert_eq!(web.app.connections(), 2);
}

#[test]
fn an_idle_connection_is_dropped_after_its_time() {
    let mut web = Web::start(&[("AWS_LWA_POOL_IDLE_TIMEOUT_SECONDS", "0.05")]);
    web.answer(&get("/"), text("first"));
    thread::sleep(Duration::from_millis(80));
    web.answer(&get("/"), text("second"));
    assert!(web.app.connections() >= 2);
    let mut web = Web::start(&[("AWS_LWA_POOL_IDLE_TIMEOUT_SECONDS", "0")]);
    web.answer(&get("/"), text("first"));
    web.answer(&get("/"), text("second"));
    assert_eq!(web.app.connections(), 3);
}

#[test]
fn a_request_is_repeated_once_if_nothing_came_and_that_does_no_harm() {
    let mut web = Web::start(&[]);
    for method in ["GET", "PUT", "DELETE", "HEAD", "OPTIONS"] {
        web.app.push(Step::close_after_request());
        let answer = web.answer(&request(method, "/", ""), text(""));
        assert_eq!(answer["statusCode"], 200, "{method}");
    }
    for lost in [Step::close_after_request, Step::reset] {
        for method in ["POST", "PATCH"] {
            let before = web.app.requests().len();
            let error = web.ask(&request(method, "/", "x"), lost());
            error.assert_error("Runtime.ApplicationProtocol", &["without an answer"]);
            assert_eq!(web.app.requests().len(), before + 1);
        }
    }
    // Only once.
    web.app.push(Step::close_after_request());
    let error = web.ask(&get("/"), Step::close_after_request());
    error.assert_error("Runtime.ApplicationProtocol", &["without an answer"]);
    // A byte has come.
    let before = web.app.requests().len();
    let cut = Step::from(text("x")).cut_at(1);
    web.ask(&get("/"), cut)
        .assert_error("Runtime.ApplicationProtocol", &["within the head"]);
    assert_eq!(web.app.requests().len(), before + 1);
    web.assert_starts(1);
}

#[test]
fn an_application_that_ended_between_events_costs_no_event() {
    let mut web = Web::start(&[]);
    web.answer(&get("/"), text("first"));
    web.die();
    web.app.push(text("ready"));
    assert_eq!(
        web.answer(&request("POST", "/", "x"), text("second"))["body"],
        "second"
    );
    web.assert_starts(2);
    let log = web.function.log();
    assert!(
        log.contains("between events: exit status: 3") && log.contains("last words"),
        "{log}"
    );
}

#[test]
fn an_application_that_ends_costs_the_event_in_hand_and_is_started_again() {
    let mut web = Web::start(&[]);
    idle(&web);
    // Before a byte of an answer, and within it.
    for (number, begun) in [
        Step::park(),
        Step::from(text("long")).cut_at(60).then_park(),
    ]
    .into_iter()
    .enumerate()
    {
        web.app.push(begun);
        web.function.send(crate::common::event(
            &format!("dies-{number}"),
            get("/").to_string(),
        ));
        wait_for(&web.app, 2 + 3 * number);
        web.die();
        let error = web.function.receive();
        let texts = ["ended instead of answering", "exit status: 3", "last words"];
        error.assert_error("Runtime.ApplicationExited", &texts);
        web.app.push(text("ready"));
        assert_eq!(web.answer(&get("/"), text("goes on"))["body"], "goes on");
    }
    web.assert_starts(3);
}

#[test]
fn an_answer_that_was_complete_before_the_end_is_delivered() {
    let process = "until [ -e die ]; do sleep 0.02; done; exit 3";
    let mut web = Web::run(process, &[], [text("ready")], |_| {});
    idle(&web);
    let answer = web.answer(&get("/"), Step::from(text("last")).then_close());
    assert_eq!(answer["body"], "last");
}

#[test]
fn at_the_deadline_a_front_ends_caller_gets_504_and_any_other_an_error() {
    let mut web = Web::start(&[]);
    web.app.push(Step::park());
    web.send_urgent(&get("/"));
    let answer = web.function.receive().text();
    let answer: Value = serde_json::from_str(&answer).expect("an answer");
    assert_eq!(answer["statusCode"], 504);
    assert!(web.function.log().contains("its caller gets status 504"));
    // It has answered in between, and goes on.
    assert_eq!(web.answer(&get("/"), text("ok"))["body"], "ok");
    web.app.push(Step::park());
    web.send_urgent(&serde_json::json!({"a": 1}));
    let error = web.function.receive();
    error.assert_error("Runtime.HandlerTimeout", &["before the deadline"]);
    assert_eq!(web.answer(&get("/"), text("ok"))["body"], "ok");
    web.assert_starts(1);
    // The connection of a request that was given up is not used again.
    let requests = web.app.requests();
    let connections: std::collections::HashSet<_> =
        requests.iter().map(|request| request.connection).collect();
    assert_eq!(connections.len(), 3);
}

#[test]
fn an_application_that_answers_neither_of_two_events_is_killed_and_started_again() {
    let mut web = Web::start(&[]);
    idle(&web);
    let first = web.function.worker();
    for _ in 0..2 {
        web.app.push(Step::park());
        web.send_urgent(&get("/"));
        let answer = web.function.receive().text();
        assert!(answer.contains("504"), "{answer}");
    }
    web.app.push(text("ready"));
    assert_eq!(web.answer(&get("/"), text("again"))["body"], "again");
    web.assert_starts(2);
    assert!(!process::is_running(first));
    let log = web.function.log();
    assert_eq!(
        log.matches("and the application goes on").count(),
        1,
        "{log}"
    );
    assert!(log.contains("killed and started again"), "{log}");
}

#[test]
fn an_application_that_refuses_is_an_error_and_goes_on() {
    let mut web = Web::start(&[]);
    web.answer(
        &get("/"),
        Step::from(text("last")).closing_listener().then_close(),
    );
    let error = web.function.invoke(get("/").to_string());
    error.assert_error("Runtime.ApplicationProtocol", &["has refused connections"]);
    web.app.reopen_listener().expect("the port");
    assert_eq!(web.answer(&get("/"), text("ok"))["body"], "ok");
    web.assert_starts(1);
}

#[test]
fn a_program_that_left_another_in_its_place_is_started_again() {
    // It forks away behind its start: the process that is known ends, another one has the port.
    let process =
        "echo started >>starts; setsid sleep 600 & until [ -e die ]; do sleep 0.02; done; rm die";
    let mut web = Web::run(process, &[], [text("ready")], |_| {});
    web.answer(&get("/"), text("first"));
    web.die();
    web.app.push(text("ready"));
    assert_eq!(web.answer(&get("/"), text("second"))["body"], "second");
    web.assert_starts(2);
}

#[test]
fn sigterm_reaches_the_application_with_the_time_there_is() {
    let process =
        "trap 'echo told >told; exit 0' TERM; echo started >>starts; while :; do sleep 0.02; done";
    let mut web = Web::run(process, &[], [text("ready")], |_| {});
    idle(&web);
    // The scripted server is ready before the shell has set its trap.
    let starts = web.function.package.task().join("starts");
    web.function
        .wait_until("the trap is set", |_| starts.exists());
    process::signal(web.function.pid() as i32, libc::SIGTERM);
    web.function.status();
    let told = web.function.package.task().join("told");
    assert_eq!(std::fs::read_to_string(told).unwrap_or_default(), "told\n");
}

#[test]
fn what_was_printed_before_an_answer_is_in_the_log_before_it_is_posted() {
    let process = "echo started >>starts; while :; do until [ -e say ]; do sleep 0.01; done; rm say; printf 'a line'; : >said; done";
    let mut web = Web::run(process, &[], [text("ready")], |_| {});
    idle(&web);
    let task = web.function.package.task();
    std::fs::write(task.join("say"), "").expect("a file");
    web.function
        .wait_until("it was said", |_| task.join("said").exists());
    web.answer(&get("/"), text("x"));
    assert!(
        web.function.log().contains("a line\n"),
        "{}",
        web.function.log()
    );
}

#[test]
fn random_answers_deaths_and_delays_lose_and_mix_nothing() {
    let mut web = Web::start(&[]);
    let mut dice = Dice(0x9e37_79b9_7f4a_7c15);
    for round in 0..60 {
        let body = format!("answer {round}");
        let post = request("POST", "/", "x");
        let whole = text(&body);
        let (step, good) = match dice.below(8) {
            0 => (Step::from(whole).dribble(), true),
            1 => (
                Step::from(whole.header("Connection", "close")).then_close(),
                true,
            ),
            2 => (Step::from(whole).split_at(&[10, 40, 70]), true),
            3 => (Step::from(whole.chunked(&[3, 4])), true),
            4 => (Step::from(whole).cut_at(1 + dice.below(60) as usize), false),
            5 => (Step::close_after_request(), false),
            6 => (Step::reset(), false),
            _ => (Step::from(whole), true),
        };
        match web.ask(&post, step) {
            Answer::Response(bytes) if good => {
                let answer: Value = serde_json::from_slice(&bytes).expect("JSON");
                assert_eq!(answer["body"], body);
            }
            Answer::Error { .. } if !good => {}
            other => panic!("round {round}: {other:?}"),
        }
        if dice.below(16) == 0 {
            web.die();
            web.app.push(text("ready"));
        }
    }
}
