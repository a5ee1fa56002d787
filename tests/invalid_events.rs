//! Events that the handler cannot read: an error for the caller, then the next event.

mod common;

use coldspark_emulator::script::{self, Step};
use common::{assert_next, assert_response, failure, function};

/// Gives each event to a handler, with a good one behind it, and returns the messages.
#[track_caller]
fn messages(handler: &str, events: &[&[u8]], good: &str, response: &str) -> Vec<String> {
    let steps = events.iter().enumerate().flat_map(|(n, event)| {
        let [bad, taken] = script::exchange(&format!("bad-{n}"), *event);
        let [next, done] = script::exchange(&format!("good-{n}"), good);
        [bad, taken, next, done]
    });
    let session = function("orders").handler(handler).start(steps);
    let requests = session.requests(4 * events.len() + 1);
    let found = requests.chunks(4).take(events.len()).enumerate();
    let messages = found.map(|(n, four)| {
        let failure = failure(&four[1], &format!("bad-{n}"));
        failure.assert_type("Runtime.InvalidEvent");
        assert_next(&four[2]);
        assert_response(&four[3], &format!("good-{n}"), response.as_bytes());
        session.assert_logged(&[
            "ERROR",
            &format!("request_id=bad-{n}"),
            "Runtime.InvalidEvent",
        ]);
        failure.message
    });
    let messages = messages.collect();
    assert_eq!(session.api.connections(), 1);
    messages
}

#[test]
fn what_is_not_json_is_answered_with_the_place() {
    let events: [(&[u8], &str); 8] = [
        (b"", "line 1 column 0"),
        (b"rope", "line 1 column 1"),
        (b"\"rope", "line 1 column 5"),
        (b"\"ro\xffpe\"", "line 1 column"),
        (b"\xef\xbb\xbf\"rope\"", "line 1 column 1"),
        (b"\"rope\" \"rope\"", "line 1 column 8"),
        (b"\n\n  \"rope\n\"", "line 4 column 0"),
        (b"\"ro\\q\"", "line 1 column 5"),
    ];
    let messages = messages(
        "orders.price",
        &events.map(|(event, _)| event),
        "\"rope\"",
        "350",
    );
    for (message, (event, place)) in messages.iter().zip(&events) {
        assert!(
            message.starts_with("the event is not JSON: "),
            "{event:?}: {message}"
        );
        assert!(message.contains(place), "{event:?}: {message}");
    }
}

#[test]
fn cut_json_is_answered_with_the_place() {
    let whole = r#"{"items":[{"article":"rope","quantity":2}]}"#;
    let cuts: Vec<_> = (0..whole.len())
        .map(|end| &whole.as_bytes()[..end])
        .collect();
    let response = r#"{"order":"good-0","pieces":0,"total":0}"#;
    let steps = cuts
        .iter()
        .enumerate()
        .flat_map(|(end, cut)| script::exchange(&format!("cut-{end}"), *cut));
    let session = function("orders").handler("orders.create").start(steps);
    let requests = session.requests(2 * cuts.len() + 1);
    for end in 0..cuts.len() {
        let failure = failure(&requests[2 * end + 1], &format!("cut-{end}"));
        failure.assert_type("Runtime.InvalidEvent");
        failure.assert_says(&[
            "the event is not JSON: EOF",
            &format!("line 1 column {end}"),
        ]);
    }
    // The last brace makes the difference.
    let [event, taken] = script::exchange("good-0", whole);
    session.api.push(event);
    session.api.push(taken);
    let answer = session.requests(2 * cuts.len() + 3);
    let response = response.replace("\"pieces\":0,\"total\":0", "\"pieces\":2,\"total\":700");
    assert_response(&answer[2 * cuts.len() + 1], "good-0", response.as_bytes());
}

#[test]
fn json_of_another_shape_is_answered_with_the_place() {
    let events: [(&[u8], &str, &str); 6] = [
        (b"17", "invalid type: integer `17`", "line 1 column 2"),
        (b"{}", "missing field `items`", "line 1 column 2"),
        (
            b"{\"items\":\n[{\"article\":\"rope\"}]}",
            "missing field `quantity`",
            "line 2 column 19",
        ),
        (
            b"{\"items\":[{\"article\":\"rope\",\"quantity\":-1}]}",
            "invalid value: integer `-1`",
            "line 1 column 41",
        ),
        (
            b"{\"items\":[{\"article\":\"rope\",\"quantity\":4294967296}]}",
            "invalid value",
            "line 1 column",
        ),
        (b"null", "invalid type: null", "line 1 column 4"),
    ];
    let good = r#"{"items":[{"article":"anvil","quantity":1}]}"#;
    let bodies = events.map(|(event, ..)| event);
    let steps = bodies
        .iter()
        .enumerate()
        .flat_map(|(n, event)| script::exchange(&format!("shape-{n}"), *event));
    let steps: Vec<Step> = steps.chain(script::exchange("good", good)).collect();
    let session = function("orders").handler("orders.create").start(steps);
    let requests = session.requests(2 * events.len() + 3);
    for (n, (_, problem, place)) in events.iter().enumerate() {
        let failure = failure(&requests[2 * n + 1], &format!("shape-{n}"));
        failure.assert_type("Runtime.InvalidEvent");
        failure.assert_says(&[
            "the event is not of the shape that the handler expects",
            problem,
            place,
        ]);
    }
    let answer = requests[2 * events.len() + 1].json();
    assert_eq!(
        (&answer["order"], &answer["pieces"]),
        (&"good".into(), &1.into())
    );
}

#[test]
fn deep_nesting_is_an_error_and_not_the_end() {
    let steps = [
        script::exchange("deep", "[".repeat(100_000)),
        script::exchange("flat", "[]"),
    ];
    let session = function("fixture-functions")
        .handler("json")
        .start(steps.concat());
    let requests = session.requests(5);
    let failure = failure(&requests[1], "deep");
    failure.assert_type("Runtime.InvalidEvent");
    failure.assert_says(&["recursion limit", "line 1 column 128"]);
    assert_response(&requests[3], "flat", b"[]");
}
