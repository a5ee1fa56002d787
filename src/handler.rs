//! Handlers: what a function registers, and how an event reaches it.

use std::any::Any;
use std::borrow::Cow;
use std::marker::PhantomData;

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::api::ApiError;
use crate::error::{Error, error_type};
use crate::invocation::{Context, Metadata};
use crate::json_path;
use crate::sys::slot::Slot;

/// The outcome of a handler.
pub(crate) enum Outcome<'e> {
    /// A response that is to be posted.
    Response(Cow<'e, [u8]>),
    /// The response was streamed; this is the result of sending it.
    Streamed(Result<(), ApiError>),
}

/// Makes the response to an event: the form of handler that the run loop calls.
///
/// `scratch` is an empty buffer, for a response that does not borrow from the event.
pub(crate) trait Handler<S>: Send + Sync {
    fn call<'e>(
        &self,
        event: &'e [u8],
        context: &Context<'e, S>,
        scratch: &'e mut Vec<u8>,
    ) -> Result<Outcome<'e>, Error>;

    /// How many connections to the Runtime API an event takes.
    fn connections(&self) -> usize {
        1
    }
}

/// The function's hooks around an answer. They get the state without its type.
pub(crate) trait AroundAnswer: Send + Sync {
    /// Called right before the answer, or the end of a streamed one, is sent.
    fn before(&self, metadata: Metadata<'_>, state: &dyn Any, result: Result<(), &Error>);

    /// Called after the answer: whether the Runtime API has taken it is in `taken`.
    fn after(&self, metadata: Metadata<'_>, state: &dyn Any, taken: bool);
}

/// Filled by a function that has such hooks.
pub(crate) static AROUND_ANSWER: Slot<Box<dyn AroundAnswer>> = Slot::empty();

/// Calls the hooks before the answer, which is the handler's result or an error.
pub(crate) fn before_answer<S: 'static>(context: &Context<'_, S>, result: Result<(), &Error>) {
    if let Some(hooks) = AROUND_ANSWER.get() {
        hooks.before(context.metadata(), context.state(), result);
    }
}

/// Calls the hooks after the answer.
pub(crate) fn after_answer<S: 'static>(context: &Context<'_, S>, taken: bool) {
    if let Some(hooks) = AROUND_ANSWER.get() {
        hooks.after(context.metadata(), context.state(), taken);
    }
}

/// A handler over bytes.
pub(crate) struct Raw<F>(pub(crate) F);

impl<S, F> Handler<S> for Raw<F>
where
    F: for<'e> Fn(&'e [u8], &Context<'e, S>) -> Result<Cow<'e, [u8]>, Error> + Send + Sync,
{
    fn call<'e>(
        &self,
        event: &'e [u8],
        context: &Context<'e, S>,
        _: &'e mut Vec<u8>,
    ) -> Result<Outcome<'e>, Error> {
        (self.0)(event, context).map(Outcome::Response)
    }
}

/// A handler over bytes that owns its response.
pub(crate) struct Owned<F>(pub(crate) F);

impl<S, F, R> Handler<S> for Owned<F>
where
    F: for<'e> Fn(&'e [u8], &Context<'e, S>) -> Result<R, Error> + Send + Sync,
    R: Into<Vec<u8>>,
{
    fn call<'e>(
        &self,
        event: &'e [u8],
        context: &Context<'e, S>,
        _: &'e mut Vec<u8>,
    ) -> Result<Outcome<'e>, Error> {
        let response = (self.0)(event, context)?;
        Ok(Outcome::Response(Cow::Owned(response.into())))
    }
}

/// A handler over types of serde, as JSON.
pub(crate) struct Json<F, T> {
    function: F,
    event: PhantomData<fn(T)>,
}

impl<F, T> Json<F, T> {
    pub(crate) fn new(function: F) -> Self {
        Self {
            function,
            event: PhantomData,
        }
    }
}

impl<S, F, T, R> Handler<S> for Json<F, T>
where
    F: for<'e> Fn(T, &Context<'e, S>) -> Result<R, Error> + Send + Sync,
    T: DeserializeOwned,
    R: Serialize,
{
    fn call<'e>(
        &self,
        event: &'e [u8],
        context: &Context<'e, S>,
        scratch: &'e mut Vec<u8>,
    ) -> Result<Outcome<'e>, Error> {
        let event = serde_json::from_slice(event).map_err(|error| invalid_event(event, &error))?;
        let response = (self.function)(event, context)?;
        serde_json::to_writer(&mut *scratch, &response).map_err(|error| {
            Error::new(
                error_type::INVALID_RESPONSE,
                format!("the handler's response cannot be written as JSON: {error}"),
            )
        })?;
        Ok(Outcome::Response(Cow::Borrowed(scratch)))
    }
}

/// The error for an event that serde_json refuses, with the place in the JSON.
#[cold]
pub(crate) fn invalid_event(event: &[u8], error: &serde_json::Error) -> Error {
    let problem = if error.is_data() {
        "the event is not of the shape that the handler expects"
    } else {
        "the event is not JSON"
    };
    let path = json_path::prefix(event, error);
    Error::new(
        error_type::INVALID_EVENT,
        format!("{problem}: {path}{error}"),
    )
}
