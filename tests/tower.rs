//! A router of axum answers through `Context::serve`.

mod common;

use common::{aws_event, function};
use serde_json::{Value, json};

/// The answers of the router.
#[track_caller]
fn answers(events: &[Value]) -> Vec<Value> {
    common::answers(function("fixture-axum"), events)
}

/// A request of a function URL.
fn request(method: &str, path: &str, query: &str, body: &str) -> Value {
    json!({"version": "2.0", "rawPath": path, "rawQueryString": query, "body": body,
        "headers": {"content-type": "text/plain", "user-agent": "test"},
        "requestContext": {"http": {"method": method}, "stage": "$default"}})
}

#[test]
fn routes_state_and_layers_are_axums() {
    let events = [
        request("GET", "/orders/7", "a=b%20c&a=d", ""),
        request("GET", "/orders/8", "", ""),
        request("POST", "/echo", "", "rope \u{e9}"),
        request("GET", "/orders/x", "", ""),
        request("GET", "/nowhere", "", ""),
        request("PUT", "/echo", "", ""),
    ];
    let answers = answers(&events);
    let statuses: Vec<_> = answers
        .iter()
        .map(|answer| answer["statusCode"].clone())
        .collect();
    assert_eq!(statuses, [200, 200, 200, 400, 404, 405]);
    let json = |n: usize| -> Value {
        serde_json::from_str(answers[n]["body"].as_str().expect("a text")).expect("JSON")
    };
    let query = [["a", "b c"], ["a", "d"]];
    assert_eq!(
        json(0),
        json!({"id": 7, "query": query, "agent": "test", "count": 1})
    );
    assert_eq!(json(1)["count"], 2);
    assert_eq!(answers[2]["body"], "rope \u{e9}");
    for answer in &answers {
        assert_eq!(answer["headers"]["x-front-end"], "Some(ApiGatewayV2)");
    }
}

#[test]
fn a_response_that_waits_is_collected_as_bytes() {
    let mut rest = aws_event("apigw-request-multi-value-parameters");
    rest["path"] = json!("/slow");
    rest["httpMethod"] = json!("GET");
    let answer = &answers(&[rest])[0];
    assert_eq!(answer["statusCode"], 200);
    assert_eq!(
        answer["multiValueHeaders"]["x-front-end"],
        json!(["Some(ApiGatewayV1)"])
    );
    assert_eq!(answer["body"], "//4=");
    assert_eq!(answer["isBase64Encoded"], true);
}
