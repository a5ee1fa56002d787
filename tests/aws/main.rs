//! Calls of AWS services, to a server in the place of one: what is sent, what becomes of failures, of
//! time, connections and snapshots.

#[path = "../common/mod.rs"]
mod common;

mod answers;
mod connections;
mod dynalite;
mod hostile;
mod models;
mod moto;
mod oracles;
mod others;
mod requests;
mod retries;
mod s3;
mod sdk;
mod secrets;
mod settings;
mod snapshots;
mod sqs;
mod tls;

use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};

use aws_server::{Reply, Request, Server};
use coldspark_emulator::script::{self, Step};
use common::{Failure, Function, Session, function};
use serde_json::{Value, json};

/// Numbers of services in the fixture.
const DYNAMODB: usize = 0;
const SQS: usize = 1;
const KMS: usize = 4;
const STEP_FUNCTIONS: usize = 6;
const LAMBDA: usize = 10;

/// The fixture, with a region, credentials and this server for all services.
fn fixture(url: &str) -> Function {
    without_credentials(url)
        .env("AWS_ACCESS_KEY_ID", "AKIDTEST")
        .env("AWS_SECRET_ACCESS_KEY", "SECRETTEST")
        .env("AWS_SESSION_TOKEN", "TOKENTEST")
}

fn without_credentials(url: &str) -> Function {
    function("fixture-aws")
        .env("AWS_REGION", "eu-central-1")
        .env("AWS_ENDPOINT_URL", url)
}

/// A server that answers each request with the next of these, and then with the last.
fn replies(replies: impl Into<Vec<Reply>>) -> Server {
    let (replies, number) = (replies.into(), AtomicUsize::new(0));
    Server::start(None, move |_: &Request| {
        let number = number.fetch_add(1, Ordering::Relaxed);
        replies[number.min(replies.len() - 1)].clone()
    })
}

fn ok() -> Reply {
    Reply::json(200, r#"{"ok":true}"#)
}

fn call(service: usize, operation: &str) -> Value {
    json!({ "call": [service, operation, { "TableName": "t" }] })
}

fn get_item() -> Value {
    call(DYNAMODB, "GetItem")
}

fn put_item() -> Value {
    call(DYNAMODB, "PutItem")
}

/// Starts it with one event.
#[track_caller]
fn start(function: Function, event: &Value) -> Session {
    function.start(script::exchange("event", event.to_string()))
}

/// Sets what Lambda sets under SnapStart, with this endpoint for credentials.
fn snap_start(function: Function, credentials: impl Into<String>) -> Function {
    function
        .env("AWS_CONTAINER_CREDENTIALS_FULL_URI", credentials.into())
        .env("AWS_LAMBDA_INITIALIZATION_TYPE", "snap-start")
}

/// Starts it with a restore, and then with so many of these events, which it has then answered.
#[track_caller]
fn restored(function: Function, event: &Value, events: usize) -> Session {
    let mut steps: Vec<Step> = vec![script::status(200).into()];
    for _ in 0..events {
        steps.extend(script::exchange("event", event.to_string()));
    }
    let session = function.start(steps);
    session.requests(2 * events + 2);
    session
}

/// A time in UTC by the system's `date`, which is nobody's code here.
fn date(when: &str, form: &str) -> String {
    let mut date = Command::new("date");
    let date = date.env("LC_ALL", "C").args(["-u", "-d", when, form]);
    let text = String::from_utf8(date.output().expect("date runs").stdout);
    text.expect("text").trim_end().to_owned()
}

/// Sends one more event.
fn push(session: &Session, event: &Value) {
    for step in script::exchange("event", event.to_string()) {
        session.api.push(step);
    }
}

/// The response to event number `number`, counted from 1.
#[track_caller]
fn response(session: &Session, number: usize) -> Value {
    let request = &session.requests(2 * number + 1)[2 * number - 1];
    assert!(request.path.ends_with("/response"), "{}", request.text());
    request.json()
}

#[track_caller]
fn failure(session: &Session, number: usize) -> Failure {
    common::failure(&session.requests(2 * number + 1)[2 * number - 1], "event")
}

#[test]
fn the_example_answers_with_an_item() {
    let item = r#"{"Item":{"article":{"S":"rope"},"price":{"N":"350"}}}"#;
    let server = replies([Reply::json(200, item), Reply::json(200, "{}")]);
    let function = function("aws")
        .handler("price")
        .env("AWS_REGION", "eu-central-1")
        .env("AWS_ENDPOINT_URL", server.url())
        .env("AWS_ACCESS_KEY_ID", "A")
        .env("AWS_SECRET_ACCESS_KEY", "S")
        .env("CONNECT", "init");
    let session = start(function, &json!("rope"));
    push(&session, &json!("moon"));
    assert_eq!(
        session.requests(5)[1].json(),
        json!({ "article": "rope", "price": 350 })
    );
    failure(&session, 2).assert_type("Article.Unknown");
    assert_eq!(
        server.requests()[0].text(),
        r#"{"Key":{"article":{"S":"rope"}},"TableName":"prices"}"#
    );
    assert_eq!(server.connections(), 1);
}
