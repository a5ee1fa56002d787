//! The handler over requests and responses.

use std::borrow::Cow;

use ::http::header::CONTENT_TYPE;
use ::http::{HeaderValue, Request, Response, StatusCode};

use super::event::Event;
use super::{Body, request, response};
use crate::error::{Error, error_type};
use crate::handler::{Handler, Outcome};
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
    ) -> Result<Outcome<'e>, Error> {
        let event = Event::read(event)?;
        let front_end = event.front_end()?;
        let answer = match request::build(event, front_end) {
            Ok(request) => (self.function)(request, context)?.map(Into::into),
            Err(error) if error.error_type() == error_type::INVALID_REQUEST => bad_request(&error),
            Err(error) => return Err(error),
        };
        response::write(answer, front_end, scratch)?;
        Ok(Outcome::Response(Cow::Borrowed(scratch)))
    }
}

/// The answer to a request that no handler could be given. It is the client's mistake: no error of
/// the function, which would be counted, retried and looked into.
fn bad_request(error: &Error) -> Response<Body> {
    let problem = error.message();
    tracing::info!(target: "coldspark", "answered with 400: {problem}");
    let mut response = Response::new(Body::from(format!("{problem}\n")));
    *response.status_mut() = StatusCode::BAD_REQUEST;
    let form = HeaderValue::from_static("text/plain; charset=utf-8");
    response.headers_mut().insert(CONTENT_TYPE, form);
    response
}
