//! Invocations, their outcomes, and the outcome of the init phase.

use std::fmt;
use std::os::unix::process::ExitStatusExt;
use std::process::ExitStatus;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use crate::api::{self, error_json};
use crate::base64;
use crate::http::{Fields, field};

/// One invocation. Fields that are `None` become headers that are absent.
#[derive(Clone, Debug)]
pub struct Invocation {
    /// The event's bytes; nothing checks that they are JSON.
    pub event: Vec<u8>,
    /// The `Content-Type` of `next`.
    pub content_type: Option<String>,
    /// The request id; `None` makes a fresh UUID. May repeat, as on Lambda.
    pub request_id: Option<String>,
    /// JSON text of the client context.
    pub client_context: Option<String>,
    /// JSON text of the Cognito identity.
    pub cognito_identity: Option<String>,
    /// The tenant.
    pub tenant_id: Option<String>,
    /// The X-Ray header.
    pub trace_id: Option<String>,
    /// Counts from when the event is handed out.
    pub timeout: Duration,
    /// A fixed deadline instead of hand-out plus `timeout`.
    pub deadline: Option<SystemTime>,
    /// A deadline that the event's head names instead of the true one: other emulators send 0 or a time long
    /// past.
    pub false_deadline: Option<SystemTime>,
    /// How many times the event is handed out, with the same ids: usually 1. It is repeated after the first
    /// answer, or at once to other pollers; only the first answer counts.
    pub hand_outs: u32,
    /// Gets the bytes of a streamed response as they come; its [`Outcome`] then has no bytes.
    pub sink: Option<Sink>,
}

/// Is given bytes on the thread that reads them. A slow one is a caller that reads slowly.
#[derive(Clone)]
pub struct Sink(Arc<Take>);

type Take = dyn Fn(&[u8]) + Send + Sync;

impl Sink {
    /// A sink that calls this function.
    #[must_use]
    pub fn new(take: impl Fn(&[u8]) + Send + Sync + 'static) -> Sink {
        Sink(Arc::new(take))
    }

    pub(super) fn take(&self, bytes: &[u8]) {
        (self.0)(bytes);
    }
}

impl fmt::Debug for Sink {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Sink")
    }
}

impl Invocation {
    /// An event of type `application/json` with a timeout of 30 seconds and nothing else.
    #[must_use]
    pub fn new(event: impl Into<Vec<u8>>) -> Invocation {
        Invocation {
            event: event.into(),
            content_type: Some("application/json".to_owned()),
            request_id: None,
            client_context: None,
            cognito_identity: None,
            tenant_id: None,
            trace_id: None,
            timeout: Duration::from_secs(30),
            deadline: None,
            false_deadline: None,
            hand_outs: 1,
            sink: None,
        }
    }
}

/// How an invocation ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The function answered.
    Response {
        /// The payload.
        body: Vec<u8>,
        /// The `Content-Type` of the post.
        content_type: Option<String>,
        /// Whether it came in streaming mode.
        streamed: bool,
        /// Trailers of a streamed response; an error in the midst of a stream is in them.
        trailers: Fields,
        /// Why a streamed response is no HTTP response, though its content type says so.
        http_fault: Option<String>,
    },
    /// The runtime posted an error, or its response was refused (too large, truncated).
    FunctionError {
        /// The error's JSON, as posted.
        json: Vec<u8>,
        /// The header `Lambda-Runtime-Function-Error-Type`, or the platform's own type.
        error_type: Option<String>,
    },
    /// The runtime posted to `init/error` or `restore/error`.
    InitError {
        /// The error's JSON, as posted.
        json: Vec<u8>,
        /// The header `Lambda-Runtime-Function-Error-Type`.
        error_type: Option<String>,
    },
    /// No answer within the timeout.
    Timeout,
    /// The process ended first.
    Exited {
        /// Its exit status or signal.
        status: ExitStatus,
    },
}

impl Outcome {
    /// Whether the caller of Invoke would see a function error.
    #[must_use]
    pub fn is_error(&self) -> bool {
        !matches!(self, Outcome::Response { .. })
    }

    /// The error type for the log: the posted one, or Lambda's own.
    #[must_use]
    pub fn error_type(&self) -> Option<&str> {
        match self {
            Outcome::Response { .. } => None,
            Outcome::FunctionError { error_type, .. } | Outcome::InitError { error_type, .. } => {
                error_type.as_deref()
            }
            Outcome::Timeout => Some("Sandbox.Timedout"),
            Outcome::Exited { .. } => Some("Runtime.ExitError"),
        }
    }

