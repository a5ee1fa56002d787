//! Conversion of an event to a request.

use std::collections::BTreeSet;
use std::net::IpAddr;

use ::http::header::{COOKIE, HeaderName, HeaderValue};
use ::http::{HeaderMap, Method, Request};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde_json::Value;

use super::event::Event;
use super::json::{Pairs, Text};
use super::origin::{Origin, last_address};
use super::{Body, FrontEnd, uri};
use crate::error::{Error, error_type};

/// The request that an event holds, with its [`Origin`] in the extensions.
///
/// [`Runtime::http`](crate::Runtime::http) calls it. A handler over bytes may call it too.
///
/// ```
/// use coldspark::http::{self, FrontEnd, Origin, Response};
///
/// let event = br#"{"version": "2.0", "rawPath": "/orders", "rawQueryString": "open=1",
///     "headers": {"host": "shop.example"}, "body": "rope",
///     "requestContext": {"http": {"method": "POST", "sourceIp": "192.0.2.7"}, "stage": "$default"}}"#;
/// let request = http::request(event)?;
/// assert_eq!((request.method().as_str(), request.uri().path()), ("POST", "/orders"));
/// assert_eq!(request.body().text()?, "rope");
///
/// let origin = request.extensions().get::<Origin>().expect("it is always there");
/// assert_eq!(origin.front_end(), FrontEnd::ApiGatewayV2);
/// assert_eq!(origin.source_ip(), Some([192, 0, 2, 7].into()));
///
/// let answer = http::response(Response::new("sold"), origin.front_end())?;
/// assert!(String::from_utf8(answer)?.contains(r#""statusCode":200"#));
/// # Ok::<(), coldspark::Error>(())
/// ```
///
/// # Errors
/// `Runtime.InvalidEvent` when the event is not JSON, not of a known form, or has a Base64 body
/// that is invalid. `Runtime.InvalidRequest` when the client has sent what HTTP does not allow: a
/// method, a header or a target. [`Runtime::http`](crate::Runtime::http) answers that with 400.
pub fn request(event: &[u8]) -> Result<Request<Body>, Error> {
    let event = Event::read(event)?;
    let front_end = event.front_end()?;
    build(event, front_end)
}

pub(super) fn build(mut event: Event<'_>, front_end: FrontEnd) -> Result<Request<Body>, Error> {
    let mut request = Request::new(body(event.body.take(), event.is_base64_encoded)?);
    *request.method_mut() = method(&event, front_end)?;
    let target = target(&event, front_end);
    *request.uri_mut() = target.parse().map_err(|error| {
        let length = target.len();
        invalid(format!(
            "the request's target, of {length} bytes, is no URI: {error}"
        ))
    })?;
    *request.headers_mut() = headers(&event, front_end)?;
    let origin = origin(event, front_end, request.headers());
    request.extensions_mut().insert(origin);
    Ok(request)
}

/// The error for a mistake of the client.
pub(super) fn invalid(message: String) -> Error {
    Error::new(error_type::INVALID_REQUEST, message)
}

/// The error for an invalid event.
fn invalid_event(message: String) -> Error {
    Error::new(error_type::INVALID_EVENT, message)
}

fn body(body: Option<Text<'_>>, is_base64: Option<bool>) -> Result<Body, Error> {
    let Some(Text(body)) = body else {
        return Ok(Body::default());
    };
    if is_base64 != Some(true) {
        return Ok(body.into());
    }
    of_base64(&body)
}

/// The body of an event that says that it is Base64.
pub(super) fn of_base64(text: &str) -> Result<Body, Error> {
    let bytes = BASE64_STANDARD.decode(text);
    let bytes = bytes.map_err(|error| {
        invalid_event(format!(
            "the event says that its body is Base64, and it is not: {error}"
        ))
    })?;
    Ok(bytes.into())
}

fn method(event: &Event<'_>, front_end: FrontEnd) -> Result<Method, Error> {
    let name = match front_end {
        FrontEnd::ApiGatewayV2 => event.request_context["http"]["method"].as_str(),
        FrontEnd::VpcLattice => event.method.as_ref().map(|method| &*method.0),
        _ => event.http_method.as_ref().map(|method| &*method.0),
    };
    let name = name.ok_or_else(|| invalid_event("the event has no HTTP method".to_owned()))?;
    Method::from_bytes(name.as_bytes())
        .map_err(|_| invalid(format!("the request's method {name:?} is invalid")))
}

