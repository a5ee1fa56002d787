//! Failures that are tried again, and those that are not.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use aws_server::{Reply, Server};
use coldspark_emulator::script;
use serde_json::{Value, json};

use super::{
    DYNAMODB, KMS, SQS, STEP_FUNCTIONS, call, date, failure, fixture, get_item, ok, push, put_item,
    replies, response, start,
};

fn broken(status: u16) -> Reply {
    Reply::error(status, "InternalServerError", "on purpose")
}

fn throttled(after: &str) -> Reply {
    let body = br#"{"__type":"ThrottlingException"}"#;
    Reply::with(400, &[("x-amz-retry-after", after)], body)
}

#[test]
fn errors_of_the_server_are_tried_again() {
    let server = replies([broken(500), broken(503), ok()]);
    let session = start(fixture(&server.url()), &call(SQS, "SendMessage"));
    assert_eq!(response(&session, 1), json!({ "ok": true }));
    assert_eq!(server.requests().len(), 3);
}

#[test]
fn attempts_end() {
    for (service, set, expected) in [
        (SQS, None, 3),
        (DYNAMODB, None, 4),
        (SQS, Some("1"), 1),
        (SQS, Some("5"), 5),
        (SQS, Some("nonsense"), 3),
    ] {
        let server = replies([broken(500)]);
        let mut function = fixture(&server.url());
        if let Some(set) = set {
            function = function.env("AWS_MAX_ATTEMPTS", set);
        }
        let session = start(function, &call(service, "ListThings"));
        assert_eq!(failure(&session, 1).error_type, "InternalServerError");
        assert_eq!(server.requests().len(), expected, "{service} {set:?}");
    }
}

#[test]
fn a_throttled_request_is_tried_again() {
    let server = replies([throttled("0"), Reply::with(429, &[], b""), ok()]);
    let session = start(fixture(&server.url()), &get_item());
    assert_eq!(response(&session, 1), json!({ "ok": true }));
    assert_eq!(server.requests().len(), 3);
}

#[test]
fn an_error_of_the_caller_is_not_tried_again() {
    for status in [400, 403, 404, 501] {
        let server = replies([broken(status)]);
        let session = start(fixture(&server.url()), &get_item());
        failure(&session, 1);
        assert_eq!(server.requests().len(), 1, "{status}");
    }
}

#[test]
fn without_an_answer_only_what_may_be_done_twice_is_sent_again() {
    let twice = json!({ "repeatable": [DYNAMODB, "PutItem", {}] });
    let rest =
        |method: &str| json!({ "request": { "service": 10, "method": method, "path": "/a" } });
    for (event, again) in [
        (get_item(), true),
        (call(SQS, "ListQueues"), true),
        (put_item(), false),
        (call(SQS, "ReceiveMessage"), false),
        // It hands the task to a worker.
        (call(STEP_FUNCTIONS, "GetActivityTask"), false),
        (call(KMS, "VerifyMac"), true),
        (twice, true),
        (rest("GET"), true),
        (rest("POST"), false),
    ] {
        let server = replies([Reply::nothing(), ok()]);
        let session = start(fixture(&server.url()), &event);
        if again {
            response(&session, 1);
        } else {
            let failure = failure(&session, 1);
            failure
                .assert_type("Aws.Connection")
                .assert_says(&["closed"]);
        }
        assert_eq!(server.requests().len(), 1 + usize::from(again), "{event}");
    }
}

#[test]
fn without_a_connection_everything_is_tried_again() {
    let refusing = super::common::Refusing::new();
    let session = start(
        fixture(&format!("http://{}", refusing.address())),
        &put_item(),
    );
    let failure = failure(&session, 1);
    failure
        .assert_type("Aws.Connection")
        .assert_says(&["cannot connect to 127.0.0.1", "refused"]);
}

/// With so many milliseconds until its deadline.
fn hurried(event: &Value, left: u64) -> coldspark_emulator::http::Reply {
    script::event_within(Duration::from_millis(left), "event", event.to_string())
}

#[test]
fn a_call_ends_shortly_before_the_deadline() {
    let server = replies([ok().after(Duration::from_secs(3600))]);
    let session = fixture(&server.url()).start([hurried(&get_item(), 2000), script::status(202)]);
    let failure = failure(&session, 1);
    failure
        .assert_type("Aws.Timeout")
        .assert_says(&["DynamoDB GetItem", "shortly before the deadline"]);
    assert_eq!(server.requests().len(), 1);
}

#[test]
fn a_retry_that_would_be_too_late_is_not_waited_for() {
    let server = replies([throttled("4000"), ok()]);
    let session = fixture(&server.url()).start([hurried(&get_item(), 3000), script::status(202)]);
    assert_eq!(failure(&session, 1).error_type, "ThrottlingException");
    assert_eq!(server.requests().len(), 1);
}

#[test]
fn a_slow_first_byte_is_waited_for() {
    let server = replies([ok().after(Duration::from_millis(1500))]);
    let session = start(fixture(&server.url()), &put_item());
    response(&session, 1);
    assert_eq!(server.requests().len(), 1);
}

/// The time since 1970, in seconds.
fn now() -> u64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    now.expect("a clock").as_secs()
}

/// What a service answers whose clock is so many seconds ahead.
fn ahead(code: &'static str, seconds: i64) -> Server {
    Server::start(None, move |request| {
        let signed = request.header("x-amz-date").expect("a date").to_owned();
        let theirs = now().saturating_add_signed(seconds);
        // Compared as text: the forms have the same order as the times.
        if (basic(theirs - 300)..basic(theirs + 300)).contains(&signed) {
            return ok();
        }
        let body = format!(r#"{{"__type":"{code}"}}"#);
        Reply::with(403, &[("date", &http_date(theirs))], body.as_bytes())
    })
}

fn basic(seconds: u64) -> String {
    date(&format!("@{seconds}"), "+%Y%m%dT%H%M%SZ")
}

fn http_date(seconds: u64) -> String {
    date(&format!("@{seconds}"), "+%a, %d %b %Y %H:%M:%S GMT")
}

#[test]
fn the_time_of_a_service_is_taken_when_it_refuses_ours() {
    for (code, seconds) in [
        ("RequestTimeTooSkewed", 3600),
        ("InvalidSignatureException", 3600),
        ("InvalidSignatureException", -3600),
    ] {
        let server = ahead(code, seconds);
        let session = start(fixture(&server.url()), &put_item());
        response(&session, 1);
        assert_eq!(server.requests().len(), 2);
        // From then on at once.
        push(&session, &put_item());
        response(&session, 2);
        assert_eq!(server.requests().len(), 3, "{code} {seconds}");
    }
}

#[test]
fn another_refusal_does_not_change_the_clock() {
    let server = ahead("AccessDeniedException", 3600);
    let session = start(fixture(&server.url()), &put_item());
    assert_eq!(failure(&session, 1).error_type, "AccessDeniedException");
    assert_eq!(server.requests().len(), 1);
}

#[test]
fn a_signature_that_is_refused_at_the_right_time_stays_refused() {
    let body = br#"{"__type":"InvalidSignatureException"}"#;
    let server = Server::start(None, |_| {
        Reply::with(403, &[("date", &http_date(now()))], body)
    });
    let session = start(fixture(&server.url()), &put_item());
    assert_eq!(failure(&session, 1).error_type, "InvalidSignatureException");
    assert_eq!(server.requests().len(), 1);
}
