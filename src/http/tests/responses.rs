use serde_json::{Value, json};

use crate::error::Error;
use crate::http::*;

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
        json!({ "statusCode": 200, "headers": {}, "body": "/wD+", "isBase64Encoded": true })
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
    check(prelude(&status().into_parts().0), "status 600");
    let opaque = HeaderValue::from_bytes(b"\xff").unwrap();
    let opaque = Response::builder().header("x-opaque", opaque).body(());
    let opaque = opaque.unwrap();
    check(
        prelude(&opaque.into_parts().0),
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
