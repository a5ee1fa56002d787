//! A context for a test.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use crate::invocation::{Context, Metadata};
use crate::sys;

/// The default request id.
const REQUEST_ID: &str = "00000000-0000-4000-8000-000000000000";
const FUNCTION_ARN: &str = "arn:aws:lambda:us-east-1:123456789012:function:test";
/// Lambda's default timeout of a function.
const TIMEOUT: Duration = Duration::from_secs(3);

/// Begins a context for a test: a request id of zeros, 3 seconds until the deadline, an ARN in a
/// made-up account, the state `()`, and nothing else.
///
/// ```
/// use coldspark::testing;
/// use std::time::Duration;
///
/// let context = testing::context()
///     .request_id("r-1")
///     .tenant_id("blue")
///     .trace_id("Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1")
///     .time_left(Duration::from_millis(500))
///     .state(&7)
///     .build();
/// assert_eq!((context.request_id(), *context.state()), ("r-1", 7));
/// assert!(context.time_left().unwrap() <= Duration::from_millis(500));
/// assert!(context.traceparent().is_some());
/// ```
pub fn context() -> ContextBuilder<'static> {
    let metadata = Metadata {
        function_arn: Some(FUNCTION_ARN),
        ..Metadata::of(REQUEST_ID, None)
    };
    ContextBuilder {
        metadata,
        state: &(),
    }
    .time_left(TIMEOUT)
}

/// A builder of a [`Context`], by [`context()`]. It borrows its arguments.
#[derive(Clone, Copy, Debug)]
#[must_use]
pub struct ContextBuilder<'a, S = ()> {
    metadata: Metadata<'a>,
    state: &'a S,
}

/// Setters for texts of the metadata.
macro_rules! texts {
    ($($(#[$about:meta])* $name:ident;)*) => {$(
        $(#[$about])*
        pub fn $name(mut self, value: &'a str) -> Self {
            self.metadata.$name = Some(value);
            self
        }
    )*};
}

impl<'a, S> ContextBuilder<'a, S> {
    /// [`Metadata::request_id`].
    pub fn request_id(mut self, value: &'a str) -> Self {
        self.metadata.request_id = value;
        self
    }

    texts! {
        /// [`Metadata::invocation_id`].
        invocation_id;
        /// [`Metadata::function_arn`].
        function_arn;
        /// [`Metadata::trace_id`].
        trace_id;
        /// [`Metadata::client_context`].
        client_context;
        /// [`Metadata::cognito_identity`].
        cognito_identity;
        /// [`Metadata::tenant_id`].
        tenant_id;
    }

    /// [`Metadata::deadline`], in whole milliseconds; there is no deadline for a time before 1970.
    pub fn deadline(mut self, deadline: SystemTime) -> Self {
        let since_epoch = deadline.duration_since(UNIX_EPOCH);
        self.metadata.deadline_ms = since_epoch.ok().map(sys::milliseconds);
        self
    }

    /// Sets the deadline: it is this time from now.
    pub fn time_left(mut self, time: Duration) -> Self {
        let deadline = sys::since_epoch().saturating_add(time);
        self.metadata.deadline_ms = Some(sys::milliseconds(deadline));
        self
    }

    /// Removes the deadline, as if the Runtime API had sent none.
    pub fn no_deadline(mut self) -> Self {
        self.metadata.deadline_ms = None;
        self
    }

    /// [`Context::state`]: what the init step would have made.
    pub fn state<T>(self, state: &'a T) -> ContextBuilder<'a, T> {
        ContextBuilder {
            metadata: self.metadata,
            state,
        }
    }

    /// Makes the context.
    #[must_use]
    pub fn build(self) -> Context<'a, S> {
        Context::new(self.metadata, self.state)
    }
}
