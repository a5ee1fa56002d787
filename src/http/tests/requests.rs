use serde_json::{Value, json};

use crate::http::*;

#[track_caller]
fn read(event: &Value) -> Request<Body> {
    request(event.to_string().as_bytes()).unwrap()
}

#[track_caller]
fn refused(event: &Value) -> String {
    let error = request(event.to_string().as_bytes()).unwrap_err();
    assert_eq!(error.error_type(), "Runtime.InvalidEvent", "{event}");
    error.message().to_owned()
}

fn origin(request: &Request<Body>) -> &Origin {
    request.extensions().get().unwrap()
}

fn headers(request: &Request<Body>) -> Vec<(&str, &str)> {
    let headers = request.headers().iter();
    headers
        .map(|(name, value)| (name.as_str(), value.to_str().unwrap()))
        .collect()
}

fn v1() -> Value {
    json!({
        "resource": "/orders/{id}",
        "path": "/orders/a%20b",
        "httpMethod": "PUT",
        "headers": { "X-Two": "2", "Host": "h" },
        "multiValueHeaders": { "X-Two": ["1", "2"], "Host": ["h"] },
        "queryStringParameters": { "q": "2" },
        "multiValueQueryStringParameters": { "q": ["1&", "2"], "r": ["é"] },
        "pathParameters": { "id": "a b" },
        "stageVariables": { "table": "t" },
        "requestContext": { "stage": "prod", "identity": { "sourceIp": "192.0.2.1" } },
        "body": "aGk=",
        "isBase64Encoded": true,
    })
}

fn v2() -> Value {
    json!({
        "version": "2.0",
        "routeKey": "GET /orders",
        "rawPath": "/prod/orders",
        "rawQueryString": "a=1&a=%20&b",
        "headers": { "x-two": "1,2", "cookie": "old=1" },
        "cookies": ["c=1", "d=2"],
        "requestContext": {
            "stage": "prod",
            "http": { "method": "GET", "path": "/prod/orders", "sourceIp": "2001:db8::1" },
        },
        "isBase64Encoded": false,
    })
}

fn load_balancer() -> Value {
    json!({
        "requestContext": { "elb": { "targetGroupArn": "arn" } },
        "httpMethod": "POST",
        "path": "/a%2Fb",
        "queryStringParameters": { "q%5B%5D": "a%20b+c" },
        "headers": { "x-forwarded-for": "203.0.113.9, 192.0.2.2" },
        "body": "text",
        "isBase64Encoded": false,
    })
}

#[test]
fn payload_1_0_becomes_a_request() {
    let request = read(&v1());
    assert_eq!(request.method(), Method::PUT);
    assert_eq!(request.uri(), "/orders/a%20b?q=1%26&q=2&r=%C3%A9");
    assert_eq!(
        headers(&request),
        [("host", "h"), ("x-two", "1"), ("x-two", "2")]
    );
    assert_eq!(request.body().text(), Ok("hi"));
    let origin = origin(&request);
    assert_eq!(origin.front_end(), FrontEnd::ApiGatewayV1);
    assert_eq!(origin.route(), Some("/orders/{id}"));
    assert_eq!(origin.stage(), Some("prod"));
    assert_eq!(origin.source_ip(), Some("192.0.2.1"));
    assert_eq!(origin.path_parameter("id"), Some("a b"));
    assert_eq!(origin.stage_variable("table"), Some("t"));
    assert_eq!(origin.stage_variable("id"), None);
    assert_eq!(origin.without_stage("/prod/x"), "/prod/x");
}

#[test]
fn payload_1_0_has_nulls_where_there_is_nothing() {
    let mut event = v1();
    for name in [
        "multiValueHeaders",
        "multiValueQueryStringParameters",
        "pathParameters",
        "stageVariables",
        "body",
    ] {
        event[name] = Value::Null;
    }
    let request = read(&event);
    assert_eq!(request.uri(), "/orders/a%20b?q=2");
    assert_eq!(headers(&request), [("host", "h"), ("x-two", "2")]);
    assert!(request.body().is_empty());
    for name in ["headers", "queryStringParameters", "requestContext"] {
        event[name] = Value::Null;
    }
    let request = read(&event);
    assert_eq!(request.uri(), "/orders/a%20b");
    assert_eq!(headers(&request), []);
}

