//! What answers become.

use aws_server::Reply;
use serde_json::json;

use super::{DYNAMODB, SQS, call, failure, fixture, get_item, put_item, replies, response, start};

#[test]
fn the_code_of_a_service_is_the_error_type() {
    let server = replies([Reply::error(400, "ResourceNotFoundException", "no table t")]);
    let session = start(fixture(&server.url()), &get_item());
    let failure = failure(&session, 1);
    assert_eq!(failure.header, "Function.ResourceNotFoundException");
    assert_eq!(failure.error_type, "ResourceNotFoundException");
    assert_eq!(
        failure.message,
        "DynamoDB GetItem: no table t (status 400, request REQUEST-1)"
    );
    assert_eq!(server.requests().len(), 1);
}

#[test]
fn a_handler_reads_what_an_error_has() {
    let caught = json!({ "caught": [DYNAMODB, "PutItem", {}] });
    let server = replies([Reply::error(
        409,
        "ConditionalCheckFailedException",
        "taken",
    )]);
    let session = start(fixture(&server.url()), &caught);
    assert_eq!(
        response(&session, 1),
        json!(["ConditionalCheckFailedException", "taken", 409, "REQUEST-1"])
    );
    let server = replies([Reply::nothing()]);
    let session = start(fixture(&server.url()), &caught);
    let read = response(&session, 1);
    assert_eq!(
        (&read[0], &read[2]),
        (&json!("Aws.Connection"), &json!(null))
    );
}

#[test]
fn a_code_is_found_wherever_a_service_puts_it() {
    let in_header =
        |name: &str, value: &str| Reply::with(400, &[(name, value)], br#"{"message":"m"}"#);
    for (reply, code) in [
        (in_header("x-amzn-errortype", "A.B:http://c"), "A.B"),
        (
            in_header(
                "x-amzn-query-error",
                "AWS.SimpleQueueService.NonExistentQueue;Sender",
            ),
            "AWS.SimpleQueueService.NonExistentQueue",
        ),
        (Reply::json(400, r#"{"code":"C","Message":"m"}"#), "C"),
        (Reply::json(418, r#"{"message":"m"}"#), "Aws.Status418"),
    ] {
        let server = replies([reply]);
        let session = start(fixture(&server.url()), &call(SQS, "SendMessage"));
        let failure = failure(&session, 1);
        assert_eq!(failure.error_type, code);
        failure.assert_says(&["SQS SendMessage: m"]);
    }
}

#[test]
fn errors_say_what_to_do() {
    for (reply, code, says) in [
        (
            Reply::error(400, "UnknownOperationException", ""),
            "UnknownOperationException",
            "API reference",
        ),
        (
            Reply::error(400, "AccessDeniedException", "no"),
            "AccessDeniedException",
            "no; the function's role must",
        ),
        (
            Reply::error(400, "UnrecognizedClientException", ""),
            "UnrecognizedClientException",
            "credentials",
        ),
        (
            Reply::error(400, "ExpiredTokenException", ""),
            "ExpiredTokenException",
            "expired",
        ),
        (
            Reply::with(413, &[], b"<html>too large</html>"),
            "Aws.Status413",
            "send less, or put it into S3",
        ),
        (
            Reply::with(302, &[("location", "http://elsewhere/")], b"<a>moved</a>"),
            "Aws.Status302",
            "begins with \"<a>moved</a>\"",
        ),
        (
            Reply::json(200, "[1"),
            "Aws.BadAnswer",
            "not what the caller expects",
        ),
        (
            Reply::raw(b"HTTP/1.1 200 OK\r\ncontent-length: 99999999999\r\n\r\n"),
            "Aws.BadAnswer",
            "ask for less",
        ),
        (
            Reply::raw(b"nonsense\r\n\r\n").then_close(),
            "Aws.Connection",
            "no valid answer",
        ),
        (
            Reply::raw(b"HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhalf").then_close(),
            "Aws.Connection",
            "PutItem",
        ),
    ] {
        let server = replies([reply]);
        let session = start(fixture(&server.url()), &put_item());
        let failure = failure(&session, 1);
        assert_eq!(failure.error_type, code, "{failure:?}");
        failure.assert_says(&[says]);
        assert_eq!(server.requests().len(), 1, "{code}");
    }
}

#[test]
fn an_answer_without_a_body_is_an_empty_object() {
    let server = replies([Reply::with(200, &[], b"")]);
    let session = start(fixture(&server.url()), &put_item());
    assert_eq!(response(&session, 1), json!({}));
}
