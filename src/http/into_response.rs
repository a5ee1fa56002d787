//! The types that a handler may return as its response.

use ::http::header::{CONTENT_TYPE, LOCATION};
use ::http::{HeaderValue, Response, StatusCode};
use serde::Serialize;

use super::Body;
use super::response::invalid;
use crate::error::Error;

/// The return types of a handler of [`Runtime::http`](crate::Runtime::http): a `Response` of the crate
/// `http`, a status, a text, bytes, [`Json`], a [`Redirect`], or a pair of a status and one of them.
///
/// ```
/// use coldspark::Runtime;
/// use coldspark::http::{Json, Redirect, StatusCode};
/// use serde_json::json;
///
/// let runtime = Runtime::new()
///     .http("text", |_, _| Ok("hello"))
///     .http("none", |_, _| Ok((StatusCode::NOT_FOUND, "there is nothing here")))
///     .http("json", |_, _| Ok(Json(json!({"pieces": 3}))))
///     .http("move", |_, _| Ok(Redirect::permanent("/orders")));
/// # let _ = runtime;
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no HTTP response",
    note = "return a `Response`, a text, bytes, `http::Json(value)`, `http::Redirect` or a `StatusCode`; \
            or `(StatusCode, ...)` with one of them"
)]
pub trait IntoResponse {
    /// The response.
    ///
    /// # Errors
    /// `Runtime.InvalidResponse` when it cannot be made.
    fn into_response(self) -> Result<Response<Body>, Error>;
}

impl<B: Into<Body>> IntoResponse for Response<B> {
    fn into_response(self) -> Result<Response<Body>, Error> {
        Ok(self.map(Into::into))
    }
}

impl IntoResponse for StatusCode {
    fn into_response(self) -> Result<Response<Body>, Error> {
        (self, Response::new(Body::default())).into_response()
    }
}

impl<R: IntoResponse> IntoResponse for (StatusCode, R) {
    fn into_response(self) -> Result<Response<Body>, Error> {
        let (status, response) = self;
        let mut response = response.into_response()?;
        *response.status_mut() = status;
        Ok(response)
    }
}

/// `text/plain; charset=utf-8`.
impl IntoResponse for &'static str {
    fn into_response(self) -> Result<Response<Body>, Error> {
        Ok(with_content_type("text/plain; charset=utf-8", self.into()))
    }
}

/// `text/plain; charset=utf-8`.
impl IntoResponse for String {
    fn into_response(self) -> Result<Response<Body>, Error> {
        Ok(with_content_type("text/plain; charset=utf-8", self.into()))
    }
}

/// `application/octet-stream`.
impl IntoResponse for Vec<u8> {
    fn into_response(self) -> Result<Response<Body>, Error> {
        Ok(with_content_type("application/octet-stream", self.into()))
    }
}

/// A value that is sent as JSON, `application/json`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Json<T>(
    /// The value.
    pub T,
);

impl<T: Serialize> IntoResponse for Json<T> {
    fn into_response(self) -> Result<Response<Body>, Error> {
        let json = serde_json::to_vec(&self.0).map_err(|error| {
            invalid(format!(
                "the handler's response cannot be written as JSON: {error}"
            ))
        })?;
        Ok(with_content_type("application/json", json.into()))
    }
}

/// A redirect.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Redirect {
    status: StatusCode,
    to: String,
}

impl Redirect {
    /// Status 303, see other: the client goes there with GET, usually after it has sent a form.
    #[must_use]
    pub fn to(place: impl Into<String>) -> Self {
        Self::with(StatusCode::SEE_OTHER, place.into())
    }

    /// Status 307, temporary: the client repeats this request there, with the same method.
    #[must_use]
    pub fn temporary(place: impl Into<String>) -> Self {
        Self::with(StatusCode::TEMPORARY_REDIRECT, place.into())
    }

    /// Status 308, permanent: the client goes there from now on, with the same method.
    #[must_use]
    pub fn permanent(place: impl Into<String>) -> Self {
        Self::with(StatusCode::PERMANENT_REDIRECT, place.into())
    }

    fn with(status: StatusCode, to: String) -> Self {
        Self { status, to }
    }
}

impl IntoResponse for Redirect {
    fn into_response(self) -> Result<Response<Body>, Error> {
        let place = HeaderValue::try_from(self.to)
            .map_err(|_| invalid("the place of a redirect cannot be a header".to_owned()))?;
        let mut response = Response::new(Body::default());
        *response.status_mut() = self.status;
        response.headers_mut().insert(LOCATION, place);
        Ok(response)
    }
}

fn with_content_type(content_type: &'static str, body: Body) -> Response<Body> {
    let mut response = Response::new(body);
    let content_type = HeaderValue::from_static(content_type);
    response.headers_mut().insert(CONTENT_TYPE, content_type);
    response
}