    /// The error in the trailers of a streamed response: its type and its JSON. `None` without an
    /// error, or without valid Base64 in it.
    #[must_use]
    pub fn stream_error(&self) -> Option<(&str, Vec<u8>)> {
        let Outcome::Response { trailers, .. } = self else {
            return None;
        };
        let json = base64::decode(field(trailers, api::ERROR_BODY)?)?;
        Some((field(trailers, api::ERROR_TYPE)?, json))
    }

    /// Why a streamed response is no HTTP response, though its content type says so.
    #[must_use]
    pub fn http_fault(&self) -> Option<&str> {
        match self {
            Outcome::Response { http_fault, .. } => http_fault.as_deref(),
            _ => None,
        }
    }

    /// The payload the caller of Invoke gets.
    #[must_use]
    pub fn payload(&self, request_id: &str, timeout: Duration) -> Vec<u8> {
        match self {
            Outcome::Response { body, .. } => body.clone(),
            Outcome::FunctionError { json, .. } | Outcome::InitError { json, .. } => json.clone(),
            Outcome::Timeout => timeout_error(request_id, timeout),
            Outcome::Exited { status } => exit_error(request_id, *status),
        }
    }
}

/// The outcome of the init phase.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Init {
    /// It has not ended yet.
    Starting,
    /// The runtime called `next` and each registered extension its own, the last at this instant.
    Ready(Instant),
    /// It posted an init or restore error: [`Outcome::InitError`].
    Failed(Outcome),
    /// The process ended.
    Exited(ExitStatus),
}

/// A finished invocation with the instants that bound it.
#[derive(Clone, Debug)]
pub struct Finished {
    /// Its request id.
    pub request_id: String,
    /// How it ended.
    pub outcome: Outcome,
    /// When the event was about to be written; `None` when nobody fetched it.
    pub event_sent: Option<Instant>,
    /// When the answer had been read; `None` when none came.
    pub response_read: Option<Instant>,
    /// The chunks of a chunked response: when each had come, and its size.
    pub chunks: Vec<(Instant, usize)>,
}

/// The error JSON for an invocation that ran into its timeout.
#[must_use]
pub fn timeout_error(request_id: &str, timeout: Duration) -> Vec<u8> {
    let seconds = timeout.as_secs_f64();
    let message =
        format!("RequestId: {request_id} Error: Task timed out after {seconds:.2} seconds");
    error_json("Sandbox.Timedout", &message)
}

/// The error JSON for an invocation whose process ended.
#[must_use]
pub fn exit_error(request_id: &str, status: ExitStatus) -> Vec<u8> {
    let how = exit_words(status);
    error_json(
        "Runtime.ExitError",
        &format!("RequestId: {request_id} Error: {how}"),
    )
}

/// How a runtime's process ended, in Lambda's words.
pub(crate) fn exit_words(status: ExitStatus) -> String {
    match (status.code(), status.signal()) {
        (Some(0), _) => "Runtime exited without providing a reason".to_owned(),
        (Some(code), _) => format!("Runtime exited with error: exit status {code}"),
        (None, signal) => {
            let name = signal_name(signal.unwrap_or_default());
            let core = if status.core_dumped() {
                " (core dumped)"
            } else {
                ""
            };
            format!("Runtime exited with error: signal: {name}{core}")
        }
    }
}

/// Signals in the words of Lambda's own messages.
fn signal_name(signal: i32) -> String {
    let name = match signal {
        1 => "hangup",
        2 => "interrupt",
        3 => "quit",
        4 => "illegal instruction",
        5 => "trace/breakpoint trap",
        6 => "aborted",
        7 => "bus error",
        8 => "floating point exception",
        9 => "killed",
        10 => "user defined signal 1",
        11 => "segmentation fault",
        12 => "user defined signal 2",
        13 => "broken pipe",
        14 => "alarm clock",
        15 => "terminated",
        31 => "bad system call",
        _ => return format!("signal {signal}"),
    };
    name.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(raw_status: i32) -> String {
        let json = exit_error("r", ExitStatus::from_raw(raw_status));
        let value: serde_json::Value = serde_json::from_slice(&json).unwrap();
        assert_eq!(value["errorType"], "Runtime.ExitError");
        value["errorMessage"].as_str().unwrap().to_owned()
    }

    #[test]
    fn exits_have_the_words_of_lambda() {
        assert_eq!(
            message(7 << 8),
            "RequestId: r Error: Runtime exited with error: exit status 7"
        );
        assert_eq!(
            message(9),
            "RequestId: r Error: Runtime exited with error: signal: killed"
        );
        assert_eq!(
            message(0),
            "RequestId: r Error: Runtime exited without providing a reason"
        );
        let core = message(11 | 0x80);
        assert!(
            core.ends_with("signal: segmentation fault (core dumped)"),
            "{core}"
        );
    }
}
