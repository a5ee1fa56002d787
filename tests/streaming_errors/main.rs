//! What ends a streamed response before it is whole.

#[path = "../common/mod.rs"]
mod common;
mod replies;

use coldspark_emulator::emulator::{Config, Emulator, Invocation, Outcome};
use coldspark_emulator::script::{self, Request, Step};
use common::{Profile, Session, assert_next, assert_response, failure, function, profile};
use serde_json::{Value, json};

/// The steps of a stream that is answered with this, and of an event behind it.
fn steps(event: &Value, answer: impl Into<Step>) -> Vec<Step> {
    let mut steps = vec![
        Step::from(script::event("stream", event.to_string())),
        answer.into(),
    ];
    steps.extend(script::exchange("after", r#"[{"Whole":"still there"}]"#));
    steps
}

#[track_caller]
fn start(event: &Value, answer: impl Into<Step>) -> Session {
    let function = function("fixture-stream").handler("script");
    function.start(steps(event, answer))
}

/// The post that the stream was, after which the function goes on.
#[track_caller]
fn goes_on(session: &Session) -> Request {
    let requests = session.requests(5);
    assert_response(&requests[3], "after", b"still there");
    assert_next(&requests[4]);
    requests[1].clone()
}

/// The error in the trailers, as the emulator understands it.
fn outcome(request: &Request) -> Outcome {
    Outcome::Response {
        body: request.body.clone(),
        content_type: None,
        streamed: true,
        trailers: request.trailers.clone(),
        http_fault: None,
    }
}

#[track_caller]
fn trailers(request: &Request) -> (String, Value) {
    assert!(request.is_complete(), "{:?}", request.fault);
    let names: Vec<_> = request.trailers.iter().map(|(name, _)| &**name).collect();
    assert_eq!(
        names,
        [
            "Lambda-Runtime-Function-Error-Type",
            "Lambda-Runtime-Function-Error-Body"
        ]
    );
    let size: usize = request
        .trailers
        .iter()
        .map(|(a, b)| a.len() + b.len() + 4)
        .sum();
    assert!(size < 4000, "{size}");
    let outcome = outcome(request);
    let (error_type, json) = outcome.stream_error().expect("an error");
    let json = serde_json::from_slice(&json).expect("JSON");
    (error_type.to_owned(), json)
}

#[test]
fn an_error_before_the_first_byte_is_an_ordinary_one() {
    let fail = json!({"Fail": {"error_type": "A.B", "message": "early"}});
    for event in [
        json!([fail]),
        json!([{"Write": "collected"}, {"Type": "text/plain"}, fail]),
    ] {
        let session = start(&event, script::status(202));
        let post = goes_on(&session);
        failure(&post, "stream")
            .assert_type("A.B")
            .assert_says(&["early"]);
        assert_eq!(post.header("Lambda-Runtime-Function-Response-Mode"), None);
        session.assert_logged(&["ERROR", "A.B: early"]);
    }
}

#[test]
fn an_error_after_the_first_byte_is_in_the_trailers() {
    let event = json!([{"Write": "sent"}, "Flush", {"Write": " collected"},
        {"Fail": {"error_type": "A.B", "message": "late"}}]);
    let session = start(&event, script::status(202));
    let post = goes_on(&session);
    assert_eq!(post.text(), "sent collected");
    let (error_type, json) = trailers(&post);
    assert_eq!(error_type, "A.B");
    let expected = json!({"errorType": "A.B", "errorMessage": "late", "stackTrace": []});
    assert_eq!(json, expected);
    session.assert_logged(&["ERROR", "A.B: late", "stream"]);
}

#[test]
fn no_error_can_add_a_trailer_or_break_one() {
    for (error_type, message, header) in [
        ("A\r\nX: y".to_owned(), "m".to_owned(), "Function.Unknown"),
        ("A.B".to_owned(), "a\r\nX: y\r\n\r\n".to_owned(), "A.B"),
        ("\u{e9}".to_owned(), "m".to_owned(), "Function.Unknown"),
        (String::new(), String::new(), "Function.Unknown"),
        ("A".repeat(5000), "m".repeat(9000), "Function.Unknown"),
        ("A.B".to_owned(), "\u{1}".repeat(9000), "A.B"),
    ] {
        let event = json!([{"Write": "x"}, "Flush",
            {"Fail": {"error_type": error_type, "message": message}}]);
        let post = goes_on(&start(&event, script::status(202)));
        let (sent, json) = trailers(&post);
        assert_eq!(sent, header);
        let text = json["errorMessage"].as_str().unwrap();
        let kept = text.split("... (cut: ").next().unwrap_or(text);
        assert!(message.starts_with(kept), "{text:?}");
        assert_eq!(kept == message, message.len() < 9000);
    }
}

#[test]
fn a_panic_is_reported_like_an_error() {
    for (event, body) in [
        (json!([{"Write": "x"}, {"Panic": "early"}]), None),
        (
            json!([{"Write": "x"}, "Flush", {"Panic": "late"}]),
            Some("x"),
        ),
    ] {
        let session = start(&event, script::status(202));
        let post = match profile() {
            Profile::Unwind => goes_on(&session),
            Profile::Abort => {
                let (requests, exit) = session.exit_after(2);
                exit.assert_failed_with(&["panicked at", "fixture-stream.rs:"]);
                requests[1].clone()
            }
        };
        match body {
            None => failure(&post, "stream").assert_says(&["panicked at", ": early"]),
            Some(body) => {
                assert_eq!(post.text(), body);
                let (error_type, json) = trailers(&post);
                assert_eq!(error_type, "Function.Panic");
                let message = json["errorMessage"].as_str().unwrap();
                assert!(message.ends_with(": late"), "{message}");
            }
        }
    }
}

#[test]
fn a_panic_on_another_thread_ends_the_stream_when_panics_abort() {
    let event = json!([{"Write": "x"}, "Flush", {"PanicThread": "aside"}, {"Write": "y"}]);
    let session = start(&event, script::status(202));
    match profile() {
        Profile::Unwind => {
            let post = goes_on(&session);
            assert_eq!((post.text(), post.trailers.len()), ("xy".to_owned(), 0));
        }
        Profile::Abort => {
            let (requests, exit) = session.exit_after(2);
            assert_eq!(requests[1].text(), "x");
            assert_eq!(trailers(&requests[1]).0, "Function.Panic");
            exit.assert_failed_with(&["aside"]);
        }
    }
}

#[test]
fn a_stream_that_cannot_begin_is_an_error_of_its_event() {
    let event = Step::from(script::event("stream", r#"[{"Write":"x"},"Flush"]"#));
    let listening = Step::from(script::status(202)).reopening_listener();
    let mut steps = vec![event.closing_listener(), listening];
    steps.extend(script::exchange("after", r#"[{"Write":"there again"}]"#));
    let session = function("fixture-stream").handler("script").start(steps);
    let requests = session.requests(5);
    failure(&requests[1], "stream")
        .assert_type("Runtime.StreamUnavailable")
        .assert_says(&["the response could not be streamed", "cannot connect"]);
    assert_eq!(requests[3].text(), "there again");
}

#[test]
fn the_emulator_takes_all_of_it() {
    let emulator = Emulator::start(Config::default()).unwrap();
    let _process = function("fixture-stream")
        .handler("script")
        .start_at(emulator.address());
    let event = json!([{"Write": "x"}, "Flush",
        {"Fail": {"error_type": "A.B", "message": "late"}}]);
    let outcome = emulator.invoke(Invocation::new(event.to_string()));
    let (error_type, _) = outcome.stream_error().expect("an error");
    assert_eq!(error_type, "A.B");
    assert_eq!(outcome.payload("", Default::default()), b"x");
}
