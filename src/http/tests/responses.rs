use serde_json::{Value, json};

use crate::error::Error;
use crate::http::*;
use crate::stream::Prelude;

fn answer(front_end: FrontEnd, build: fn(::http::response::Builder) -> Response<Body>) -> Value {
    let json = response(build(Response::builder()), front_end).unwrap();
    serde_json::from_slice(&json).unwrap()
}

fn full(builder: ::http::response::Builder) -> Response<Body> {
    let builder = builder
        .status(201)
        .header("x-two", "1")
        .header("x-two", "é");
    let builder = builder.header("set-cookie", "a=1");
    builder.body("text".into()).unwrap()
}

#[test]
fn each_front_end_gets_its_own_answer() {
    let lists = json!({ "x-two": ["1", "é"], "set-cookie": ["a=1"] });
    assert_eq!(
        answer(FrontEnd::ApiGatewayV1, full),
        json!({
            "statusCode": 201, "multiValueHeaders": lists,
            "body": "text", "isBase64Encoded": false,
        })
    );
    assert_eq!(
        answer(FrontEnd::ApiGatewayV2, full),
        json!({
            "statusCode": 201, "headers": { "x-two": "1, é" }, "cookies": ["a=1"],
            "body": "text", "isBase64Encoded": false,
        })
    );
    assert_eq!(
        answer(FrontEnd::LoadBalancer, full),
        json!({
            "statusCode": 201, "statusDescription": "201 Created",
            "headers": { "x-two": "1, é", "set-cookie": "a=1" },
            "body": "text", "isBase64Encoded": false,
        })
    );
    assert_eq!(
        answer(FrontEnd::LoadBalancerMultiValue, full),
        json!({
            "statusCode": 201, "statusDescription": "201 Created", "multiValueHeaders": lists,
            "body": "text", "isBase64Encoded": false,
        })
    );
}

#[test]
fn bytes_that_are_no_text_go_as_base64() {
    let json = answer(FrontEnd::ApiGatewayV2, |builder| {
        builder.body(vec![0xff, 0, 0xfe].into()).unwrap()
    });
    assert_eq!(
        json,
        json!({
            "statusCode": 200, "headers": {}, "cookies": [],
            "body": "/wD+", "isBase64Encoded": true,
        })
    );
}

#[test]
fn what_no_front_end_takes_is_refused() {
    let check = |response: Result<Vec<u8>, Error>, says: &str| {
        let error = response.unwrap_err();
        assert_eq!(error.error_type(), "Runtime.InvalidResponse");
        assert!(error.message().contains(says), "{error}");
    };
    let status = || Response::builder().status(600).body(()).unwrap();
    check(response(status(), FrontEnd::ApiGatewayV1), "status 600");
    let opaque = HeaderValue::from_bytes(b"\xff").unwrap();
    let opaque = Response::builder().header("x-opaque", opaque).body(());
    check(
        response(opaque.unwrap(), FrontEnd::ApiGatewayV1),
        "header x-opaque has a value",
    );
    let cookies = || {
        let two = Response::builder().header("set-cookie", "a=1");
        two.header("set-cookie", "b=2").body(()).unwrap()
    };
    check(
        response(cookies(), FrontEnd::LoadBalancer),
        "2 Set-Cookie headers",
    );
    assert!(response(cookies(), FrontEnd::LoadBalancerMultiValue).is_ok());
}

/// The prelude of a response with this status and these headers, as text, or the reason why it cannot be made.
fn prelude(status: u16, headers: &[(&str, &[u8])]) -> Result<String, String> {
    let mut response = Response::builder().status(status);
    for (name, value) in headers {
        response = response.header(*name, *value);
    }
    let (parts, ()) = response.body(()).unwrap().into_parts();
    let prelude = Prelude::try_from(&parts).map_err(|refused| refused.to_string())?;
    Ok(serde_json::to_string(&prelude).unwrap())
}

#[test]
fn the_parts_of_a_response_become_a_prelude() {
    let headers: [(&str, &[u8]); 4] = [
        ("content-type", b"text/plain"),
        ("x-two", b"1"),
        ("set-cookie", b"a=1"),
        ("x-two", "é".as_bytes()),
    ];
    let two_cookies = [&headers[..], &[("set-cookie", b"b=2")]].concat();
    let json = r#"{"statusCode":206,"headers":{"content-type":"text/plain","x-two":"1, é"},"cookies":["a=1","b=2"]}"#;
    assert_eq!(prelude(206, &two_cookies).unwrap(), json);
    let bare = r#"{"statusCode":200,"headers":{},"cookies":[]}"#;
    assert_eq!(prelude(200, &[]).unwrap(), bare);
    let opaque = prelude(200, &[("x-opaque", b"\xff")]).unwrap_err();
    assert!(opaque.contains("x-opaque is not UTF-8"), "{opaque}");
}

#[test]
fn whole_and_streamed_responses_take_the_same_statuses() {
    for status in [100, 101, 103, 199, 200, 204, 304, 418, 599, 600, 999] {
        let built = || Response::builder().status(status).body(()).unwrap();
        for front_end in [
            FrontEnd::ApiGatewayV1,
            FrontEnd::ApiGatewayV2,
            FrontEnd::LoadBalancer,
            FrontEnd::LoadBalancerMultiValue,
        ] {
            let whole = response(built(), front_end).map_err(|error| error.message().to_owned());
            let streamed = prelude(status, &[]);
            assert_eq!(whole.is_ok(), (200..=599).contains(&status), "{status}");
            assert_eq!(whole.err(), streamed.err(), "{status}");
        }
    }
}

#[test]
fn a_load_balancer_takes_one_megabyte_of_json() {
    const MAX: usize = 1024 * 1024;
    let of = |length: usize, front_end| response(Response::new("x".repeat(length)), front_end);
    for front_end in [FrontEnd::LoadBalancer, FrontEnd::LoadBalancerMultiValue] {
        let around = of(0, front_end).unwrap().len();
        assert_eq!(of(MAX - around, front_end).unwrap().len(), MAX);
        let refused = of(MAX + 1 - around, front_end).unwrap_err();
        assert_eq!(refused.error_type(), "Function.ResponseSizeTooLarge");
        assert!(refused.message().contains("1048577 bytes"), "{refused}");
        // Bytes count as what Base64 makes of them.
        let bytes = vec![0xff_u8; MAX / 4 * 3];
        assert!(response(Response::new(bytes), front_end).is_err());
    }
    for front_end in [FrontEnd::ApiGatewayV1, FrontEnd::ApiGatewayV2] {
        assert!(of(2 * MAX, front_end).is_ok());
    }
}

#[test]
fn values_become_responses_with_their_type_and_bytes() {
    let response = Json(json!({ "a": [1] })).into_response().unwrap();
    assert_eq!(response.headers()["content-type"], "application/json");
    assert_eq!(**response.body(), *br#"{"a":[1]}"#);
    for response in ["text".into_response(), "text".to_owned().into_response()] {
        let response = response.unwrap();
        assert_eq!(
            response.headers()["content-type"],
            "text/plain; charset=utf-8"
        );
        assert_eq!(**response.body(), *b"text");
    }
    let response = vec![0xff].into_response().unwrap();
    assert_eq!(
        response.headers()["content-type"],
        "application/octet-stream"
    );
    assert_eq!(**response.body(), [0xff]);
}
