//! The headers in which an application gets the metadata of the invocation.

use std::time::UNIX_EPOCH;

use coldspark::Context;

use super::headers::push_header;
use super::json::{self, Value};
use crate::deadline::milliseconds;
use crate::sys;

/// The names of the headers. A client's headers of these names are dropped.
pub(super) const HEADERS: [&str; 4] = [
    "x-amzn-request-context",
    "x-amzn-lambda-context",
    "x-amz-tenant-id",
    "x-amzn-trace-id",
];

/// Writes the headers. The first one has the event's `requestContext`, if that is an object.
pub(super) fn push_headers(head: &mut Vec<u8>, request_context: Value<'_>, context: &Context<'_>) {
    let [request_name, lambda_name, tenant_name, trace_name] = HEADERS;
    if request_context.is_object() {
        head.extend_from_slice(request_name.as_bytes());
        head.extend_from_slice(b": ");
        json::push_header(head, request_context.raw());
        head.extend_from_slice(b"\r\n");
    }
    head.extend_from_slice(lambda_name.as_bytes());
    head.extend_from_slice(b": ");
    json::push_header(head, &lambda_context(context));
    head.extend_from_slice(b"\r\n");
    for (name, value) in [
        (tenant_name, context.tenant_id()),
        (trace_name, context.trace_id()),
    ] {
        if let Some(value) = value {
            push_header(head, name, value);
        }
    }
}

/// The metadata as JSON, with the Web Adapter's names.
fn lambda_context(context: &Context<'_>) -> String {
    let mut json = Vec::with_capacity(512);
    let texts = [
        ("{\"request_id\":", Some(context.request_id())),
        (",\"invoked_function_arn\":", context.function_arn()),
        (",\"xray_trace_id\":", context.trace_id()),
        (",\"tenant_id\":", context.tenant_id()),
    ];
    for (name, value) in texts {
        json.extend_from_slice(name.as_bytes());
        match value {
            Some(value) => json::push_text(&mut json, value),
            None => json.extend_from_slice(b"null"),
        }
    }
    let deadline = context
        .deadline()
        .and_then(|at| at.duration_since(UNIX_EPOCH).ok());
    let deadline = milliseconds(deadline.unwrap_or_default()).to_string();
    let memory = sys::variable("AWS_LAMBDA_FUNCTION_MEMORY_SIZE").and_then(|size| size.to_str());
    let memory = memory.filter(|size| size.bytes().all(|byte| byte.is_ascii_digit()));
    for (name, value) in [
        (",\"deadline\":", &*deadline),
        (
            ",\"client_context\":",
            valid_or_null(context.client_context()),
        ),
        (",\"identity\":", valid_or_null(context.cognito_identity())),
        (",\"env_config\":{\"memory\":", memory.unwrap_or("0")),
    ] {
        json.extend_from_slice(name.as_bytes());
        json.extend_from_slice(value.as_bytes());
    }
    for (name, variable) in [
        (",\"function_name\":", "AWS_LAMBDA_FUNCTION_NAME"),
        (",\"version\":", "AWS_LAMBDA_FUNCTION_VERSION"),
        (",\"log_stream\":", "AWS_LAMBDA_LOG_STREAM_NAME"),
        (",\"log_group\":", "AWS_LAMBDA_LOG_GROUP_NAME"),
    ] {
        json.extend_from_slice(name.as_bytes());
        let value = sys::variable(variable).map(|value| value.to_string_lossy());
        json::push_text(&mut json, &value.unwrap_or_default());
    }
    json.extend_from_slice(b"}}");
    // All parts are UTF-8.
    String::from_utf8(json).unwrap_or_default()
}

/// A text that is JSON, or `null`.
fn valid_or_null(text: Option<&str>) -> &str {
    let value = text.and_then(|text| Value::parse(text.as_bytes()));
    value.map_or("null", Value::raw)
}
