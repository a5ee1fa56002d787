//! A response may have 6 MiB and 100 bytes, not one more.

mod common;

use coldspark_emulator::api::MAX_RESPONSE;
use coldspark_emulator::script::{self, Step};
use common::{assert_next, assert_response, exchanges, failure, function};

#[test]
fn the_largest_response_is_sent_and_a_larger_one_is_an_error() {
    assert_eq!(MAX_RESPONSE, 6_291_556);
    let sizes = [
        MAX_RESPONSE,
        MAX_RESPONSE + 1,
        3,
        2 * MAX_RESPONSE,
        MAX_RESPONSE,
        0,
    ];
    let events = sizes.iter().enumerate();
    let steps = exchanges(events.map(|(n, size)| (format!("size-{n}"), size.to_string())));
    let session = function("fixture-functions").handler("bytes").start(steps);
    let requests = session.requests(13);
    for (n, size) in sizes.into_iter().enumerate() {
        let (id, answer) = (format!("size-{n}"), &requests[2 * n + 1]);
        if size <= MAX_RESPONSE {
            assert_response(answer, &id, &vec![b'x'; size]);
        } else {
            let failure = failure(answer, &id);
            failure.assert_type("Function.ResponseSizeTooLarge");
            failure.assert_says(&[&format!("{size} bytes"), "at most 6291556"]);
            session.assert_logged(&["ERROR", &format!("request_id={id}"), "ResponseSizeTooLarge"]);
        }
    }
    assert_eq!(session.api.connections(), 1);
}

#[test]
fn the_size_of_json_is_that_of_its_text() {
    // Two quotes stand around the text, so the longest text is two bytes shorter.
    for (length, fits) in [(MAX_RESPONSE - 2, true), (MAX_RESPONSE - 1, false)] {
        let event = format!("\"{}\"", "x".repeat(length));
        let session = function("fixture-functions")
            .handler("json")
            .start(script::exchange("json", event.as_str()));
        let answer = &session.requests(3)[1];
        if fits {
            assert_response(answer, "json", event.as_bytes());
        } else {
            failure(answer, "json").assert_says(&["6291557 bytes"]);
        }
    }
}

/// Serves one large response that gets this answer, then a small one.
fn large_then_small(answer: Step) -> common::Session {
    let [large, _] = script::exchange("large", MAX_RESPONSE.to_string());
    let [small, taken] = script::exchange("small", "2");
    function("fixture-functions")
        .handler("bytes")
        .start([large, answer, small, taken])
}

/// The large response is refused with this step; the log has the status, and the small one is
/// served.
#[track_caller]
fn assert_refusal_seen(refusal: Step) {
    let session = large_then_small(refusal);
    let requests = session.requests(5);
    assert_next(&requests[2]);
    assert_response(&requests[3], "small", b"xx");
    session.assert_logged(&["WARN", "request_id=large", "status 413"]);
}

#[test]
fn a_refusal_that_comes_before_the_body_was_read_is_seen() {
    assert_refusal_seen(Step::from(script::status(413)).before_body());
    assert_refusal_seen(Step::from(script::status(413)).before_body().then_close());
}

#[test]
fn a_refusal_that_keeps_the_body_from_being_written_is_seen() {
    assert_refusal_seen(Step::from(script::status(413)).before_body().then_reset());
}

#[test]
fn a_reset_in_the_middle_of_a_response_costs_only_that_answer() {
    let session = large_then_small(Step::close_after_head());
    let requests = session.requests(5);
    assert_next(&requests[2]);
    assert_response(&requests[3], "small", b"xx");
    session.assert_logged(&["WARN", "request_id=large", "POST invocation/response"]);
}
