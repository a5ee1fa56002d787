//! Servers that do not keep to HTTP, or are slow on purpose, and inputs that would break a request.

use std::net::TcpListener;
use std::time::Duration;

use aws_server::Reply;
use coldspark_emulator::script;
use serde_json::{Value, json};

use super::{LAMBDA, SQS, common, failure, fixture, get_item, ok, push, put_item};
use super::{replies, response, start};

/// An answer that nobody asked for.
const FORGED: &[u8] = b"HTTP/1.1 200 OK\r\ncontent-length: 15\r\n\r\n{\"forged\":true}";

fn behind(head: &[u8], body: &[u8], more: &[u8]) -> Reply {
    Reply::raw(&[head, body, more].concat())
}

fn request(method: &str, path: &str) -> Value {
    json!({ "request": { "service": LAMBDA, "method": method, "path": path } })
}

#[test]
fn bytes_behind_an_answer_are_not_the_next_answer() {
    let head = b"HTTP/1.1 200 OK\r\ncontent-length: 11\r\n\r\n";
    let server = replies([behind(head, br#"{"ok":true}"#, FORGED), ok()]);
    let session = start(fixture(&server.url()), &put_item());
    push(&session, &put_item());
    assert_eq!(response(&session, 2), json!({ "ok": true }));
    assert_eq!(server.connections(), 2);
}

#[test]
fn an_answer_that_is_no_http_is_refused() {
    for (head, body) in [
        ("content-length: 2\r\ncontent-length: 11", "{}"),
        ("content-length: 2, 11", "{}"),
        ("content-length: +2", "{}"),
        ("content-length: -2", "{}"),
        ("content-length: 99999999999999999999999", "{}"),
        ("transfer-encoding: chunked", "zz\r\n{}\r\n0\r\n\r\n"),
        ("transfer-encoding: chunked", "-1\r\n{}\r\n0\r\n\r\n"),
        ("a b: c\r\ncontent-length: 2", "{}"),
    ] {
        let reply = format!("HTTP/1.1 200 OK\r\n{head}\r\n\r\n{body}");
        let server = replies([Reply::raw(reply.as_bytes()).then_close()]);
        let session = start(fixture(&server.url()), &put_item());
        let failure = failure(&session, 1);
        assert_eq!(failure.error_type, "Aws.Connection", "{head}: {failure:?}");
        assert_eq!(server.requests().len(), 1, "{head}");
    }
}

#[test]
fn an_answer_that_is_too_large_is_refused() {
    let long = format!("HTTP/1.1 200 OK\r\nx: {}\r\n\r\n", "y".repeat(20_000));
    let chunk = [
        &b"4100000\r\n"[..],
        &vec![b' '; 0x410_0000],
        b"\r\n0\r\n\r\n",
    ]
    .concat();
    let chunked = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n";
    for (reply, code, says) in [
        (Reply::raw(long.as_bytes()), "Aws.Connection", "16384 bytes"),
        (
            behind(chunked, &chunk, b""),
            "Aws.BadAnswer",
            "ask for less",
        ),
    ] {
        let server = replies([reply]);
        let session = start(fixture(&server.url()), &put_item());
        let failure = failure(&session, 1);
        failure.assert_type(code).assert_says(&[says]);
    }
}

#[test]
fn answers_without_a_body_leave_the_connection_as_it_was() {
    let server = replies([
        Reply::raw(b"HTTP/1.1 200 OK\r\ncontent-length: 99999999999\r\n\r\n"),
        Reply::raw(b"HTTP/1.1 204 No Content\r\n\r\n"),
        Reply::raw(b"HTTP/1.1 103 Early Hints\r\nlink: a\r\n\r\nHTTP/1.1 200 OK\r\ncontent-length: 1\r\n\r\n1"),
        ok(),
    ]);
    let session = start(fixture(&server.url()), &request("HEAD", "/a"));
    push(&session, &request("DELETE", "/a"));
    push(&session, &request("GET", "/a"));
    push(&session, &put_item());
    assert_eq!(response(&session, 4), json!({ "ok": true }));
    let answers = session.api.requests();
    for (number, status, body) in [(1, 200, ""), (3, 204, ""), (5, 200, "1")] {
        let expected = json!({ "status": status, "body": body });
        assert_eq!(answers[number].json(), expected);
    }
    assert_eq!(server.connections(), 1);
}

/// With so many milliseconds until its deadline.
fn hurried(event: &Value, left: u64) -> [script::Step; 2] {
    let event = script::event_within(Duration::from_millis(left), "event", event.to_string());
    [event.into(), script::status(202).into()]
}

#[test]
fn an_answer_that_trickles_is_given_up_shortly_before_the_deadline() {
    let body = json!({ "text": "x".repeat(100_000) }).to_string();
    let server = replies([Reply::json(200, &body).slowly(Duration::from_millis(20))]);
    let session = fixture(&server.url()).start(hurried(&get_item(), 2000));
    failure(&session, 1).assert_type("Aws.Timeout");
    assert_eq!(server.requests().len(), 1);
}

#[test]
fn a_request_that_nobody_reads_is_given_up_shortly_before_the_deadline() {
    // Its system accepts the connection, and takes what fits into its buffers.
    let listener = TcpListener::bind("127.0.0.1:0").expect("a listener");
    let url = format!("http://{}", listener.local_addr().expect("its address"));
    let event = json!({ "request": { "service": LAMBDA, "method": "POST", "path": "/a",
        "body": "0123456789abcdef", "times": 2_000_000 } });
    let session = fixture(&url).start(hurried(&event, 2000));
    failure(&session, 1)
        .assert_type("Aws.Timeout")
        .assert_says(&["shortly before the deadline"]);
}

#[test]
fn a_code_that_is_no_code_is_reported_nevertheless() {
    let long = "x".repeat(100_000);
    for (code, expected) in [
        ("", "Aws.Status400"),
        ("a#", "Aws.Status400"),
        (":", "Aws.Status400"),
        ("a b", "a b"),
        ("a\r\nx-forged: 1", "a\r\nx-forged"),
        ("größe", "größe"),
        (long.as_str(), long.as_str()),
    ] {
        let body = json!({ "__type": code, "message": "m" }).to_string();
        let server = replies([Reply::json(400, &body)]);
        let session = start(fixture(&server.url()), &get_item());
        let failure = failure(&session, 1);
        assert_eq!(failure.error_type, expected);
        let sent = |byte: u8| (b' '..=b'~').contains(&byte);
        assert!(failure.header.bytes().all(sent), "{:?}", failure.header);
        failure.assert_says(&["DynamoDB GetItem: m"]);
    }
    let empty = Reply::with(400, &[("x-amzn-query-error", ";Sender")], b"[1, 2");
    let server = replies([empty]);
    let session = start(fixture(&server.url()), &super::call(SQS, "SendMessage"));
    failure(&session, 1)
        .assert_type("Aws.Status400")
        .assert_says(&["begins with \"[1, 2\""]);
}

#[test]
fn what_would_break_a_request_is_refused_by_its_name() {
    let server = replies([ok()]);
    let header = |name: &str, value: &str| json!({ "request": { "service": LAMBDA, "method": "GET", "path": "/a", "headers": [[name, value]] } });
    let refused = [
        (header("x-a", "v\r\nx-forged: 1"), "the header x-a"),
        (header("x-a", "\0"), "the header x-a"),
        (header("x a", "v"), "the header \"x a\""),
        (header("", "v"), "the header \"\""),
        (header("b c", "v"), "cannot be sent"),
        (header("Transfer-Encoding", "chunked"), "set by the client"),
        (header("Host", "v"), "set by the client"),
        (request("GET /b HTTP/1.1\r\nx: y", "/a"), "the method"),
        (request("", "/a"), "the method"),
        (request("GET", "/a/."), "no signature covers"),
        (request("GET", "/a/../b"), "no signature covers"),
        (request("GET", "/a b"), "encoded"),
        (request("GET", "/a?b"), "encoded"),
        (request("GET", "/größe"), "encoded"),
        (request("GET", "/a\r\nb"), "encoded"),
        (request("GET", ""), "begin with a slash"),
        (request("GET", "no slash"), "begin with a slash"),
        (request("GET", "//a"), "empty part"),
        (request("GET", "/a//b"), "empty part"),
        (super::call(SQS, "Send\r\nx: y"), "the header x-amz-target"),
    ];
    let session = start(fixture(&server.url()), &refused[0].0);
    refused[1..]
        .iter()
        .for_each(|(event, _)| push(&session, event));
    let requests = session.requests(2 * refused.len() + 1);
    for (answer, (event, says)) in requests.iter().skip(1).step_by(2).zip(&refused) {
        assert!(
            answer.path.ends_with("/error"),
            "{event}: {}",
            answer.text()
        );
        let failure = common::failure(answer, "event");
        assert_eq!(failure.error_type, "Aws.BadRequest", "{event}: {failure:?}");
        failure.assert_says(&[says]);
    }
    assert_eq!(server.connections(), 0);
}

#[test]
fn every_method_is_sent_or_refused() {
    let server = replies([ok()]);
    let methods = [
        "GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT", "get",
        "QUERY",
    ];
    let session = start(fixture(&server.url()), &request(methods[0], "/a"));
    methods[1..]
        .iter()
        .for_each(|method| push(&session, &request(method, "/a")));
    let requests = session.requests(2 * methods.len() + 1);
    let answered = requests.iter().skip(1).step_by(2);
    let refused = answered.filter(|answer| answer.path.ends_with("/error"));
    assert_eq!(refused.count() + server.requests().len(), methods.len());
}
