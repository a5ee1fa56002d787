//! Reading a request: its query string, and its body as JSON or as a form.

use std::borrow::Cow;

use ::http::Request;
use ::http::header::CONTENT_TYPE;
use serde::de::DeserializeOwned;

use super::{Body, Origin, request};
use crate::error::{Error, error_type};
use crate::json_path;

/// Reads a [`Request<Body>`](Request) as types.
///
/// A value that does not fit is the caller's mistake: the errors are `Runtime.InvalidRequest` and
/// `Runtime.UnsupportedMediaType`, which [`Runtime::http`](crate::Runtime::http) answers with status
/// 400 and 415 and their text when the handler returns them.
///
/// ```
/// use coldspark::http::{Body, Json, Request, RequestExt, StatusCode};
/// use coldspark::{Context, Error, Runtime};
/// use serde::{Deserialize, Serialize};
///
/// #[derive(Deserialize, Serialize)]
/// struct Order { article: String, quantity: u32 }
///
/// fn create(request: Request<Body>, _: &Context<'_>) -> Result<(StatusCode, Json<Order>), Error> {
///     let mut order: Order = request.json()?; // 415 or 400 for the caller
///     if request.query().get("double").is_some() {
///         order.quantity *= 2;
///     }
///     Ok((StatusCode::CREATED, Json(order)))
/// }
/// # let _ = Runtime::new().http("create", create);
/// ```
pub trait RequestExt {
    /// The parameters of the query string, decoded.
    fn query(&self) -> Query<'_>;

    /// The query string as a type: a field for each parameter, a `Vec` for one that may come several
    /// times.
    ///
    /// # Errors
    /// `Runtime.InvalidRequest` when it does not fit.
    fn query_as<T: DeserializeOwned>(&self) -> Result<T, Error>;

    /// The body, which is JSON.
    ///
    /// # Errors
    /// `Runtime.UnsupportedMediaType` when the content type is neither `application/json` nor one that
    /// ends with `+json`; `Runtime.InvalidRequest` when the body does not fit, with the path in the
    /// JSON.
    fn json<T: DeserializeOwned>(&self) -> Result<T, Error>;

    /// The body, which is a form (`application/x-www-form-urlencoded`).
    ///
    /// # Errors
    /// `Runtime.UnsupportedMediaType` for another content type, `Runtime.InvalidRequest` when the body
    /// does not fit.
    fn form<T: DeserializeOwned>(&self) -> Result<T, Error>;

    /// The data of the event beyond the HTTP request; `None` for a request that a test has made.
    fn origin(&self) -> Option<&Origin>;
}

impl RequestExt for Request<Body> {
    fn query(&self) -> Query<'_> {
        Query(self.uri().query().unwrap_or_default())
    }

    fn query_as<T: DeserializeOwned>(&self) -> Result<T, Error> {
        let query = self.uri().query().unwrap_or_default();
        serde_html_form::from_str(query)
            .map_err(|error| request::invalid(format!("the query string does not fit: {error}")))
    }

    fn json<T: DeserializeOwned>(&self) -> Result<T, Error> {
        let essence = essence(self);
        if essence != "application/json" && !essence.ends_with("+json") {
            return Err(unsupported("application/json", &essence));
        }
        serde_json::from_slice(self.body()).map_err(|error| {
            let path = json_path::prefix(self.body(), &error);
            request::invalid(format!("the body does not fit: {path}{error}"))
        })
    }

    fn form<T: DeserializeOwned>(&self) -> Result<T, Error> {
        const FORM: &str = "application/x-www-form-urlencoded";
        let essence = essence(self);
        if essence != FORM {
            return Err(unsupported(FORM, &essence));
        }
        serde_html_form::from_bytes(self.body())
            .map_err(|error| request::invalid(format!("the form does not fit: {error}")))
    }

    fn origin(&self) -> Option<&Origin> {
        self.extensions().get()
    }
}

/// The content type without its parameters, in lower case; empty when it is absent.
fn essence(request: &Request<Body>) -> String {
    let value = request.headers().get(CONTENT_TYPE);
    let value = value.and_then(|value| value.to_str().ok()).unwrap_or("");
    let essence = value.split(';').next().unwrap_or("");
    essence.trim().to_ascii_lowercase()
}

fn unsupported(wanted: &str, essence: &str) -> Error {
    let message = match essence {
        "" => format!("the request has no content type; send {wanted}"),
        _ => format!("the content type {essence:?} is not supported; send {wanted}"),
    };
    Error::new(error_type::UNSUPPORTED_MEDIA_TYPE, message)
}

/// The parameters of a query string, decoded: `%20` and `+` are spaces.
///
/// ```
/// use coldspark::http::{Body, Request, RequestExt};
///
/// let request = Request::get("/?tag=a+b&tag=%C3%A9&page=2").body(Body::default())?;
/// let query = request.query();
/// assert_eq!(query.get("page").as_deref(), Some("2"));
/// assert_eq!(query.all("tag").collect::<Vec<_>>(), ["a b", "é"]);
/// assert_eq!(query.iter().count(), 3);
/// # Ok::<(), coldspark::Error>(())
/// ```
#[derive(Debug, Clone, Copy)]
pub struct Query<'a>(&'a str);

impl<'a> Query<'a> {
    /// The first value of this name.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<Cow<'a, str>> {
        self.iter()
            .find_map(|(known, value)| (known == name).then_some(value))
    }

    /// All values of this name, in the order of the request.
    pub fn all<'n>(&self, name: &'n str) -> impl Iterator<Item = Cow<'a, str>> + use<'a, 'n> {
        self.iter()
            .filter_map(move |(known, value)| (known == name).then_some(value))
    }

    /// Each name with its value, in the order of the request.
    pub fn iter(&self) -> impl Iterator<Item = (Cow<'a, str>, Cow<'a, str>)> + use<'a> {
        form_urlencoded::parse(self.0.as_bytes())
    }
}
