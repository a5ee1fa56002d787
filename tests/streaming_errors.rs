//! What ends a streamed response before it is whole.

mod common;

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
    assert!(request.complete(), "{:?}", request.fault);
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
fn a_panic_is_told_like_an_error() {
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
fn a_refusal_behind_the_stream_is_logged() {
    for (status, meaning) in [
        (400, "not accepted"),
        (403, "not allowed"),
        (410, "too late"),
        (413, "too large"),
    ] {
        let event = json!([{"Write": "x"}, "Flush", {"Write": "y"}]);
        let session = start(&event, script::status(status));
        assert_eq!(goes_on(&session).text(), "xy");
        let status = format!("status {status}");
        session.assert_logged(&["WARN", "the answer was not taken", &status, meaning]);
    }
    let session = start(&json!([{"Write": "x"}]), script::status(500));
    let (_, exit) = session.exit_after(2);
    exit.assert_failed_with(&["status 500", "the process ends"]);
}

#[test]
fn a_refusal_within_the_stream_ends_the_writing() {
    // More than sockets hold, so that the refusal is there before all was written.
    let event = json!(["Stubborn", {"Bytes": 30_000_000}, {"Write": "more"}, "Flush"]);
    for status in [400, 403, 410, 413] {
        for answer in [
            Step::from(script::status(status)).before_body(),
            Step::from(script::status(status))
                .before_body()
                .then_close(),
            // It never reads on.
            Step::from(script::status(status)).before_body().then_park(),
        ] {
            let session = start(&event, answer);
            goes_on(&session);
            let status = format!("status {status}");
            session.assert_logged(&["WARN", "the answer was not taken", &status]);
            session.assert_logged(&["going on after", "BrokenPipe", "nobody reads"]);
        }
    }
}

#[test]
fn interim_replies_within_the_stream_are_no_answer() {
    // More than sockets hold, and what fits into one write.
    let events = [
        json!([{"Bytes": 30_000_000}, {"Write": "end"}]),
        json!([{"Write": "x"}, "Flush", {"Sleep": 20}, {"Write": "y"}, "Flush", {"Sleep": 20},
            {"Write": "end"}]),
        json!([{"Write": "end"}]),
    ];
    for interim in [
        "HTTP/1.1 100 Continue\r\n\r\n",
        "HTTP/1.1 103 Early Hints\r\nLink: </a>; rel=preload\r\n\r\n",
        "HTTP/1.1 100 \r\n\r\nHTTP/1.1 103 \r\n\r\n",
        // The rest of it comes with the answer.
        "HTTP/1.1 103 Early Hints\r\nLink: ",
    ] {
        for event in &events {
            let rest = if interim.ends_with(' ') {
                "x\r\n\r\n"
            } else {
                ""
            };
            let answer = [rest.as_bytes(), &script::status(202).to_bytes()].concat();
            let answer = Step::from(script::raw(answer)).behind(interim);
            let session = start(event, answer);
            assert!(goes_on(&session).text().ends_with("end"));
            assert_eq!(session.stderr(), "");
        }
    }
    // A refusal behind them is one.
    let early = Step::from(script::status(413)).before_body();
    let event = json!(["Stubborn", {"Bytes": 30_000_000}, {"Write": "more"}, "Flush"]);
    let session = start(&event, early.behind("HTTP/1.1 100 Continue\r\n\r\n"));
    goes_on(&session);
    session.assert_logged(&["WARN", "the answer was not taken", "status 413"]);
}

#[test]
fn a_success_within_the_stream_does_not_end_the_writing() {
    // `cargo lambda watch` answers at the head, and reads on.
    let chunks = json!([{"Write": "a"}, "Flush", {"Sleep": 20}, {"Write": "b"}, "Flush",
        {"Sleep": 20}, {"Write": "end"}]);
    for event in [chunks, json!([{"Bytes": 30_000_000}, {"Write": "end"}])] {
        let early = Step::from(script::raw("")).behind(script::status(200).to_bytes());
        let session = start(&event, early.then_close());
        // In whichever order the server has read them: the client is done when all was sent.
        let requests = session.requests(5);
        let answer = |id: &str| {
            let mut requests = requests.iter();
            requests.find(|request| request.request_id() == Some(id))
        };
        let streamed = answer("stream").expect("a response");
        assert!(streamed.complete(), "{:?}", streamed.fault);
        assert!(streamed.text().ends_with("end"));
        assert_response(
            answer("after").expect("a response"),
            "after",
            b"still there",
        );
        assert_eq!(session.stderr(), "");
    }
}

#[test]
fn a_reader_that_goes_away_ends_the_writing() {
    let event = json!([{"Bytes": 30_000_000}]);
    let session = start(&event, Step::close_after_head());
    goes_on(&session);
    session.assert_logged(&["ERROR", "Fixture.Write", "BrokenPipe", "nobody reads"]);
    session.assert_logged(&[
        "WARN",
        "the answer was not taken",
        "POST invocation/response",
    ]);
    // At the end of a small response it is noticed when the answer does not come.
    let session = start(&json!([{"Write": "x"}]), Step::reset());
    goes_on(&session);
    session.assert_logged(&[
        "WARN",
        "the answer was not taken",
        "POST invocation/response",
    ]);
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
