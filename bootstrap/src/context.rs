//! What a process learns of an invocation: `NAME=value`, one a line, the same names everywhere.
//!
//! Every name is always there. What is not known of an invocation is empty, so that no value of
//! the last one is left.

use std::ffi::CString;
use std::time::UNIX_EPOCH;

use coldspark::Context;

use crate::deadline::milliseconds;

const NAMES: [&str; 8] = [
    "COLDSPARK_REQUEST_ID",
    "COLDSPARK_INVOCATION_ID",
    "COLDSPARK_FUNCTION_ARN",
    // Where X-Ray's libraries look for the tracing header.
    "_X_AMZN_TRACE_ID",
    "COLDSPARK_TENANT_ID",
    "COLDSPARK_CLIENT_CONTEXT",
    "COLDSPARK_COGNITO_IDENTITY",
    "COLDSPARK_DEADLINE_MS",
];

/// Whether a variable of this name is set for each event.
pub(crate) fn sets(name: &[u8]) -> bool {
    NAMES.iter().any(|known| known.as_bytes() == name)
}

/// Writes the lines for a process that gets many events.
pub(crate) fn lines<S>(context: &Context<'_, S>, text: &mut String) {
    let deadline = context
        .deadline()
        .and_then(|deadline| deadline.duration_since(UNIX_EPOCH).ok())
        .map(|deadline| milliseconds(deadline).to_string());
    let values = [
        Some(context.request_id()),
        context.invocation_id(),
        context.function_arn(),
        context.trace_id(),
        context.tenant_id(),
        context.client_context(),
        context.cognito_identity(),
        deadline.as_deref(),
    ];
    text.clear();
    for (name, value) in NAMES.into_iter().zip(values) {
        for part in [name, "=", value.unwrap_or_default(), "\n"] {
            text.push_str(part);
        }
    }
}

/// Adds the environment variables of a process that gets this one event.
pub(crate) fn variables<S>(context: &Context<'_, S>, environment: &mut Vec<CString>) {
    let mut text = String::new();
    lines(context, &mut text);
    // Headers hold no zero bytes.
    environment.extend(text.lines().filter_map(|line| CString::new(line).ok()));
}
