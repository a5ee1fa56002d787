//! What the nine functions answer to an event, each as a process of its own.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use coldspark_emulator::emulator::Invocation;
use coldspark_emulator::function::{Function, Spec};
use serde_json::{Value, json};

/// The payload that a program's answer to the event has, and its log.
#[track_caller]
fn answer(program: &str, event: &Value) -> (Vec<u8>, String) {
    let log = Arc::new(Mutex::new(String::new()));
    let written = Arc::clone(&log);
    let function = Function::new(Spec {
        bootstrap: PathBuf::from(program),
        handler: "function".to_owned(),
        task_root: Path::new(env!("CARGO_MANIFEST_DIR")).to_owned(),
        variables: Vec::new(),
        memory_mb: 128,
        timeout: Duration::from_secs(60),
        snap_start: false,
        freeze: false,
        log: Arc::new(move |bytes: &[u8]| {
            let text = String::from_utf8_lossy(bytes);
            written.lock().expect("the log").push_str(&text);
        }),
    })
    .expect("a function");
    let report = function.invoke(Invocation::new(event.to_string()));
    let payload = report.expect("an answer").payload();
    drop(function);
    let log = log.lock().expect("the log").clone();
    (payload, log)
}

/// The answer to a request of a function URL, and the log.
#[track_caller]
fn ask(program: &str, method: &str, path: &str, query: &str, body: &str) -> (Value, String) {
    let event = json!({"version": "2.0", "rawPath": path, "rawQueryString": query, "body": body,
        "headers": {"content-type": "application/json"},
        "requestContext": {"http": {"method": method}, "requestId": "front-1"}});
    let (payload, log) = answer(program, &event);
    (serde_json::from_slice(&payload).expect("JSON"), log)
}

#[test]
fn the_answer_has_the_path() {
    let (answer, _) = ask(
        env!("CARGO_BIN_EXE_http-raw-path"),
        "GET",
        "/a/b%20c",
        "",
        "",
    );
    assert_eq!(answer["body"], "The raw path for this request is: /a/b%20c");
}

#[test]
fn html_is_answered() {
    let (answer, _) = ask(env!("CARGO_BIN_EXE_http-basic-lambda"), "GET", "/", "", "");
    assert_eq!(answer["statusCode"], 200);
    assert_eq!(answer["headers"]["content-type"], "text/html");
    assert_eq!(answer["body"], "Hello AWS Lambda HTTP request");
}

#[test]
fn a_message_is_logged() {
    let event = json!({"Records": [{"messageId": "m-1", "messageAttributes": {}, "attributes": {},
        "body": r#"{"id": "7", "text": "rope"}"#}]});
    let (payload, log) = answer(env!("CARGO_BIN_EXE_basic-sqs"), &event);
    assert_eq!(payload, b"null");
    assert!(
        log.contains("data received from SQS id=7 text=rope"),
        "{log}"
    );
}

#[test]
fn a_query_parameter_is_greeted() {
    let program = env!("CARGO_BIN_EXE_http-query-parameters");
    let (answer, _) = ask(program, "GET", "/", "first_name=Ada%20L", "");
    assert_eq!(
        (&answer["statusCode"], &answer["body"]),
        (&json!(200), &json!("Hello, Ada L!"))
    );
    let (answer, _) = ask(program, "GET", "/", "", "");
    assert_eq!(
        (&answer["statusCode"], &answer["body"]),
        (&json!(400), &json!("Empty first name"))
    );
}

#[test]
fn a_layer_logs_request_and_response() {
    let (answer, log) = ask(env!("CARGO_BIN_EXE_http-tower-trace"), "GET", "/", "", "");
    assert_eq!(answer["body"], "Success");
    assert!(log.contains("started processing request"), "{log}");
    assert!(log.contains("finished processing request"), "{log}");
}

#[test]
fn a_middleware_logs_the_id_of_the_front_end() {
    let program = env!("CARGO_BIN_EXE_http-axum-middleware");
    let (answer, log) = ask(program, "POST", "/hello/world", "", r#"{"a": 1}"#);
    assert_eq!(answer["body"], r#"{"echo":{"a":1}}"#);
    assert!(log.contains(r#"RequestId = "front-1""#), "{log}");
}

#[test]
fn words_are_streamed() {
    let (payload, _) = answer(env!("CARGO_BIN_EXE_basic-streaming-response"), &json!({}));
    assert_eq!(payload, b"Hello\nworld\nfrom\nLambda!\n");
}

#[test]
fn an_error_has_the_type_of_its_variant() {
    let (payload, _) = answer(env!("CARGO_BIN_EXE_basic-error-thiserror"), &json!({}));
    let error: Value = serde_json::from_slice(&payload).expect("JSON");
    assert_eq!(error["errorType"], "NonRetryable");
    assert_eq!(error["errorMessage"], "unexpected error: ooops");
}

#[test]
fn a_layer_adds_headers() {
    let program = env!("CARGO_BIN_EXE_http-cors");
    let (answer, _) = ask(program, "GET", "/", "first_name=Ada", "");
    assert_eq!(answer["body"], "Hello, Ada!");
    assert_eq!(answer["headers"]["access-control-allow-origin"], "*");
    let (answer, _) = ask(program, "OPTIONS", "/", "", "");
    assert_eq!(
        answer["headers"]["access-control-allow-methods"],
        "GET,POST"
    );
}
