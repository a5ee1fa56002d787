//! A function that exports its spans by OpenTelemetry (OTLP, JSON over HTTP) to a collector beside it, such as
//! the one of OpenTelemetry's Lambda layer, and has them written out with each answer.
//!
//! `OTEL_EXPORTER_OTLP_ENDPOINT` says where the collector is (`http://localhost:4318`), and
//! `OTEL_SERVICE_NAME` what the function is called. With `FLUSH_AFTER_ANSWER` no caller waits for the
//! collector, and spans of an answer that ends the process may be lost.
#![cfg_attr(not(test), no_main)]

use std::collections::HashMap;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use coldspark::{Context, Error, Init, Runtime, fresh};
use http::{Request, Response};
use opentelemetry::propagation::TextMapPropagator;
use opentelemetry::trace::{Span, SpanId, Status, TraceId, Tracer, TracerProvider};
use opentelemetry::{Key, KeyValue};
use opentelemetry_http::{HttpClient, HttpError};
use opentelemetry_otlp::{Protocol, SpanExporter, WithExportConfig, WithHttpConfig};
use opentelemetry_sdk::propagation::TraceContextPropagator;
use opentelemetry_sdk::trace::{IdGenerator, SdkTracerProvider};
use serde_json::Value;

coldspark::main!({
    let runtime = Runtime::with_init(provider).json("order", order);
    match std::env::var_os("FLUSH_AFTER_ANSWER") {
        None => runtime.before_answer(flush),
        Some(_) => runtime.after_answer(flush),
    }
});

/// Spans are collected in memory, and exported by a thread of the provider.
fn provider(_: &Init<'_>) -> Result<SdkTracerProvider, Error> {
    let agent = ureq::Agent::config_builder()
        .http_status_as_error(false)
        .timeout_global(Some(Duration::from_secs(2)))
        .build()
        .new_agent();
    let exporter = SpanExporter::builder()
        .with_http()
        .with_protocol(Protocol::HttpJson)
        .with_http_client(Client(agent))
        .build()?;
    Ok(SdkTracerProvider::builder()
        .with_id_generator(Fresh)
        .with_batch_exporter(exporter)
        .build())
}

/// The hook: waits until the collector has the spans.
fn flush(context: &Context<'_, SdkTracerProvider>, _: Result<(), &Error>) -> Result<(), Error> {
    Ok(context.state().force_flush()?)
}

fn order(event: Value, context: &Context<'_, SdkTracerProvider>) -> Result<Value, Error> {
    // The trace that the caller began.
    let header = context.traceparent();
    let headers: HashMap<_, _> = header
        .map(|text| ("traceparent".to_owned(), text))
        .into_iter()
        .collect();
    let parent = TraceContextPropagator::new().extract(&headers);
    let mut span = context
        .state()
        .tracer("order")
        .start_with_context("order", &parent);
    let id = Key::from_static_str("faas.invocation_id");
    span.set_attribute(KeyValue::new(id, context.request_id().to_owned()));
    if event["quantity"] == 0 {
        span.set_status(Status::error("no piece was ordered"));
        return Err(Error::new("Order.Empty", "no piece was ordered"));
    }
    Ok(event)
}

/// Ids that a SnapStart snapshot does not multiply.
#[derive(Debug)]
struct Fresh;

impl IdGenerator for Fresh {
    fn new_trace_id(&self) -> TraceId {
        fresh::bytes().map_or(TraceId::INVALID, TraceId::from_bytes)
    }

    fn new_span_id(&self) -> SpanId {
        fresh::bytes().map_or(SpanId::INVALID, SpanId::from_bytes)
    }
}

/// The exporter's client, which blocks its thread.
#[derive(Debug)]
struct Client(ureq::Agent);

#[async_trait]
impl HttpClient for Client {
    async fn send_bytes(&self, request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
        let response = self.0.run(request.map(|bytes| bytes.to_vec()))?;
        let (head, mut body) = response.into_parts();
        Ok(Response::from_parts(head, body.read_to_vec()?.into()))
    }
}
