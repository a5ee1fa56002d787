//! What is known of an invocation besides its event.

use std::fmt;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use crate::{sys, traceparent};

/// What the headers of `next` say of an invocation.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Metadata<'a> {
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
    /// Only the ids, which is all that an answer needs.
    pub(crate) fn of(request_id: &'a str, invocation_id: Option<&'a str>) -> Self {
        Self {
            request_id,
            invocation_id,
            ..Self::default()
        }
    }
}

/// What a handler may know about the invocation it serves, and the state that the init step made.
///
/// Texts are borrowed from the headers that came with the event. Only the request id is always
/// there: each other header may be absent (the Runtime Interface Emulator omits what it has no
/// value for).
///
/// ```
/// use coldspark::{Context, Error};
/// use serde_json::{Value, json};
///
/// fn handler(_event: Value, context: &Context<'_, String>) -> Result<Value, Error> {
///     if context.time_left().is_some_and(|left| left.as_secs() < 1) {
///         return Err(Error::new("Order.NoTime", "too late to begin"));
///     }
///     Ok(json!({
///         "state": context.state(),               // what the init step made
///         "request": context.request_id(),
///         "delivery": context.invocation_id(),    // differs between retries
///         "deadline": context.deadline(),
///         "function": context.function_arn(),
///         "trace": context.trace_id(),
///         "tenant": context.tenant_id(),
///         "client": context.client_context(),
///         "identity": context.cognito_identity(),
///     }))
/// }
/// ```
pub struct Context<'a, S = ()> {
    metadata: Metadata<'a>,
    state: &'a S,
}

impl<'a, S> Context<'a, S> {
    pub(crate) fn new(metadata: Metadata<'a>, state: &'a S) -> Self {
        Self { metadata, state }
    }

    pub(crate) fn metadata(&self) -> Metadata<'a> {
        self.metadata
    }

    /// What the init step returned; `()` without one.
    #[must_use]
    pub fn state(&self) -> &'a S {
        self.state
    }

    /// The request id (`Lambda-Runtime-Aws-Request-Id`). A retry may carry the same id again.
    #[must_use]
    pub fn request_id(&self) -> &'a str {
        self.metadata.request_id
    }

    /// The id of this one delivery (`Lambda-Runtime-Invocation-Id`, sent since July 2026): unlike
    /// the request id it differs between retries.
    #[must_use]
    pub fn invocation_id(&self) -> Option<&'a str> {
        self.metadata.invocation_id
    }

    /// When the invocation times out (`Lambda-Runtime-Deadline-Ms`). Each invocation has its own,
    /// also when several are in hand ([`Runtime::concurrent`](crate::Runtime::concurrent)): Lambda
    /// Managed Instances then tell the caller of a timeout, and let the handler go on.
    #[must_use]
    pub fn deadline(&self) -> Option<SystemTime> {
        UNIX_EPOCH.checked_add(Duration::from_millis(self.metadata.deadline_ms?))
    }

    /// The time left until the deadline, by the wall clock at this moment; zero when it has
    /// passed. Do not keep it: the clock goes on while the environment is frozen.
    #[must_use]
    pub fn time_left(&self) -> Option<Duration> {
        let deadline = Duration::from_millis(self.metadata.deadline_ms?);
        Some(deadline.saturating_sub(sys::since_epoch()))
    }

    /// How long the handler may wait for something, so that its error can still be answered: until a
    /// tenth of the time that is left, at most 200 ms, is left.
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
        self.metadata.function_arn
    }

    /// The X-Ray tracing header (`Lambda-Runtime-Trace-Id`).
    #[must_use]
    pub fn trace_id(&self) -> Option<&'a str> {
        self.metadata.trace_id
    }

    /// The trace as the `traceparent` of W3C Trace Context, made of the X-Ray header: for a
    /// handler that passes it on to services which do not know X-Ray. None without the header;
    /// one that names no trace and parent gives None too, and the first such is logged as a
    /// warning.
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
        traceparent::from_xray(self.metadata.trace_id?)
    }

    /// The client context of the caller as JSON text (`Lambda-Runtime-Client-Context`).
    #[must_use]
    pub fn client_context(&self) -> Option<&'a str> {
        self.metadata.client_context
    }

    /// The Cognito identity of the caller as JSON text (`Lambda-Runtime-Cognito-Identity`).
    #[must_use]
    pub fn cognito_identity(&self) -> Option<&'a str> {
        self.metadata.cognito_identity
    }

    /// The tenant of a tenant-isolated function (`Lambda-Runtime-Aws-Tenant-Id`).
    #[must_use]
    pub fn tenant_id(&self) -> Option<&'a str> {
        self.metadata.tenant_id
    }
}

impl<S> fmt::Debug for Context<'_, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.metadata.fmt(f)
    }
}
