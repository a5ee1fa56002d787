//! The example that exports its spans by OpenTelemetry: its folder is in `COLDSPARK_TEST_OUTSIDE`.

mod common;

use std::sync::{Mutex, mpsc};

use aws_server::{Reply, Server};
use coldspark_emulator::script;
use coldspark_emulator::skipped;
use common::{assert_response, failure, function, limit};
use serde_json::Value;

const TRACE: &str = "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1";
const EVENT: &str = r#"{"quantity":2}"#;

/// Serves an event with a collector that keeps the exporter waiting, and expects this many whole
/// requests while it waits: the one for the event, and the answer. Returns the span.
#[track_caller]
fn exported(after: bool, event: &str, requests: usize) -> Option<Value> {
    if common::outside("opentelemetry").is_none() {
        skipped(
            "examples/opentelemetry is not built, or COLDSPARK_TEST_OUTSIDE does not say where",
        );
        return None;
    }
    let (arrived, arrivals) = mpsc::channel();
    let (go_on, told) = mpsc::channel::<()>();
    let told = Mutex::new(told);
    let collector = Server::start(None, move |request| {
        let _ = arrived.send(request.clone());
        let _ = told.lock().map(|told| told.recv_timeout(limit()));
        Reply::json(200, "{}")
    });
    let mut example = function("opentelemetry")
        .handler("order")
        .env("OTEL_EXPORTER_OTLP_ENDPOINT", collector.url());
    if after {
        example = example.env("FLUSH_AFTER_ANSWER", "1");
    }
    let event_of_trace = script::event("o-1", event).set_header("Lambda-Runtime-Trace-Id", TRACE);
    let session = example.start([event_of_trace, script::status(202)]);
    let export = arrivals.recv_timeout(limit()).expect("a span");
    assert_eq!((&*export.method, &*export.path), ("POST", "/v1/traces"));
    if after {
        // The answer came before.
        session.requests(requests);
    }
    let whole = session.complete_requests();
    assert_eq!(whole.len(), requests, "{whole:?}");
    go_on.send(()).expect("the collector waits");
    let answer = &session.requests(3)[1];
    match event {
        EVENT => assert_response(answer, "o-1", event.as_bytes()),
        _ => drop(failure(answer, "o-1").assert_type("Order.Empty")),
    }
    assert_eq!(collector.requests().len(), 1);
    let export: Value = serde_json::from_slice(&export.body).expect("JSON");
    Some(export["resourceSpans"][0]["scopeSpans"][0]["spans"][0].clone())
}

#[track_caller]
fn assert_span(span: &Value, status: Option<u64>) {
    assert_eq!(span["name"], "order");
    assert_eq!(span["attributes"][0]["value"]["stringValue"], "o-1");
    assert_eq!(span["traceId"], "5759e988bd862e3fe1be46a994272793");
    assert_eq!(span["parentSpanId"], "53995c3f42cd8ad8");
    assert_ne!(span["spanId"], "0000000000000000");
    assert_eq!(
        span["status"]["code"].as_u64().filter(|code| *code != 0),
        status
    );
}

#[test]
fn a_span_is_with_the_collector_before_the_answer() {
    if let Some(span) = exported(false, EVENT, 1) {
        assert_span(&span, None);
    }
}

#[test]
fn the_span_of_an_event_that_fails_is_there_too() {
    if let Some(span) = exported(false, r#"{"quantity":0}"#, 1) {
        assert_span(&span, Some(2));
    }
}

#[test]
fn no_caller_waits_for_the_hook_behind_the_answer() {
    if let Some(span) = exported(true, EVENT, 2) {
        assert_span(&span, None);
    }
}
