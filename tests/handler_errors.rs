//! What the caller gets to see of a handler's error.

mod common;

use coldspark_emulator::script::{self, Request};
use common::{Failure, assert_next, assert_response, exchanges, failure, function};
use serde_json::json;

/// Gives these events to a handler that fails on all; gives the errors, and the log.
#[track_caller]
fn failures(handler: &str, events: &[String]) -> (Vec<Failure>, String) {
    let named = events.iter().enumerate();
    let steps = exchanges(named.map(|(n, event)| (format!("e-{n}"), event.clone())));
    let session = function("fixture-functions").handler(handler).start(steps);
    let requests = session.requests(2 * events.len() + 1);
    let pairs = requests
        .chunks_exact(2)
        .enumerate()
        .map(|(n, pair): (_, &[Request])| {
            assert_next(&pair[0]);
            let nonce = format!("nonce-e-{n}");
            assert_eq!(
                pair[1].header("Lambda-Runtime-Invocation-Id"),
                Some(nonce.as_str())
            );
            session.assert_logged(&["ERROR", &format!("request_id=e-{n}")]);
            failure(&pair[1], &format!("e-{n}"))
        });
    let failures = pairs.collect();
    assert_eq!(session.api.connections(), 1);
    (failures, session.stderr())
}

#[test]
fn a_typed_error_keeps_its_type() {
    let session = function("orders").start(script::exchange("e", "\"tent\""));
    let requests = session.requests(3);
    let failure = failure(&requests[1], "e");
    failure.assert_type("Order.UnknownArticle");
    assert_eq!(failure.message, "there is no article \"tent\"");
    assert_eq!(failure.stack_trace, Vec::<String>::new());
    session.assert_logged(&[
        "ERROR",
        "request_id=e",
        "Order.UnknownArticle: there is no article",
    ]);
}

#[test]
fn the_header_is_a_category_and_a_reason_whatever_the_type_is() {
    let types = [
        ("Order.Empty", "Order.Empty"),
        ("Plain", "Function.Plain"),
        ("Two Words", "Function.Two Words"),
        ("", "Function.Unknown"),
        ("B\u{f6}se.Art", "Function.Unknown"),
        ("two\r\nX-Smuggled: header", "Function.Unknown"),
        ("tab\there", "Function.Unknown"),
        ("nul\0", "Function.Unknown"),
    ];
    let events =
        types.map(|(error_type, _)| json!({"error_type": error_type, "message": "m"}).to_string());
    let (failures, _) = failures("fail", &events);
    for (failure, (error_type, header)) in failures.iter().zip(types) {
        assert_eq!(failure.header, header, "{error_type:?}");
        assert_eq!(failure.error_type, error_type);
    }
}

#[test]
fn an_error_of_rust_brings_the_name_of_its_type() {
    let (parse, _) = failures("parse", &["\"many\"".to_owned()]);
    assert_eq!(
        (parse[0].header.as_str(), parse[0].error_type.as_str()),
        ("Function.ParseIntError", "ParseIntError")
    );
    assert_eq!(parse[0].message, "invalid digit found in string");
    let (io, _) = failures("read", &["\"/no/such/file\"".to_owned()]);
    assert_eq!(
        (io[0].header.as_str(), io[0].error_type.as_str()),
        ("Io.NotFound", "Io.NotFound")
    );
    io[0].assert_says(&["No such file"]);
}

#[test]
fn an_error_brings_the_texts_of_its_sources() {
    let (chain, _) = failures("chain", &["\"many\"".to_owned()]);
    assert_eq!(chain[0].error_type, "Unusable");
    assert_eq!(chain[0].message, "of no use: invalid digit found in string");
}

#[test]
fn a_message_of_any_text_arrives_intact_and_stays_on_its_log_line() {
    let messages = [
        "two\nlines",
        "return\r\nand tab\t",
        "\"quoted\" \\ \u{1F980} \u{fc} \u{0} \u{1b}[31m",
        "",
        "{\"json\":\"in json\"}",
    ];
    let events =
        messages.map(|message| json!({"error_type": "A.B", "message": message}).to_string());
    let (failures, log) = failures("fail", &events);
    for (failure, message) in failures.iter().zip(messages) {
        assert_eq!(failure.message, message);
    }
    assert_eq!(log.lines().count(), messages.len(), "{log}");
    assert!(log.contains("A.B: two\\nlines"), "{log}");
    assert!(log.contains("return\\r\\nand"), "{log}");
    assert!(log.contains('\u{1F980}'), "{log}");
}

#[test]
fn a_long_message_arrives_whole() {
    let message = "long ".repeat(200_000);
    let event = json!({"error_type": "A.B", "message": message}).to_string();
    let (failures, _) = failures("fail", &[event]);
    assert!(
        failures[0].message == message,
        "{} bytes",
        failures[0].message.len()
    );
}

#[test]
fn a_stack_trace_arrives_frame_by_frame() {
    let frames = ["inner at a.rs:1", "outer at b.rs:2\n", ""];
    let event = json!({"error_type": "A.B", "message": "m", "stack_trace": frames}).to_string();
    let (failures, _) = failures("fail", &[event]);
    assert_eq!(failures[0].stack_trace, frames);
}

#[test]
fn a_response_that_json_has_no_form_for_is_an_error() {
    let (failures, _) = failures("map", &["[[1,2]]".to_owned(), "[[],[3]]".to_owned()]);
    for failure in failures {
        failure.assert_type("Runtime.InvalidResponse");
        failure.assert_says(&["cannot be written as JSON", "key must be a string"]);
    }
}

#[test]
fn an_event_that_fails_does_not_spoil_the_next() {
    let events = [
        "\"x\"",
        "\"1\"",
        "\"\"",
        "\"4294967295\"",
        "\"4294967296\"",
        "\"007\"",
    ];
    let results = [None, Some("1"), None, Some("4294967295"), None, Some("7")];
    let named = events.into_iter().enumerate();
    let steps = exchanges(named.map(|(n, event)| (format!("e-{n}"), event)));
    let session = function("fixture-functions").handler("parse").start(steps);
    let requests = session.requests(13);
    for (n, result) in results.into_iter().enumerate() {
        let (id, answer) = (format!("e-{n}"), &requests[2 * n + 1]);
        match result {
            Some(number) => assert_response(answer, &id, number.as_bytes()),
            None => assert_eq!(failure(answer, &id).error_type, "ParseIntError"),
        }
    }
}

#[test]
fn what_a_handler_logs_is_one_line_with_its_fields() {
    let session = function("fixture-functions")
        .handler("log")
        .start(script::exchange("l-1", "\"a\\nb\""));
    assert_response(&session.requests(3)[1], "l-1", b"null");
    let expected = "INFO fixture_functions: info a\\nb text=a\\nb request_id=l-1\n\
                    WARN fixture_functions: warn a\\nb request_id=l-1\n\
                    ERROR fixture_functions: error a\\nb request_id=l-1\n";
    assert_eq!(session.stderr(), expected);
    assert_eq!(session.process.stdout(), "");
}
