//! A Runtime API that does as it is told: the test double for a runtime's client.
//!
//! Requests take steps from a list in order, whichever connection they come on; everything
//! received is recorded. When the list is used up a request waits, as `next` does on Lambda,
//! until a step is pushed or the [`Scripted`] is dropped; so a script need not end the loop.
//!
//! ```
//! use std::time::Duration;
//! use coldspark_emulator::script::{self, Scripted, Step};
//!
//! let api = Scripted::start([
//!     script::event("id-1", r#"{"n":1}"#).header("Lambda-Runtime-Aws-Tenant-Id", "blue").into(),
//!     Step::from(script::status(202)),
//!     script::event("id-2", "{}").without_header("Lambda-Runtime-Trace-Id").into(),
//!     Step::from(script::status(413)).then_close(),
//! ]);
//! # let address = api.address();
//! # std::thread::spawn(move || {
//! #     let next = format!("http://{address}/2018-06-01/runtime/invocation/next");
//! #     ureq::get(&next).call().unwrap();
//! #     let url = format!("http://{address}/2018-06-01/runtime/invocation/id-1/response");
//! #     ureq::post(&url).send("\"done\"").unwrap();
//! # });
//! // … start the runtime with AWS_LAMBDA_RUNTIME_API set to api.address() …
//! let requests = api.wait_for(2, Duration::from_secs(60));
//! assert_eq!(requests[1].path, "/2018-06-01/runtime/invocation/id-1/response");
//! assert_eq!(requests[1].text(), "\"done\"");
//! ```
//!
//! What a step can do beside answering: write in pieces ([`Step::split_at`],
//! [`Step::dribble`]), stop short ([`Step::cut_at`]), close ([`Step::then_close`],
//! [`Step::close_unread`], [`Step::close_after_head`], [`Step::close_after_request`]), reset
//! ([`Step::then_reset`], also [`Step::once_read`]), never answer ([`Step::park`], [`Step::then_park`]), answer early
//! ([`Step::before_body`]), close or reopen the listening socket
//! ([`Step::closing_listener`], [`Step::reopening_listener`]), and wait for one kind of call
//! ([`Step::only`]).

mod extension;
mod play;
mod server;
mod shared;
mod step;

pub use crate::api::Call;
/// A recorded request.
pub use crate::http::Request;
pub use server::Scripted;
pub use step::Step;

use std::time::{Duration, SystemTime};

use crate::api;
use crate::http::Reply;

/// The ARN that [`event`] gives.
pub const FUNCTION_ARN: &str = "arn:aws:lambda:eu-central-1:123456789012:function:scripted";
/// The trace header that [`event`] gives.
pub const TRACE_ID: &str =
    "Root=1-5e1b4151-43a0913a12345678901234567;Parent=53995c3f42cd8ad8;Sampled=1";

/// The answer to `next` with every header that Lambda usually sends: request id, invocation id
/// (`nonce-` and the request id), deadline (a minute from now), function ARN, trace id, content
/// type and date. Change them with [`Reply`]'s builders.
#[must_use]
pub fn event(request_id: &str, body: impl Into<Vec<u8>>) -> Reply {
    event_within(Duration::from_secs(60), request_id, body)
}

/// An [`event`] with another time until its deadline.
#[must_use]
pub fn event_within(left: Duration, request_id: &str, body: impl Into<Vec<u8>>) -> Reply {
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    let deadline = now.unwrap_or_default() + left;
    Reply::new(200)
        .header("Content-Type", "application/json")
        .header(api::REQUEST_ID, request_id)
        .header(api::INVOCATION_ID, &format!("nonce-{request_id}"))
        .header(api::DEADLINE_MS, &deadline.as_millis().to_string())
        .header(api::FUNCTION_ARN, FUNCTION_ARN)
        .header(api::TRACE_ID, TRACE_ID)
        .header("Date", "Tue, 03 Nov 2026 10:00:00 GMT")
        .body(body)
}

/// The answer with this status and the JSON body that the Runtime API gives with it.
#[must_use]
pub fn status(code: u16) -> Reply {
    Reply::new(code)
        .header("Content-Type", "application/json")
        .body(api::status_json(code))
}

/// Exactly these bytes.
#[must_use]
pub fn raw(bytes: impl Into<Vec<u8>>) -> Reply {
    Reply::raw(bytes)
}

/// The two steps of one good invocation: the event for `next`, then 202 for what is posted.
#[must_use]
pub fn exchange(request_id: &str, body: impl Into<Vec<u8>>) -> [Step; 2] {
    [event(request_id, body).into(), status(202).into()]
}
