//! The metadata that the Runtime API sends with an event.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use crate::{sys, traceparent};

/// The metadata of an invocation: ids, deadline, trace, tenant.
///
/// A [`Context`](crate::Context) derefs to it, and has the function's state as well. A helper that needs no
/// state takes this type, and works with every state:
///
/// ```
/// use coldspark::{Context, Error, Metadata};
///
/// fn place(invocation: &Metadata<'_>) -> String {
///     format!("receipts/{}.json", invocation.request_id())
/// }
///
/// fn count(_: serde_json::Value, context: &Context<'_, Vec<String>>) -> Result<String, Error> {
///     Ok(place(context))
/// }
/// # let _ = count;
/// ```
///
/// Texts are borrowed from the headers that came with the event. Only the request id is always there:
/// each other header may be absent (the Runtime Interface Emulator omits those without a value).
#[derive(Debug, Clone, Copy, Default)]
pub struct Metadata<'a> {
    pub(crate) request_id: &'a str,
    pub(crate) invocation_id: Option<&'a str>,
    pub(crate) deadline_ms: Option<u64>,
    pub(crate) function_arn: Option<&'a str>,
    pub(crate) trace_id: Option<&'a str>,
    pub(crate) client_context: Option<&'a str>,
    pub(crate) cognito_identity: Option<&'a str>,
    pub(crate) tenant_id: Option<&'a str>,
}

impl<'a> Metadata<'a> {
    /// Metadata with the ids only, for an answer.
    pub(crate) fn of(request_id: &'a str, invocation_id: Option<&'a str>) -> Self {
        Self {
            request_id,
            invocation_id,
            ..Self::default()
        }
    }

    /// The request id (`Lambda-Runtime-Aws-Request-Id`). A retry may carry the same id again.
    #[must_use]
    pub fn request_id(&self) -> &'a str {
        self.request_id
    }

    /// The id of this one delivery (`Lambda-Runtime-Invocation-Id`, sent since July 2026): unlike
    /// the request id it differs between retries.
    #[must_use]
    pub fn invocation_id(&self) -> Option<&'a str> {
        self.invocation_id
    }

    /// When the invocation times out (`Lambda-Runtime-Deadline-Ms`). Each invocation has its own,
    /// also when several are in hand ([`Runtime::concurrent`](crate::Runtime::concurrent)): Lambda
    /// Managed Instances then tell the caller of a timeout, and let the handler go on.
    #[must_use]
    pub fn deadline(&self) -> Option<SystemTime> {
        UNIX_EPOCH.checked_add(Duration::from_millis(self.deadline_ms?))
    }

    /// The time left until the deadline, by the wall clock at this moment; zero when it has
    /// passed. Do not keep it: the clock goes on while the environment is frozen.
    #[must_use]
    pub fn time_left(&self) -> Option<Duration> {
        let deadline = Duration::from_millis(self.deadline_ms?);
        Some(deadline.saturating_sub(sys::since_epoch()))
    }

    /// How long the handler may wait and still send an error: the time left but a tenth of it, at most
    /// 200 ms.
    #[cfg(any(feature = "aws", feature = "tokio"))]
    pub(crate) fn time_to_wait(&self) -> Option<Duration> {
        const PART: u32 = 10;
        const MOST: Duration = Duration::from_millis(200);
        let left = self.time_left()?;
        Some(left - (left / PART).min(MOST))
    }

    /// The ARN that was invoked, with its version or alias
    /// (`Lambda-Runtime-Invoked-Function-Arn`).
    #[must_use]
    pub fn function_arn(&self) -> Option<&'a str> {
        self.function_arn
    }

    /// The X-Ray tracing header (`Lambda-Runtime-Trace-Id`).
    #[must_use]
    pub fn trace_id(&self) -> Option<&'a str> {
        self.trace_id
    }

    /// The trace as the `traceparent` of W3C Trace Context, made from the X-Ray header, for services that do
    /// not know X-Ray. `None` without the header, and for a header without trace and parent; the first of
    /// those is logged as a warning.
    ///
    /// ```
    /// # fn handler(context: &coldspark::Context) {
    /// if let Some(traceparent) = context.traceparent() {
    ///     // 00-5759e988bd862e3fe1be46a994272793-53995c3f42cd8ad8-01
    ///     println!("traceparent: {traceparent}");
    /// }
    /// # }
    /// ```
    #[must_use]
    pub fn traceparent(&self) -> Option<String> {
        traceparent::from_xray(self.trace_id?)
    }

    /// The client context of the caller as JSON text (`Lambda-Runtime-Client-Context`).
    #[must_use]
    pub fn client_context(&self) -> Option<&'a str> {
        self.client_context
    }

    /// The Cognito identity of the caller as JSON text (`Lambda-Runtime-Cognito-Identity`).
    #[must_use]
    pub fn cognito_identity(&self) -> Option<&'a str> {
        self.cognito_identity
    }

    /// The tenant of a tenant-isolated function (`Lambda-Runtime-Aws-Tenant-Id`).
    #[must_use]
    pub fn tenant_id(&self) -> Option<&'a str> {
        self.tenant_id
    }
}

/// The deadline in milliseconds since 1970, as its header has it.
pub fn deadline_ms(metadata: &Metadata<'_>) -> Option<u64> {
    metadata.deadline_ms
}

#[cfg(all(test, any(feature = "aws", feature = "tokio")))]
mod tests {
    use super::*;

    /// A tenth of a short time, and 200 ms of a long one.
    #[test]
    fn a_part_of_the_time_is_kept_for_the_error() {
        let part = |left: Duration| (left / 10).min(Duration::from_millis(200));
        for milliseconds in [1000, 60_000] {
            let metadata = Metadata {
                deadline_ms: Some(sys::milliseconds(sys::since_epoch()) + milliseconds),
                ..Metadata::default()
            };
            let before = metadata.time_left().unwrap();
            let wait = metadata.time_to_wait().unwrap();
            let after = metadata.time_left().unwrap();
            // The clock went on between the three.
            assert!(after - part(after) <= wait && wait <= before - part(before));
        }
    }
}
