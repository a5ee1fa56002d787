use serde_json::{Value, json};

use super::{v1, v2};
use crate::http::*;

/// Why an event is no request, as `type: message`.
#[track_caller]
fn refused(event: &Value) -> String {
    let error = request(event.to_string().as_bytes()).unwrap_err();
    format!("{}: {}", error.error_type(), error.message())
}

#[test]
fn bad_events_are_refused_with_what_is_bad() {
    type Case = (fn() -> Value, fn(&mut Value), &'static str);
    const EVENT: &str = "Runtime.InvalidEvent: ";
    const REQUEST: &str = "Runtime.InvalidRequest: ";
    let cases: [(Case, &str); 14] = [
        (
            (v1, |e| e["body"] = json!("a*"), "its body is Base64, and"),
            EVENT,
        ),
        (
            (v1, |e| e["body"] = json!("aGk"), "its body is Base64, and"),
            EVENT,
        ),
        ((v1, |e| e["body"] = json!(7), "not of the shape"), EVENT),
        (
            (
                v1,
                |e| e["multiValueHeaders"] = json!({"a": 7}),
                "expected a text or a list of texts",
            ),
            EVENT,
        ),
        (
            (v1, |e| e["httpMethod"] = json!("GE T"), "method \"GE T\""),
            REQUEST,
        ),
        (
            (
                v1,
                |e| e["multiValueHeaders"] = json!({"a b": ["1"]}),
                "header name \"a b\"",
            ),
            REQUEST,
        ),
        (
            (
                v1,
                |e| e["multiValueHeaders"] = json!({"a": ["1\r\nb: 2"]}),
                "header \"a\" has an",
            ),
            REQUEST,
        ),
        (
            (
                v1,
                |e| e["path"] = json!("/a".repeat(40_000)),
                "bytes, is no URI",
            ),
            REQUEST,
        ),
        ((v1, |e| e["methodArn"] = json!("arn"), "authorizer"), EVENT),
        ((v1, |e| e["version"] = json!("3.0"), "\"3.0\""), EVENT),
        (
            (
                v1,
                |e| e["requestContext"]["connectionId"] = json!("c"),
                "WebSocket",
            ),
            EVENT,
        ),
        ((v2, |e| e["routeArn"] = json!("arn"), "authorizer"), EVENT),
        (
            (
                v2,
                |e| e["cookies"] = json!(["a\n"]),
                "header \"cookie\" has an",
            ),
            REQUEST,
        ),
        (
            (
                v2,
                |e| e["requestContext"]["http"] = json!({}),
                "no HTTP method",
            ),
            EVENT,
        ),
    ];
    for ((event, spoil, says), error_type) in cases {
        let mut event = event();
        spoil(&mut event);
        let message = refused(&event);
        assert!(message.starts_with(error_type), "{message}");
        assert!(message.contains(says), "{says}: {message}");
    }
    let message = refused(&json!({ "Records": [] }));
    assert!(message.contains("no HTTP request of API Gateway"));
    assert!(refused(&json!([])).contains("an HTTP event, an object"));
    let error = request(b"{").unwrap_err();
    assert!(error.message().starts_with("the event is not JSON"));
}

/// Values of headers may be secrets: an error names the header only.
#[test]
fn the_value_of_a_header_is_in_no_error() {
    let mut listed = v1();
    listed["multiValueHeaders"] = json!({"authorization": ["hunter2\n"]});
    let mut single = v1();
    single["multiValueHeaders"] = json!(null);
    single["headers"] = json!({"authorization": "hunter2\n"});
    let mut cookie = v2();
    cookie["cookies"] = json!(["session=hunter2\n"]);
    for (event, name) in [
        (listed, "authorization"),
        (single, "authorization"),
        (cookie, "cookie"),
    ] {
        let message = refused(&event);
        assert!(message.contains(name), "{message}");
        assert!(!message.contains("hunter2"), "{message}");
    }
}

#[test]
fn more_headers_than_can_be_held_are_refused() {
    let mut event = v1();
    let many = (0..40_000).map(|number| (format!("x-{number}"), json!(["v"])));
    event["multiValueHeaders"] = json!(many.collect::<serde_json::Map<_, _>>());
    let message = refused(&event);
    assert_eq!(
        message,
        "Runtime.InvalidRequest: the request has too many headers"
    );
}
