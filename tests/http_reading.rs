//! What a handler reads of a request as types, and what it answers without a builder.

mod common;

use coldspark_emulator::script;
use common::{aws_event, aws_events, failure, function};
use serde_json::{Value, json};

/// The answers of this handler of fixture-events.
#[track_caller]
fn answers(handler: &str, events: &[Value]) -> Vec<Value> {
    common::answers(function("fixture-events").handler(handler), events)
}

/// A request of a function URL.
fn request(path: &str, query: &str, content_type: &str, body: &str) -> Value {
    json!({"version": "2.0", "rawPath": path, "rawQueryString": query,
        "headers": {"content-type": content_type}, "body": body,
        "requestContext": {"http": {"method": "POST"}, "stage": "$default"}})
}

/// Status and body of the answers.
#[track_caller]
fn parsed(events: &[Value]) -> Vec<(u64, String)> {
    let answers = answers("parsed", events);
    let read = |answer: Value| {
        let status = answer["statusCode"].as_u64().expect("a status");
        (status, answer["body"].as_str().expect("a text").to_owned())
    };
    answers.into_iter().map(read).collect()
}

#[test]
fn json_forms_and_queries_become_types() {
    const FORM: &str = "application/x-www-form-urlencoded";
    let order = r#"{"article":"rope & \u00e9","quantity":2,"tags":["a b","c"]}"#;
    let form = "article=rope+%26+%C3%A9&quantity=2&tags=a+b&tags=c";
    let events = [
        request("/json", "", "application/json", order),
        request(
            "/json",
            "",
            "Application/Merge-Patch+JSON; charset=utf-8",
            order,
        ),
        request("/form", "", FORM, form),
        request(
            "/form",
            "",
            "application/x-www-form-urlencoded; charset=UTF-8",
            form,
        ),
        request("/query", form, "", ""),
    ];
    for (status, body) in parsed(&events) {
        assert_eq!(status, 200, "{body}");
        let body: Value = serde_json::from_str(&body).expect("JSON");
        let expected = json!({"article": "rope & \u{e9}", "quantity": 2, "tags": ["a b", "c"]});
        assert_eq!(body, expected);
    }
}

#[test]
fn what_does_not_fit_is_the_callers_mistake() {
    const JSON: &str = "application/json";
    const FORM: &str = "application/x-www-form-urlencoded";
    let quantity = r#"{"article":"a","quantity":"2"}"#;
    let events = [
        (
            request("/json", "", JSON, quantity),
            400,
            "quantity: invalid type",
        ),
        (request("/json", "", JSON, "{"), 400, "EOF while parsing"),
        (
            request("/json", "", "text/plain", "{}"),
            415,
            "not supported; send application/json",
        ),
        (
            request("/json", "", "", "{}"),
            415,
            "no content type; send application/json",
        ),
        (
            request("/form", "", JSON, "{}"),
            415,
            "send application/x-www-form-urlencoded",
        ),
        (
            request("/form", "", FORM, "article=a"),
            400,
            "missing field `quantity`",
        ),
        (
            request("/query", "article=a&quantity=x", "", ""),
            400,
            "the query string does not fit",
        ),
    ];
    let made: Vec<_> = events.iter().map(|(event, ..)| event.clone()).collect();
    for ((status, body), (event, expected, text)) in parsed(&made).iter().zip(&events) {
        assert_eq!(status, expected, "{event} {body}");
        assert!(body.contains(text), "no {text:?} in {body:?}");
    }
}

#[test]
fn parameters_and_the_authorizer_have_names() {
    let mut rest = aws_event("apigw-request-multi-value-parameters");
    rest["path"] = json!("/other");
    let said: Value = serde_json::from_str(&parsed(&[rest])[0].1).expect("JSON");
    assert_eq!(said["parameters"], json!({"proxy": "hello/world"}));
    assert_eq!(said["first"], "me");
    assert_eq!(said["all"], json!(["me", "me2"]));
    let mut http = request("/other", "name=a%20b&name=c+d&x", "", "");
    http["pathParameters"] = json!({"id": "7"});
    http["stageVariables"] = json!({"table": "orders"});
    http["requestContext"]["authorizer"] = json!({"jwt": {"claims": {"sub": "ada"}}});
    let said: Value = serde_json::from_str(&parsed(&[http])[0].1).expect("JSON");
    assert_eq!(said["parameters"], json!({"id": "7"}));
    assert_eq!(said["variables"], json!({"table": "orders"}));
    assert_eq!(said["authorizer"]["jwt"]["claims"]["sub"], "ada");
    assert_eq!(said["all"], json!(["a b", "c d"]));
    assert_eq!(said["count"], 3);
}

#[test]
fn responses_need_no_builder() {
    let event = request("/", "", "", "");
    let redirect = &answers("redirect", std::slice::from_ref(&event))[0];
    assert_eq!(redirect["statusCode"], 303);
    assert_eq!(redirect["headers"]["location"], "/orders");
    let status = &answers("status", &[event])[0];
    assert_eq!(status["statusCode"], 404);
    assert_eq!(status["body"], "nothing here");
    assert_eq!(
        status["headers"]["content-type"],
        "text/plain; charset=utf-8"
    );
}

#[test]
fn vpc_lattice_gets_its_form() {
    let names = aws_events("vpc-lattice-v2-request");
    assert!(names.len() >= 3, "{names:?}");
    let events: Vec<_> = names.iter().map(|name| aws_event(name)).collect();
    for (answer, event) in answers("request", &events).iter().zip(&events) {
        assert_eq!(answer["statusCode"], 200);
        assert_eq!(answer["statusDescription"], "200 OK");
        let said = answer["body"].as_str().expect("a text");
        let said: Value = serde_json::from_str(said).expect("JSON");
        assert_eq!(said["front_end"], "VpcLattice");
        assert_eq!(said["method"], event["method"]);
        let uri = said["uri"].as_str().expect("a text");
        let path = event["path"].as_str().expect("a path");
        assert!(uri.starts_with(path) && uri.contains('?'), "{uri}");
        assert_eq!(said["source_ip"], event["headers"]["x-forwarded-for"][0]);
    }
}

#[test]
fn websockets_connect_talk_and_end() {
    let mut connect = aws_event("apigw-websocket-request");
    connect["requestContext"]["eventType"] = json!("CONNECT");
    let mut message = connect.clone();
    message["requestContext"]["eventType"] = json!("MESSAGE");
    message["requestContext"]["routeKey"] = json!("$default");
    message["body"] = json!("aGVsbG8=");
    message["isBase64Encoded"] = json!(true);
    let end = aws_event("apigw-websocket-request-disconnect-route");
    let said = answers("websocket", &[connect, message.clone(), end]);
    assert_eq!(said[0], json!({"statusCode": 200}));
    assert_eq!(said[2], json!({"statusCode": 200}));
    let context = &message["requestContext"];
    let text = said[1]["body"].as_str().expect("a text");
    let id = context["connectionId"].as_str().expect("an id");
    assert!(text.starts_with(id) && text.ends_with(" hello"), "{text}");
    assert!(text.contains("Some(\"$default\")"), "{text}");
    let session = function("fixture-events")
        .handler("websocket")
        .start(script::exchange("e", request("/", "", "", "").to_string()));
    let refused = failure(&session.requests(3)[1], "e");
    refused.assert_type("Runtime.InvalidEvent");
    refused.assert_says(&["eventType is not CONNECT, MESSAGE or DISCONNECT"]);
}
