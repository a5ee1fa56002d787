//! Secrets and parameters that are kept.

use aws_server::{Reply, Server};
use serde_json::{Value, json};

use super::{failure, fixture, push, replies, response, restored, snap_start, start};

fn secret(text: &str) -> Reply {
    Reply::json(
        200,
        &json!({ "Name": "shop", "SecretString": text }).to_string(),
    )
}

fn ask() -> Value {
    json!({ "secret": "shop" })
}

#[test]
fn a_secret_is_read_once_and_kept() {
    let server = replies([secret("one"), secret("two")]);
    let session = start(fixture(&server.url()), &ask());
    push(&session, &ask());
    assert_eq!(
        [response(&session, 2), response(&session, 2)],
        ["one", "one"]
    );
    let requests = server.requests();
    assert_eq!(requests.len(), 1);
    assert_eq!(
        requests[0].header("x-amz-target"),
        Some("secretsmanager.GetSecretValue")
    );
    assert_eq!(requests[0].text(), r#"{"SecretId":"shop"}"#);
}

#[test]
fn a_parameter_is_read_decrypted() {
    let body = json!({ "Parameter": { "Name": "p", "Value": "v" } }).to_string();
    let server = replies([Reply::json(200, &body)]);
    let session = start(fixture(&server.url()), &json!({ "parameter": "p" }));
    assert_eq!(response(&session, 1), "v");
    let request = &server.requests()[0];
    assert_eq!(
        request.header("x-amz-target"),
        Some("AmazonSSM.GetParameter")
    );
    assert_eq!(request.text(), r#"{"Name":"p","WithDecryption":true}"#);
}

#[test]
fn what_was_kept_for_long_or_forgotten_is_read_anew() {
    let server = replies([secret("one"), secret("two"), secret("three")]);
    let session = start(fixture(&server.url()).env("KEEP_MS", "0"), &ask());
    assert_eq!(response(&session, 1), "one");
    push(&session, &ask());
    assert_eq!(response(&session, 2), "two");
    let server = replies([secret("one"), secret("two")]);
    let session = start(fixture(&server.url()), &ask());
    push(&session, &json!({ "forget": "shop" }));
    push(&session, &ask());
    assert_eq!(response(&session, 3), "two");
}

#[test]
fn a_value_is_used_on_while_the_service_is_down_but_not_when_it_says_no() {
    let down = Reply::error(503, "InternalServiceError", "down");
    let no = Reply::error(400, "AccessDeniedException", "revoked");
    let server = replies([secret("one"), down.clone(), down.clone(), down, no]);
    let session = start(fixture(&server.url()).env("KEEP_MS", "0"), &ask());
    push(&session, &ask());
    assert_eq!(response(&session, 2), "one");
    session.assert_logged(&["WARN", "used on", "down"]);
    push(&session, &ask());
    assert_eq!(failure(&session, 3).error_type, "AccessDeniedException");
}

#[test]
fn a_secret_of_bytes_is_refused() {
    let server = replies([Reply::json(200, r#"{"SecretBinary":"AAAA"}"#)]);
    let session = start(fixture(&server.url()), &ask());
    failure(&session, 1)
        .assert_type("Aws.BadAnswer")
        .assert_says(&["shop has no text"]);
}

#[test]
fn after_a_restore_secrets_are_read_anew() {
    let server = Server::start(None, |request| match request.path.as_str() {
        "/credentials" => Reply::json(200, r#"{"AccessKeyId":"A","SecretAccessKey":"B"}"#),
        _ => secret(request.header("x-amz-date").expect("a date")),
    });
    let function = fixture(&server.url()).handler("reads a secret");
    let function = snap_start(function, format!("{}/credentials", server.url()));
    let _session = restored(function, &ask(), 2);
    let read = server
        .requests()
        .into_iter()
        .filter(|it| !it.operation().is_empty());
    // In the init phase, and then once for both events.
    assert_eq!(read.count(), 2);
}
