//! The Runtime API's vocabulary: paths, headers, sizes and error bodies.
//!
//! Sources: AWS's "Lambda runtime API" and "Building a custom runtime" pages; spellings and
//! limits that those leave open were measured on AWS's Runtime Interface Emulator.

use serde_json::json;

/// What every path of the Runtime API starts with.
pub const PREFIX: &str = "/2018-06-01/runtime/";
/// What every path of the Extensions API starts with.
pub const EXTENSION_PREFIX: &str = "/2020-01-01/extension/";

/// Largest buffered response in bytes: 6 MiB and 100 bytes; one more is answered 413.
pub const MAX_RESPONSE: usize = 6 * 1024 * 1024 + 100;
/// Largest streamed response in bytes: 200 MiB.
pub const MAX_STREAM: usize = 200 * 1024 * 1024;
/// Largest event of a synchronous invocation in bytes: 6 MiB.
pub const MAX_EVENT: usize = 6 * 1024 * 1024;

/// The id that the paths of `response` and `error` carry.
pub const REQUEST_ID: &str = "Lambda-Runtime-Aws-Request-Id";
/// When the invocation times out, in milliseconds since the Unix epoch.
pub const DEADLINE_MS: &str = "Lambda-Runtime-Deadline-Ms";
/// The ARN that was invoked.
pub const FUNCTION_ARN: &str = "Lambda-Runtime-Invoked-Function-Arn";
/// The X-Ray trace header.
pub const TRACE_ID: &str = "Lambda-Runtime-Trace-Id";
/// The caller's client context, JSON text.
pub const CLIENT_CONTEXT: &str = "Lambda-Runtime-Client-Context";
/// The caller's Cognito identity, JSON text.
pub const COGNITO_IDENTITY: &str = "Lambda-Runtime-Cognito-Identity";
/// The tenant of a tenant-isolated function.
pub const TENANT_ID: &str = "Lambda-Runtime-Aws-Tenant-Id";
/// A nonce of one invocation; a runtime echoes it on `response` and `error`.
pub const INVOCATION_ID: &str = "Lambda-Runtime-Invocation-Id";
/// The error type of `error`, `init/error` and `restore/error`; also a trailer name.
pub const ERROR_TYPE: &str = "Lambda-Runtime-Function-Error-Type";
/// The trailer of a streamed response that holds the error JSON in Base64.
pub const ERROR_BODY: &str = "Lambda-Runtime-Function-Error-Body";
/// `streaming` marks a streamed response.
pub const RESPONSE_MODE: &str = "Lambda-Runtime-Function-Response-Mode";

/// The name under which an extension registers.
pub const EXTENSION_NAME: &str = "Lambda-Extension-Name";
/// The id that an extension gets with its registration, and sends with every other call.
pub const EXTENSION_ID: &str = "Lambda-Extension-Identifier";

/// One call of the Runtime API or the Extensions API, without its request id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Call {
    /// `GET runtime/invocation/next`.
    Next,
    /// `POST runtime/invocation/{id}/response`.
    Response,
    /// `POST runtime/invocation/{id}/error`.
    Error,
    /// `POST runtime/init/error`.
    InitError,
    /// `GET runtime/restore/next`.
    RestoreNext,
    /// `POST runtime/restore/error`.
    RestoreError,
    /// `POST extension/register`.
    Register,
    /// `GET extension/event/next`.
    ExtensionNext,
    /// Anything else.
    Other,
}

impl Call {
    /// Which call a request line makes.
    #[must_use]
    pub fn of(method: &str, path: &str) -> Call {
        if let Some(rest) = path.strip_prefix(EXTENSION_PREFIX) {
            return match (method, rest) {
                ("POST", "register") => Call::Register,
                ("GET", "event/next") => Call::ExtensionNext,
                _ => Call::Other,
            };
        }
        let Some(rest) = path.strip_prefix(PREFIX) else {
            return Call::Other;
        };
        match (method, rest) {
            ("GET", "invocation/next") => Call::Next,
            ("GET", "restore/next") => Call::RestoreNext,
            ("POST", "init/error") => Call::InitError,
            ("POST", "restore/error") => Call::RestoreError,
            ("POST", _) if request_id(path).is_some() => {
                if path.ends_with("/response") {
                    Call::Response
                } else {
                    Call::Error
                }
            }
            _ => Call::Other,
        }
    }
}

/// The request id in the path of `response` or `error`.
#[must_use]
pub fn request_id(path: &str) -> Option<&str> {
    let rest = path.strip_prefix(PREFIX)?.strip_prefix("invocation/")?;
    let (id, verb) = rest.rsplit_once('/')?;
    (!id.is_empty() && (verb == "response" || verb == "error")).then_some(id)
}

/// The body of every error: `{"errorMessage":…,"errorType":…}`.
#[must_use]
pub fn error_json(error_type: &str, message: &str) -> Vec<u8> {
    json!({"errorMessage": message, "errorType": error_type})
        .to_string()
        .into_bytes()
}

/// The body the Runtime API gives with a status: `{"status":"OK"}` for 202, nothing for other
/// successes, otherwise error JSON with the type that usually comes with it.
#[must_use]
pub fn status_json(status: u16) -> Vec<u8> {
    let (error_type, message) = match status {
        202 => return br#"{"status":"OK"}"#.to_vec(),
        200..=299 => return Vec::new(),
        400 => ("InvalidRequestID", "Invalid request ID"),
        403 => ("InvalidStateTransition", "State transition is not allowed"),
        410 => ("InvokeTimeout", "Invoke timeout"),
        413 => (
            "RequestEntityTooLarge",
            "Exceeded maximum allowed payload size (6291556 bytes).",
        ),
        _ => ("InternalServerError", "Internal Server Error"),
    };
    error_json(error_type, message)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn request_lines_become_calls() {
        let call = |method, rest: &str| Call::of(method, &format!("{PREFIX}{rest}"));
        assert_eq!(call("GET", "invocation/next"), Call::Next);
        assert_eq!(call("POST", "invocation/a-1/response"), Call::Response);
        assert_eq!(call("POST", "invocation/a-1/error"), Call::Error);
        assert_eq!(call("POST", "init/error"), Call::InitError);
        assert_eq!(call("GET", "restore/next"), Call::RestoreNext);
        assert_eq!(call("POST", "restore/error"), Call::RestoreError);
        assert_eq!(call("POST", "invocation/next"), Call::Other);
        assert_eq!(call("POST", "invocation//response"), Call::Other);
        assert_eq!(Call::of("GET", "/"), Call::Other);
        let extension = |method, rest: &str| Call::of(method, &format!("{EXTENSION_PREFIX}{rest}"));
        assert_eq!(extension("POST", "register"), Call::Register);
        assert_eq!(extension("GET", "event/next"), Call::ExtensionNext);
        assert_eq!(extension("GET", "register"), Call::Other);
    }
}
