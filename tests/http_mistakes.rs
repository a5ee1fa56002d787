//! HTTP events: what a client sends that HTTP does not allow, and responses that cannot be sent.

mod common;

use coldspark_emulator::script;
use common::{assert_response, aws_event, failure, function};
use serde_json::{Value, json};

const V1: &str = "apigw-request";
const V2: &str = "apigw-v2-request-iam";
const LOAD_BALANCER: &str = "alb-lambda-target-request-headers-only";
const MULTI_VALUE: &str = "alb-lambda-target-request-multivalue-headers";

/// An event that tells `fixture-events` what to respond.
fn tell(sample: &str, status: u16, headers: Value, body: &str) -> Value {
    let mut event = aws_event(sample);
    let told = json!({ "status": status, "headers": headers, "body": body });
    event["body"] = json!(told.to_string());
    event
}

/// A request of that front end with a header that HTTP does not allow.
fn with_header(sample: &str, name: &str, value: &str) -> Value {
    let mut event = aws_event(sample);
    if event["multiValueHeaders"].is_object() {
        event["multiValueHeaders"][name] = json!([value]);
    } else {
        event["headers"][name] = json!(value);
    }
    event
}

#[test]
fn a_request_that_http_does_not_allow_is_answered_with_400() {
    let mut method = aws_event(V1);
    method["httpMethod"] = json!("GE T");
    let mut cookie = aws_event(V2);
    cookie["cookies"] = json!(["a=\u{0}"]);
    let mut target = aws_event(V2);
    target["rawPath"] = json!("/a".repeat(40_000));
    let cases = [
        (
            with_header(V1, "x a", "1"),
            "header name \"x a\" is invalid",
        ),
        (
            with_header(V2, "x a", "1"),
            "header name \"x a\" is invalid",
        ),
        (
            with_header(LOAD_BALANCER, "x\n", "1"),
            "header name \"x\\n\" is invalid",
        ),
        (
            with_header(MULTI_VALUE, "x-a", "secret\r\n"),
            "header \"x-a\" has an invalid value",
        ),
        (method, "method \"GE T\" is invalid"),
        (cookie, "header \"cookie\" has an invalid value"),
        (target, "is no URI"),
    ];
    let events = cases.iter().enumerate();
    let steps =
        events.flat_map(|(n, (event, _))| script::exchange(&format!("bad-{n}"), event.to_string()));
    let session = function("fixture-events").handler("request").start(steps);
    let requests = session.requests(2 * cases.len() + 1);
    for (n, (event, says)) in cases.iter().enumerate() {
        let (id, answer) = (format!("bad-{n}"), &requests[2 * n + 1]);
        assert_response(answer, &id, &answer.body);
        let answer = answer.json();
        assert_eq!(answer["statusCode"], 400, "{answer}");
        let body = answer["body"].as_str().expect("a text");
        assert!(body.contains(says), "{says}: {body}");
        assert!(!body.contains("secret"), "{body}");
        let form = "text/plain; charset=utf-8";
        let lists = event["version"] != "2.0" && event["multiValueHeaders"].is_object();
        if lists {
            assert_eq!(answer["multiValueHeaders"]["content-type"], json!([form]));
        } else {
            assert_eq!(answer["headers"]["content-type"], form);
        }
        if event["requestContext"]["elb"].is_object() {
            assert_eq!(answer["statusDescription"], "400 Bad Request");
        }
        let id = format!("request_id={id}");
        session.assert_logged(&["INFO", &id, "answered with 400"]);
    }
}

#[test]
fn a_response_over_what_a_load_balancer_takes_is_reported() {
    let mut steps = Vec::new();
    for (id, sample) in [
        ("single", LOAD_BALANCER),
        ("multi", MULTI_VALUE),
        ("api", V2),
    ] {
        let event = tell(sample, 200, json!([]), &"x".repeat(1024 * 1024));
        steps.extend(script::exchange(id, event.to_string()));
    }
    let session = function("fixture-events").handler("response").start(steps);
    let requests = session.requests(7);
    for (answer, id) in [(&requests[1], "single"), (&requests[3], "multi")] {
        let failure = failure(answer, id);
        failure.assert_type("Function.ResponseSizeTooLarge");
        failure.assert_says(&["a load balancer takes at most 1 MB", "bytes as JSON"]);
    }
    assert_response(&requests[5], "api", &requests[5].body);
    session.assert_logged(&["ERROR", "request_id=single", "load balancer takes at most"]);
}

#[test]
fn a_response_that_cannot_be_sent_is_an_error() {
    let two_cookies = json!([["set-cookie", "a=1"], ["set-cookie", "b=2"]]);
    for (event, error_type, says) in [
        (
            tell(V2, 600, json!([]), ""),
            "Runtime.InvalidResponse",
            "status 600",
        ),
        (
            tell(V1, 999, json!([]), ""),
            "Runtime.InvalidResponse",
            "status 999",
        ),
        (
            tell(V1, 101, json!([]), ""),
            "Runtime.InvalidResponse",
            "status 101; give one from 200 to 599",
        ),
        (
            tell(V2, 99, json!([]), ""),
            "http.Error",
            "invalid status code",
        ),
        (
            tell(V2, 200, json!([["x-a", "\u{ff}"]]), ""),
            "Runtime.InvalidResponse",
            "header x-a has a value that is not UTF-8",
        ),
        (
            tell(V2, 200, json!([["x a", "1"]]), ""),
            "http.Error",
            "invalid HTTP header name",
        ),
        (
            tell(V2, 200, json!([["x-a", "1\n2"]]), ""),
            "http.Error",
            "failed to parse header value",
        ),
        (
            tell(LOAD_BALANCER, 200, two_cookies, ""),
            "Runtime.InvalidResponse",
            "lambda.multi_value_headers.enabled",
        ),
    ] {
        let session = function("fixture-events")
            .handler("response")
            .start(script::exchange("r-1", event.to_string()));
        let failure = failure(&session.requests(3)[1], "r-1");
        assert_eq!(failure.error_type, error_type, "{failure:?}");
        failure.assert_says(&[says]);
    }
}