/// Path and query string.
fn target(event: &Event<'_>, front_end: FrontEnd) -> String {
    let mut target = String::with_capacity(128);
    let path = match front_end {
        FrontEnd::ApiGatewayV2 => &event.raw_path,
        _ => &event.path,
    };
    uri::push_path(&mut target, path.as_ref().map_or("/", |path| &path.0));
    let path = target.len();
    target.push('?');
    if front_end == FrontEnd::ApiGatewayV2 {
        let query = event.raw_query_string.as_ref();
        uri::push_raw_query(&mut target, query.map_or("", |query| &query.0));
    } else {
        let lists = event.multi_value_query_string_parameters.iter();
        let lists = lists.flat_map(Pairs::iter);
        let listed: BTreeSet<_> = lists.clone().map(|(name, _)| name).collect();
        let single = event.query_string_parameters.iter();
        let single = single.flat_map(Pairs::iter);
        let unlisted = single.filter(|(name, _)| !listed.contains(name));
        let decoded = front_end == FrontEnd::ApiGatewayV1;
        uri::push_pairs(&mut target, lists.chain(unlisted), decoded);
    }
    if target.len() == path + 1 {
        target.pop();
    }
    target
}

const TOO_MANY: &str = "the request has too many headers";

/// The lists of values, and the single values of headers that have no list.
fn headers(event: &Event<'_>, front_end: FrontEnd) -> Result<HeaderMap, Error> {
    let mut headers = HeaderMap::new();
    if front_end != FrontEnd::ApiGatewayV2 {
        for (name, value) in event.multi_value_headers.iter().flat_map(Pairs::iter) {
            add(&mut headers, name_of(name)?, value_of(name, value)?)?;
        }
    }
    let mut unlisted = Vec::new();
    for (name, value) in event.headers.iter().flat_map(Pairs::iter) {
        let (name, value) = (name_of(name)?, value_of(name, value)?);
        if !headers.contains_key(&name) {
            unlisted.push((name, value));
        }
    }
    for (name, value) in unlisted {
        add(&mut headers, name, value)?;
    }
    // The cookies of format 2.0 are a list of their own; together they are one header.
    if let Some(cookies) = event.cookies.as_ref().filter(|cookies| !cookies.is_empty()) {
        let cookies: Vec<&str> = cookies.iter().map(|cookie| &*cookie.0).collect();
        let cookies = value_of("cookie", &cookies.join("; "))?;
        let inserted = headers.try_insert(COOKIE, cookies);
        inserted.map_err(|_| invalid(TOO_MANY.to_owned()))?;
    }
    Ok(headers)
}

fn add(headers: &mut HeaderMap, name: HeaderName, value: HeaderValue) -> Result<(), Error> {
    let added = headers.try_append(name, value);
    added.map_err(|_| invalid(TOO_MANY.to_owned()))?;
    Ok(())
}

fn name_of(name: &str) -> Result<HeaderName, Error> {
    HeaderName::from_bytes(name.as_bytes())
        .map_err(|_| invalid(format!("the request's header name {name:?} is invalid")))
}

fn value_of(name: &str, value: &str) -> Result<HeaderValue, Error> {
    // Values may be secrets, and do not go into errors.
    HeaderValue::from_str(value).map_err(|_| {
        invalid(format!(
            "the request's header {name:?} has an invalid value"
        ))
    })
}

fn origin(event: Event<'_>, front_end: FrontEnd, headers: &HeaderMap) -> Origin {
    let context = &event.request_context;
    let stage_in_path = event.is_versioned();
    let at = |place: &Value| last_address(place["sourceIp"].as_str()?);
    let source_ip = match front_end {
        FrontEnd::ApiGatewayV1 => at(&context["identity"]),
        FrontEnd::ApiGatewayV2 => at(&context["http"]),
        FrontEnd::LoadBalancer | FrontEnd::LoadBalancerMultiValue | FrontEnd::VpcLattice => {
            last_forwarded(headers)
        }
    };
    let route = match front_end {
        FrontEnd::ApiGatewayV2 => event.route_key,
        _ => event.resource,
    };
    Origin {
        front_end,
        route: route.map(Text::into_owned),
        source_ip,
        stage_in_path,
        path_parameters: owned(event.path_parameters),
        stage_variables: owned(event.stage_variables),
        request_context: event.request_context,
    }
}

fn last_forwarded(headers: &HeaderMap) -> Option<IpAddr> {
    let last = headers.get_all("x-forwarded-for").iter().next_back()?;
    last_address(last.to_str().ok()?)
}

fn owned(pairs: Option<Pairs<'_>>) -> Vec<(String, String)> {
    let own = |(name, value): (&str, &str)| (name.to_owned(), value.to_owned());
    let pairs = pairs.as_ref().map(|pairs| pairs.iter().map(own).collect());
    pairs.unwrap_or_default()
}
