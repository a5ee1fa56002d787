//! How calls are refused.

use crate::api::error_json;
use crate::http::Reply;

/// An error answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Refusal {
    pub(super) status: u16,
    error_type: &'static str,
    message: &'static str,
}

impl Refusal {
    pub(super) const fn new(status: u16, error_type: &'static str, message: &'static str) -> Self {
        Self {
            status,
            error_type,
            message,
        }
    }
}

pub(super) const UNKNOWN_ID: Refusal = Refusal::new(400, "InvalidRequestID", "Invalid request ID");
pub(super) const BAD_MODE: Refusal = Refusal::new(
    400,
    "InvalidFunctionResponseMode",
    "The response mode is not 'streaming'",
);
pub(super) const NOT_NOW: Refusal = Refusal::new(
    403,
    "InvalidStateTransition",
    "This call is not allowed in the present state",
);
pub(super) const LATE: Refusal = Refusal::new(410, "InvokeTimeout", "Invoke timeout");

pub(super) const TOO_LARGE: Refusal = Refusal::new(
    413,
    "RequestEntityTooLarge",
    "Exceeded maximum allowed payload size (6291556 bytes).",
);
pub(super) const TRUNCATED: Refusal = Refusal::new(
    400,
    "TruncatedHTTPRequest",
    "The body is shorter than announced",
);

pub(super) const UNANNOUNCED: Refusal = Refusal::new(
    400,
    "UnannouncedTrailer",
    "The header Trailer does not name every trailer",
);

/// The reply with this refusal.
pub(super) fn refuse(refusal: Refusal) -> Reply {
    Reply::new(refusal.status)
        .header("Content-Type", "application/json")
        .body(error_json(refusal.error_type, refusal.message))
}
