//! The handler over requests and responses.

use std::borrow::Cow;

use ::http::{Request, Response, StatusCode};

use super::event::Event;
use super::{Body, IntoResponse, request, response};
use crate::error::{Error, error_type};
use crate::handler::{Handler, Outcome};
use crate::invocation::Context;

/// A handler over HTTP.
pub(crate) struct Http<F>(pub(crate) F);

impl<S, F, R> Handler<S> for Http<F>
where
    F: for<'e> Fn(Request<Body>, &Context<'e, S>) -> Result<R, Error> + Send + Sync,
    R: IntoResponse,
{
    fn call<'e>(
        &self,
        event: &'e [u8],
        context: &Context<'e, S>,
        scratch: &'e mut Vec<u8>,
    ) -> Result<Outcome<'e>, Error> {
        let event = Event::read(event)?;
        let front_end = event.front_end()?;
        let answer = request::build(event, front_end)
            .and_then(|request| (self.0)(request, context))
            .and_then(IntoResponse::into_response)
            .or_else(answer_mistake_of_client)?;
        response::write(answer, front_end, scratch)?;
        Ok(Outcome::Response(Cow::Borrowed(scratch)))
    }
}

/// Answers a request that is invalid, or that the handler cannot read. It is the client's mistake, so it must
/// not count as an error of the function.
#[cold]
fn answer_mistake_of_client(error: Error) -> Result<Response<Body>, Error> {
    let status = match error.error_type() {
        error_type::INVALID_REQUEST => StatusCode::BAD_REQUEST,
        error_type::UNSUPPORTED_MEDIA_TYPE => StatusCode::UNSUPPORTED_MEDIA_TYPE,
        _ => return Err(error),
    };
    let (problem, number) = (error.message(), status.as_u16());
    tracing::info!(target: "coldspark", "answered with {number}: {problem}");
    (status, format!("{problem}\n")).into_response()
}
