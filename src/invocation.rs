//! The context of an invocation.

mod metadata;

pub use metadata::{Metadata, deadline_ms};

use std::fmt;
use std::ops::Deref;

/// The metadata of an invocation, and the state that the init step made.
///
/// It derefs to [`Metadata`], which has everything but the state: helpers take `&Metadata<'_>`, and need
/// not know the type of the state.
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

    /// The context without its state, for the layer: code that takes it is compiled only once, apart from
    /// the code that is generic over the state.
    #[doc(hidden)]
    #[must_use]
    pub fn without_state(&self) -> Context<'a> {
        Context::new(self.metadata, &())
    }

    /// What the init step returned; `()` without one.
    #[must_use]
    pub fn state(&self) -> &'a S {
        self.state
    }
}

impl<'a, S> Deref for Context<'a, S> {
    type Target = Metadata<'a>;

    fn deref(&self) -> &Metadata<'a> {
        &self.metadata
    }
}

impl<S> fmt::Debug for Context<'_, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.metadata.fmt(f)
    }
}
