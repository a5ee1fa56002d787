//! How calls are refused.

use crate::api::error_json;
use crate::http::Reply;

/// An error answer: status, error type, message.
pub(super) type Refusal = (u16, &'static str, &'static str);

pub(super) const UNKNOWN_ID: Refusal = (400, "InvalidRequestID", "Invalid request ID");
pub(super) const BAD_MODE: Refusal = (
    400,
    "InvalidFunctionResponseMode",
    "The response mode is not 'streaming'",
);
pub(super) const NOT_NOW: Refusal = (
    403,
    "InvalidStateTransition",
    "This call is not allowed in the present state",
);
pub(super) const LATE: Refusal = (410, "InvokeTimeout", "Invoke timeout");

pub(super) const TOO_LARGE: Refusal = (
    413,
    "RequestEntityTooLarge",
    "Exceeded maximum allowed payload size (6291556 bytes).",
);
pub(super) const TRUNCATED: Refusal = (
    400,
    "TruncatedHTTPRequest",
    "The body is shorter than announced",
);

pub(super) const UNANNOUNCED: Refusal = (
    400,
    "UnannouncedTrailer",
    "The header Trailer does not name every trailer",
);

/// The answer that says so.
pub(super) fn refuse((status, error_type, message): Refusal) -> Reply {
    Reply::new(status)
        .header("Content-Type", "application/json")
        .body(error_json(error_type, message))
}
