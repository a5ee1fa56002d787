//! Rows of the fault matrix that an application causes; others are where their subject is.

use coldspark_emulator::script::{Step, raw};
use serde_json::Value;

use crate::common::event;
use crate::common::web::{Web, get, request, text};

#[test]
fn an_answer_before_the_request_was_read_is_taken() {
    let mut web = Web::start(&[]);
    let body = "x".repeat(5_000_000);
    let early = Step::from(raw(
        "HTTP/1.1 413 Too Large\r\nContent-Type: text/plain\r\nContent-Length: 5\r\nConnection: close\r\n\r\nlarge",
    ));
    let answer = web.answer(
        &request("POST", "/", &body),
        early.before_body().then_close(),
    );
    assert_eq!(
        (&answer["statusCode"], &answer["body"]),
        (&413.into(), &"large".into())
    );
    assert_eq!(web.answer(&get("/"), text("ok"))["body"], "ok");
}

#[test]
fn a_slow_head_and_a_slow_body_are_waited_for() {
    let mut web = Web::start(&[]);
    let answer = web.answer(&get("/"), Step::from(text("slow")).dribble());
    assert_eq!(answer["body"], "slow");
    // A head that never ends is waited for until the deadline.
    web.app.push(Step::from(text("x")).cut_at(20).then_park());
    web.send_urgent(&get("/"));
    let answer = web.function.receive().text();
    assert!(answer.contains("504"), "{answer}");
}

#[test]
fn a_second_answer_behind_the_first_is_never_the_next_events() {
    let mut web = Web::start(&[]);
    for _ in 0..3 {
        let two = [text("mine").to_bytes(), text("another's").to_bytes()].concat();
        assert_eq!(web.answer(&get("/"), raw(two))["body"], "mine");
    }
    let late = Step::from(text("mine"));
    assert_eq!(web.answer(&get("/"), late)["body"], "mine");
}

#[test]
fn a_flood_of_an_answer_ends_at_the_limit() {
    let mut web = Web::start(&[]);
    let head = "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n\r\n";
    let flood = raw([head, &"x".repeat(30_000_000)].concat());
    let error = web.ask(&get("/"), Step::from(flood).then_park());
    error.assert_error("Function.ResponseSizeTooLarge", &["more than 629"]);
    assert_eq!(web.answer(&get("/"), text("ok"))["body"], "ok");
}

#[test]
fn a_flood_of_the_log_disturbs_no_answer() {
    let process = "while :; do echo 'a line of the flood'; done";
    let mut web = Web::run(process, &[], [text("ready")], |_| {});
    for _ in 0..5 {
        assert_eq!(web.answer(&get("/"), text("ok"))["body"], "ok");
    }
}

#[test]
fn the_request_of_an_event_that_was_given_up_is_not_answered_to_the_next() {
    let mut web = Web::start(&[]);
    web.app
        .push(Step::from(text("late")).cut_at(60).then_park());
    web.send_urgent(&get("/"));
    web.function.receive().response();
    let answer = web.function.invoke_event({
        web.app.push(text("mine"));
        event("next", get("/").to_string())
    });
    let answer: Value = serde_json::from_str(&answer.text()).expect("an answer");
    assert_eq!(answer["body"], "mine");
}