#[test]
fn payload_2_0_becomes_a_request() {
    let request = read(&v2());
    assert_eq!(request.method(), Method::GET);
    assert_eq!(request.uri(), "/prod/orders?a=1&a=%20&b");
    assert_eq!(
        headers(&request),
        [("cookie", "c=1; d=2"), ("x-two", "1,2")]
    );
    let origin = origin(&request);
    assert_eq!(origin.front_end(), FrontEnd::ApiGatewayV2);
    assert_eq!(origin.route(), Some("GET /orders"));
    assert_eq!(origin.source_ip(), Some("2001:db8::1"));
    assert_eq!(
        origin.request_context()["http"]["path"],
        json!("/prod/orders")
    );
    for (path, stripped) in [
        ("/prod/orders", "/orders"),
        ("/prod", "/"),
        ("/prod/", "/"),
        ("/production", "/production"),
        ("/", "/"),
    ] {
        assert_eq!(origin.without_stage(path), stripped);
    }
}

#[test]
fn a_load_balancers_event_becomes_a_request() {
    let request = read(&load_balancer());
    assert_eq!(request.uri(), "/a%2Fb?q%5B%5D=a%20b+c");
    assert_eq!(request.body().text(), Ok("text"));
    let single = origin(&request);
    assert_eq!(single.front_end(), FrontEnd::LoadBalancer);
    assert_eq!(single.source_ip(), Some("192.0.2.2"));
    assert_eq!(single.stage(), None);

    let mut event = load_balancer();
    event["headers"].take();
    event["queryStringParameters"].take();
    event["multiValueHeaders"] = json!({ "cookie": ["a=1", "b=2"] });
    event["multiValueQueryStringParameters"] = json!({ "q": ["%31", "2"] });
    let request = read(&event);
    assert_eq!(request.uri(), "/a%2Fb?q=%31&q=2");
    assert_eq!(headers(&request), [("cookie", "a=1"), ("cookie", "b=2")]);
    let multi = origin(&request);
    assert_eq!(multi.front_end(), FrontEnd::LoadBalancerMultiValue);
    assert_eq!(multi.source_ip(), None);
}

#[test]
fn bad_events_are_refused_with_what_is_bad() {
    type Case = (fn() -> Value, fn(&mut Value), &'static str);
    let cases: [Case; 12] = [
        (
            v1,
            |e| e["body"] = json!("a*"),
            "its body is Base64, and it is not",
        ),
        (
            v1,
            |e| e["body"] = json!("aGk"),
            "its body is Base64, and it is not",
        ),
        (v1, |e| e["body"] = json!(7), "not of the shape"),
        (
            v1,
            |e| e["httpMethod"] = json!("GE T"),
            "HTTP method \"GE T\"",
        ),
        (
            v1,
            |e| e["multiValueHeaders"] = json!({"a b": ["1"]}),
            "header name \"a b\"",
        ),
        (
            v1,
            |e| e["multiValueHeaders"] = json!({"a": ["1\r\nb: 2"]}),
            "header \"a\" has an",
        ),
        (
            v1,
            |e| e["methodArn"] = json!("arn"),
            "API Gateway authorizer",
        ),
        (v1, |e| e["version"] = json!("3.0"), "version \"3.0\""),
        (
            v1,
            |e| e["requestContext"]["connectionId"] = json!("c"),
            "WebSocket",
        ),
        (
            v2,
            |e| e["routeArn"] = json!("arn"),
            "API Gateway authorizer",
        ),
        (
            v2,
            |e| e["cookies"] = json!(["a\n"]),
            "header \"cookies\" has an",
        ),
        (
            v2,
            |e| e["requestContext"]["http"] = json!({}),
            "no HTTP method",
        ),
    ];
    for (event, spoil, says) in cases {
        let mut event = event();
        spoil(&mut event);
        let message = refused(&event);
        assert!(message.contains(says), "{says}: {message}");
    }
    let message = refused(&json!({ "Records": [] }));
    assert!(message.contains("no HTTP request of API Gateway"));
    assert!(refused(&json!([])).contains("an HTTP event, an object"));
    let error = request(b"{").unwrap_err();
    assert!(error.message().starts_with("the event is not JSON"));
}

#[test]
fn more_headers_than_can_be_held_are_refused() {
    let mut event = v1();
    let many = (0..40_000).map(|number| (format!("x-{number}"), json!(["v"])));
    event["multiValueHeaders"] = json!(many.collect::<serde_json::Map<_, _>>());
    assert!(refused(&event).contains("too many headers"));
}
