//! What is sent.

use aws_server::Reply;
use coldspark_emulator::script;
use serde_json::json;

use super::{
    DYNAMODB, LAMBDA, SQS, call, failure, fixture, get_item, ok, push, replies, response, start,
};

#[test]
fn a_call_is_signed_json_and_carries_the_trace() {
    let server = replies([ok()]);
    let session = start(fixture(&server.url()), &get_item());
    assert_eq!(response(&session, 1), json!({ "ok": true }));
    let request = &server.requests()[0];
    assert_eq!((&*request.method, &*request.path), ("POST", "/"));
    assert_eq!(request.text(), r#"{"TableName":"t"}"#);
    for (name, value) in [
        ("host", server.address().as_str()),
        ("content-type", "application/x-amz-json-1.0"),
        ("x-amz-target", "DynamoDB_20120810.GetItem"),
        ("x-amz-security-token", "TOKENTEST"),
        ("x-amzn-trace-id", script::TRACE_ID),
        ("content-length", "17"),
    ] {
        assert_eq!(request.header(name), Some(value), "{name}");
    }
    let signature = request.header("authorization").expect("a signature");
    assert!(
        signature.starts_with("AWS4-HMAC-SHA256 Credential=AKIDTEST/"),
        "{signature}"
    );
    assert!(
        signature.contains("/eu-central-1/dynamodb/aws4_request, "),
        "{signature}"
    );
    let signed = "SignedHeaders=content-type;host;x-amz-date;x-amz-security-token;x-amz-target,";
    assert!(signature.contains(signed), "{signature}");
    assert!(!format!("{request:?}").contains("SECRETTEST"));
}

#[test]
fn one_connection_serves_all_calls_and_services() {
    let server = replies([ok()]);
    let session = start(fixture(&server.url()), &get_item());
    push(&session, &call(SQS, "SendMessage"));
    push(&session, &call(DYNAMODB, "UpdateItem"));
    response(&session, 3);
    let requests = server.requests();
    assert_eq!(requests.len(), 3);
    assert_eq!(
        requests[1].header("x-amz-target"),
        Some("AmazonSQS.SendMessage")
    );
    assert!(requests.iter().all(|request| request.connection == 1));
}

#[test]
fn what_prints_clients_and_credentials_shows_no_secret() {
    let server = replies([ok()]);
    let session = start(fixture(&server.url()), &json!("print"));
    let text = response(&session, 1).to_string();
    assert!(text.contains("AKIDTEST"), "{text}");
    assert!(
        !text.contains("SECRETTEST") && !text.contains("TOKENTEST"),
        "{text}"
    );
}

#[test]
fn a_rest_request_has_its_path_query_headers_and_body() {
    let server = replies([Reply::with(202, &[], b"taken")]);
    let event = json!({ "request": {
        "service": LAMBDA,
        "method": "POST",
        "path": "/2015-03-31/functions/arn%3Aaws%3Alambda/invocations",
        "query": [["Qualifier", "a b/c"], ["A", ""]],
        "headers": [["X-Amz-Invocation-Type", "Event"]],
        "body": "{}",
    }});
    let session = start(fixture(&server.url()), &event);
    assert_eq!(
        response(&session, 1),
        json!({ "status": 202, "body": "taken" })
    );
    let request = &server.requests()[0];
    assert_eq!(
        request.path,
        "/2015-03-31/functions/arn%3Aaws%3Alambda/invocations?A=&Qualifier=a%20b%2Fc"
    );
    assert_eq!(request.header("x-amz-invocation-type"), Some("Event"));
    assert_eq!(request.header("x-amzn-trace-id"), Some(script::TRACE_ID));
    assert_eq!(request.text(), "{}");
}

#[test]
fn a_service_without_operations_is_refused_with_what_to_do() {
    let server = replies([ok()]);
    let session = start(fixture(&server.url()), &call(LAMBDA, "Invoke"));
    failure(&session, 1)
        .assert_type("Aws.BadRequest")
        .assert_says(&["Client::request"]);
}
