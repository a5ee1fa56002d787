//! Requests in the form of ureq, with whatever stays the same made once.

use ureq::http::header::{CONTENT_LENGTH, HOST, USER_AGENT};
use ureq::http::uri::{Authority, PathAndQuery, Scheme};
use ureq::http::{self, HeaderMap, HeaderName, HeaderValue, Method, Uri};

use super::super::Request;
use super::super::bare_ureq::AGENT;
use crate::settings::path_prefix;

/// Makes the requests to one server.
pub(super) struct Requests {
    server: &'static str,
    same: Option<Same>,
    /// The address of the last request without a body: it is nearly always `next`.
    last: Option<Uri>,
}

/// Parts of every request.
struct Same {
    authority: Authority,
    /// With these ureq need not make and check its own each time.
    headers: HeaderMap,
}

impl Same {
    fn new(server: &str) -> Result<Self, http::Error> {
        let mut headers = HeaderMap::new();
        headers.insert(HOST, HeaderValue::from_str(server)?);
        headers.insert(USER_AGENT, HeaderValue::from_static(AGENT));
        Ok(Self {
            authority: server.parse()?,
            headers,
        })
    }
}

impl Requests {
    pub(super) const fn new(server: &'static str) -> Self {
        Self {
            server,
            same: None,
            last: None,
        }
    }

    /// The request, without its body.
    pub(super) fn make(&mut self, request: &Request<'_>) -> Result<http::Request<()>, http::Error> {
        let same = match &mut self.same {
            Some(same) => same,
            empty => empty.insert(Same::new(self.server)?),
        };
        let mut headers = same.headers.clone();
        let uri = uri(&same.authority, &mut self.last, request)?;
        for (name, value) in request.headers {
            headers.append(
                HeaderName::from_bytes(name.as_bytes())?,
                HeaderValue::from_str(value)?,
            );
        }
        let mut message = http::Request::new(());
        if let Some(body) = request.body {
            headers.insert(CONTENT_LENGTH, HeaderValue::from(body.len()));
            *message.method_mut() = Method::POST;
        }
        *message.uri_mut() = uri;
        *message.headers_mut() = headers;
        Ok(message)
    }
}

fn uri(
    authority: &Authority,
    last: &mut Option<Uri>,
    request: &Request<'_>,
) -> Result<Uri, http::Error> {
    let prefix = path_prefix();
    let [version, id, call] = request.path;
    let length = prefix.len() + version.len() + id.len() + call.len();
    let mut path = String::with_capacity(length);
    for part in [prefix, version, id, call] {
        path.push_str(part);
    }
    if request.body.is_some() {
        return address(authority, path);
    }
    match last {
        Some(uri) if uri.path_and_query().is_some_and(|last| *last == path) => Ok(uri.clone()),
        _ => Ok(last.insert(address(authority, path)?).clone()),
    }
}

fn address(authority: &Authority, path: String) -> Result<Uri, http::Error> {
    let mut parts = http::uri::Parts::default();
    parts.scheme = Some(Scheme::HTTP);
    parts.authority = Some(authority.clone());
    parts.path_and_query = Some(PathAndQuery::try_from(path)?);
    Ok(Uri::from_parts(parts)?)
}
