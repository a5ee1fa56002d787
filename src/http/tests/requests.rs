use serde_json::{Value, json};

use super::*;

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
    assert_eq!(address(origin).as_deref(), Some("192.0.2.1"));
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
    assert_eq!(address(origin).as_deref(), Some("2001:db8::1"));
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
    assert_eq!(address(single).as_deref(), Some("192.0.2.2"));
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
fn what_is_missing_in_the_lists_comes_from_the_single_values() {
    let mut event = v1();
    event["headers"] = json!({ "X-Two": "2", "HOST": "h", "x-one": "1", "x-null": "n" });
    event["multiValueHeaders"] = json!({ "x-two": ["1", null, "2"], "x-null": null });
    event["queryStringParameters"] = json!({ "q": "2", "r": "3", "Q": "4" });
    event["multiValueQueryStringParameters"] = json!({ "q": ["1", "2"], "r": [] });
    let merged = [
        ("host", "h"),
        ("x-null", "n"),
        ("x-one", "1"),
        ("x-two", "1"),
        ("x-two", "2"),
    ];
    let sorted = |request: &Request<Body>| -> Vec<(String, String)> {
        let own = |(name, value): (&str, &str)| (name.to_owned(), value.to_owned());
        let mut all: Vec<_> = headers(request).into_iter().map(own).collect();
        all.sort();
        all
    };
    let request = read(&event);
    let merged = merged.map(|(name, value)| (name.to_owned(), value.to_owned()));
    assert_eq!(sorted(&request), merged);
    assert_eq!(request.uri(), "/orders/a%20b?q=1&q=2&Q=4&r=3");

    event["multiValueHeaders"] = json!({});
    event["multiValueQueryStringParameters"] = json!({});
    let request = read(&event);
    assert_eq!(headers(&request).len(), 4);
    assert_eq!(request.uri(), "/orders/a%20b?Q=4&q=2&r=3");
}

#[test]
fn a_null_is_not_there() {
    let mut event = v1();
    for name in ["connectionId", "elb", "http"] {
        event["requestContext"][name] = Value::Null;
    }
    for name in ["methodArn", "routeArn", "version", "rawPath", "cookies"] {
        event[name] = Value::Null;
    }
    assert_eq!(
        origin(&read(&event)).front_end(),
        FrontEnd::ApiGatewayV1,
        "{event}"
    );
    let mut event = v2();
    event["requestContext"]["connectionId"] = Value::Null;
    assert_eq!(origin(&read(&event)).front_end(), FrontEnd::ApiGatewayV2);
    let mut event = load_balancer();
    event["multiValueHeaders"] = json!({});
    let request = read(&event);
    assert_eq!(origin(&request).front_end(), FrontEnd::LoadBalancer);
    assert_eq!(headers(&request).len(), 1);
}

#[test]
fn only_an_http_api_has_a_named_stage_in_the_path() {
    let stripped = |event: &Value| {
        let request = read(event);
        let path = request.uri().path().to_owned();
        origin(&request).without_stage(&path).to_owned()
    };
    let mut rest = v1();
    rest["path"] = json!("/prod/orders");
    assert_eq!(stripped(&rest), "/prod/orders");
    let mut http = rest.clone();
    http["version"] = json!("1.0");
    assert_eq!(stripped(&http), "/orders");
    assert_eq!(stripped(&v2()), "/orders");
    for event in [&mut http, &mut v2()] {
        event["requestContext"]["stage"] = json!("$default");
        event["path"] = json!("/$default/orders");
        event["rawPath"] = json!("/$default/orders");
        assert_eq!(stripped(event), "/$default/orders");
    }
}
