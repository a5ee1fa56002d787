//! One invocation: queued, and then in hand, which is when a runtime has fetched it and not answered it.

use std::time::{Instant, SystemTime};

use super::outcome::Invocation;
use crate::api;
use crate::http::Reply;

/// An invocation that no runtime has fetched yet.
#[derive(Debug)]
pub(super) struct Queued {
    pub(super) ticket: u64,
    pub(super) invocation: Invocation,
    /// Its invocation id.
    pub(super) nonce: String,
}

#[derive(Debug)]
pub(super) struct InHand {
    pub(super) ticket: u64,
    pub(super) invocation: Invocation,
    pub(super) nonce: String,
    pub(super) handed_out: Instant,
    pub(super) sent: Option<Instant>,
    /// Whether a `response` or `error` is being read.
    pub(super) answering: bool,
}

impl InHand {
    pub(super) fn new(queued: Queued) -> InHand {
        InHand {
            ticket: queued.ticket,
            invocation: queued.invocation,
            nonce: queued.nonce,
            handed_out: Instant::now(),
            sent: None,
            answering: false,
        }
    }

    /// When it times out.
    pub(super) fn times_out_at(&self) -> Instant {
        match self.invocation.deadline {
            None => self.handed_out + self.invocation.timeout,
            Some(deadline) => {
                let left = deadline.duration_since(SystemTime::now());
                Instant::now() + left.unwrap_or_default()
            }
        }
    }

    /// The deadline as the runtime and extensions get it, in milliseconds since the Unix epoch.
    pub(super) fn deadline_ms(&self) -> u64 {
        let fixed = self.invocation.false_deadline.or(self.invocation.deadline);
        let deadline = fixed.unwrap_or_else(|| {
            let left = self
                .times_out_at()
                .saturating_duration_since(Instant::now());
            SystemTime::now() + left
        });
        let deadline = deadline.duration_since(SystemTime::UNIX_EPOCH);
        let milliseconds = deadline.unwrap_or_default().as_millis();
        u64::try_from(milliseconds).unwrap_or(u64::MAX)
    }

    /// The answer to `next`.
    pub(super) fn event(&self, function_arn: &str) -> Reply {
        let invocation = &self.invocation;
        let mut reply = Reply::new(200)
            .header(api::DEADLINE_MS, &self.deadline_ms().to_string())
            .header(api::FUNCTION_ARN, function_arn)
            .header(api::INVOCATION_ID, &self.nonce);
        for (name, value) in [
            ("Content-Type", &invocation.content_type),
            (api::REQUEST_ID, &invocation.request_id),
            (api::TRACE_ID, &invocation.trace_id),
            (api::CLIENT_CONTEXT, &invocation.client_context),
            (api::COGNITO_IDENTITY, &invocation.cognito_identity),
            (api::TENANT_ID, &invocation.tenant_id),
        ] {
            if let Some(value) = value {
                // JSON may be spread over lines; a header may not.
                let line = value.replace(|c: char| c.is_ascii_control(), " ");
                reply = reply.header(name, &line);
            }
        }
        reply.body(invocation.event.as_slice())
    }
}
