//! The handler over requests and responses.

use std::borrow::Cow;

use ::http::{Request, Response};

use super::{Body, request, response};
use crate::error::Error;
use crate::handler::{Handler, NoResponse};
use crate::invocation::Context;

/// A handler over HTTP.
pub(crate) struct Http<F> {
    function: F,
}

impl<F> Http<F> {
    pub(crate) fn new(function: F) -> Self {
        Self { function }
    }
}

impl<S, F, B> Handler<S> for Http<F>
where
    F: for<'e> Fn(Request<Body>, &Context<'e, S>) -> Result<Response<B>, Error> + Send + Sync,
    B: Into<Body>,
{
    fn call<'e>(
        &self,
        event: &'e [u8],
        context: &Context<'e, S>,
        scratch: &'e mut Vec<u8>,
    ) -> Result<Cow<'e, [u8]>, NoResponse> {
        let (request, front_end) = request::read(event)?;
        let answer = (self.function)(request, context)?;
        response::write(answer.map(Into::into), front_end, scratch)?;
        Ok(Cow::Borrowed(scratch))
    }
}
