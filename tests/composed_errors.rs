//! Errors of every make become one of the function, with a type that says what it is.

mod common;

use coldspark_emulator::script;
use common::{Failure, exchanges, failure, function, init_failure};

/// The errors of a handler of the fixture for these events.
#[track_caller]
fn errors<const N: usize>(handler: &str, events: [&str; N]) -> [Failure; N] {
    let named = events.iter().enumerate();
    let steps = exchanges(named.map(|(n, event)| (format!("e-{n}"), (*event).to_owned())));
    let session = function("fixture-errors").handler(handler).start(steps);
    let requests = session.requests(2 * N + 1);
    std::array::from_fn(|n| failure(&requests[2 * n + 1], &format!("e-{n}")))
}

#[track_caller]
fn check(failure: &Failure, error_type: &str, message: &str) {
    assert_eq!(
        (failure.error_type.as_str(), failure.message.as_str()),
        (error_type, message)
    );
    let header = match error_type.contains('.') {
        true => error_type.to_owned(),
        false => format!("Function.{error_type}"),
    };
    assert_eq!(failure.header, header);
}

#[test]
fn io_and_json_errors_say_what_they_are() {
    let [io, json, boxed] = errors("any", ["\"io\"", "\"json\"", "\"boxed-io\""]);
    check(&io, "Io.NotFound", "No such file or directory (os error 2)");
    check(
        &json,
        "Json.Eof",
        "EOF while parsing an object at line 1 column 1",
    );
    check(&boxed, "Io.Other", "inside");
}

#[test]
fn texts_and_boxes_are_errors() {
    let [text, boxed] = errors("any", ["\"text\"", "\"boxed\""]);
    check(&text, "Function.Error", "just a text");
    check(&boxed, "Db.Down", "connection refused");
}

#[test]
fn reports_keep_the_type_that_was_named_before_they_wrapped_it() {
    for wrapped in errors("any", ["\"anyhow\"", "\"eyre\""]) {
        check(&wrapped, "Db.Down", "loading: connection refused");
    }
    let [bail] = errors("any", ["\"anyhow-bail\""]);
    check(&bail, "anyhow.Error", "nothing in stock");
}

#[test]
fn an_own_error_comes_back_from_a_box_and_a_report() {
    let [boxed, report] = errors("any", ["\"coldspark\"", "\"coldspark-anyhow\""]);
    check(&boxed, "Order.Empty", "no piece was ordered");
    check(&report, "Order.Empty", "in a helper: no piece was ordered");
}

#[test]
fn an_error_that_stays_on_its_thread_is_borrowed() {
    let [locked] = errors("any", ["\"not-send\""]);
    check(
        &locked,
        "TryLockError",
        "try_lock failed because the operation would block",
    );
}

#[test]
fn an_enum_names_the_types_of_its_variants() {
    let [empty, unknown, store] = errors("order", ["\"\"", "\"moon\"", "\"store\""]);
    check(&empty, "Order.Empty", "no piece was ordered");
    check(&unknown, "Order.UnknownArticle", "there is no moon");
    check(
        &store,
        "Order.Store",
        "the store does not answer: connection refused",
    );
}

#[test]
fn a_missing_variable_is_named() {
    let session = function("fixture-errors")
        .handler("TABLE")
        .start([script::status(202)]);
    let (requests, exit) = session.exit_after(1);
    let failure = init_failure(&requests[0]);
    check(
        &failure,
        "Function.MissingVariable",
        "the environment variable TABLE is not set; set it in the function's configuration",
    );
    exit.assert_failed_with(&["Function.MissingVariable"]);
}

#[test]
fn an_event_error_has_the_path_in_the_json() {
    let events = [
        r#"{"items": [{"quantity": 1}, {"quantity": "2"}]}"#,
        r#"{"items": [{}]}"#,
        "{",
    ];
    let [value, missing, no_json] = errors("items", events);
    for (failure, beginning) in [
        (
            value,
            "expects: items[1].quantity: invalid type: string \"2\", expected u32 at",
        ),
        (
            missing,
            "expects: items[0]: missing field `quantity` at line 1 column 13",
        ),
        (no_json, "the event is not JSON: EOF while parsing"),
    ] {
        failure.assert_type("Runtime.InvalidEvent");
        assert!(failure.message.contains(beginning), "{failure:?}");
    }
}
