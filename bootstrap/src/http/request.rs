//! Conversion of an event to the bytes of a request.

use std::borrow::Cow;

use coldspark::Context;
use coldspark::internal::{base64, quoted};

use super::event::{Event, FrontEnd};
use super::headers::{self, HopByHop, push_header};
use super::json::Value;
use super::metadata;
use super::settings::WebSettings;
use super::target;

/// Headers that are not passed on: the bootstrap writes the length itself, and has the whole body already.
const NOT_PASSED_ON: [&str; 2] = ["content-length", "expect"];

/// The bytes of a request.
pub(super) struct Request<'e> {
    pub(super) head: Vec<u8>,
    pub(super) body: Cow<'e, [u8]>,
    /// `None` for an event that is not a front end's request.
    pub(super) front_end: Option<FrontEnd>,
    /// Whether the method is HEAD, whose answers have no body.
    pub(super) is_head: bool,
    /// Whether the method is idempotent (RFC 9110, section 9.2.2), so that it may be sent again.
    pub(super) may_repeat: bool,
    pub(super) accepts_gzip: bool,
}

/// Why an event becomes no request to the application.
pub(super) enum Refusal {
    /// HTTP does not allow the client's request, for this reason.
    BadRequest(FrontEnd, String),
    /// The path is that of a hook, which only the bootstrap may call.
    Forbidden(FrontEnd),
    /// The front end's event is invalid, for this reason.
    InvalidEvent(&'static str),
}

impl<'e> Request<'e> {
    /// The request of an event: the one that the front end got, or a POST with the event as its body.
    pub(super) fn of_event(
        event: &'e [u8],
        context: &Context<'_>,
        settings: &WebSettings,
        host: &str,
    ) -> Result<Self, Refusal> {
        match Event::read(event) {
            Some(request) => Self::of_front_end(&request, context, settings, host),
            None => {
                let mut request =
                    Self::post(&settings.pass_through_path, host, Cow::Borrowed(event));
                request
                    .head
                    .extend_from_slice(b"Content-Type: application/json\r\n");
                metadata::push_headers(&mut request.head, Value::default(), context);
                request.end();
                Ok(request)
            }
        }
    }

    /// A request without a body, complete.
    pub(super) fn empty(method: &str, path: &str, host: &str) -> Self {
        let mut request = match method {
            "POST" => Self::post(path, host, Cow::Borrowed(&[])),
            _ => Self::new(method, path.as_bytes(), host, Cow::Borrowed(&[])),
        };
        request.end();
        request
    }

    /// A POST with this body, whose head is not complete yet.
    fn post(path: &str, host: &str, body: Cow<'e, [u8]>) -> Self {
        let mut request = Self::new("POST", path.as_bytes(), host, body);
        request.push_length();
        request
    }

    /// A request whose head has a request line and `Host`, and is not complete yet.
    fn new(method: &str, target: &[u8], host: &str, body: Cow<'e, [u8]>) -> Self {
        let mut head = Vec::with_capacity(2048);
        for part in [method.as_bytes(), b" ", target, b" HTTP/1.1\r\n"] {
            head.extend_from_slice(part);
        }
        push_header(&mut head, "Host", host);
        Self {
            head,
            body,
            front_end: None,
            is_head: method == "HEAD",
            may_repeat: ["GET", "HEAD", "OPTIONS", "TRACE", "PUT", "DELETE"].contains(&method),
            accepts_gzip: false,
        }
    }

    fn push_length(&mut self) {
        push_header(
            &mut self.head,
            "Content-Length",
            &self.body.len().to_string(),
        );
    }

    /// Completes the head.
    fn end(&mut self) {
        self.head.extend_from_slice(b"\r\n");
    }

    fn of_front_end(
        event: &Event<'e>,
        context: &Context<'_>,
        settings: &WebSettings,
        host: &str,
    ) -> Result<Self, Refusal> {
        let front_end = event.front_end;
        let bad = |what: String| Refusal::BadRequest(front_end, what);
        let method = event.method();
        let method = method
            .as_deref()
            .ok_or(Refusal::InvalidEvent("it has no HTTP method"))?;
        if !headers::is_token(method) {
            return Err(bad(format!("the method {} is invalid", quoted(method))));
        }
        check_texts(event)?;
        let body = body(event)?;
        let mut target = Vec::with_capacity(256);
        target::push(&mut target, event, settings.base_path.as_deref());
        let hooks = [&settings.before_snapshot_path, &settings.after_restore_path];
        if hooks
            .into_iter()
            .flatten()
            .any(|hook| target::leads_to(&target, hook))
        {
            return Err(Refusal::Forbidden(front_end));
        }
        let all = event.headers();
        let mut hosts = all
            .iter()
            .filter(|(name, _)| headers::is(name.as_bytes(), "host"));
        let host = hosts.next().map_or(host, |(_, value)| value.trim_ascii());
        if hosts.next().is_some() {
            return Err(bad("there is more than one Host".to_owned()));
        }
        let mut request = Self::new(method, &target, host, body);
        request.front_end = Some(front_end);
        request.push_headers(event, &all, settings).map_err(bad)?;
        let sends_body = all
            .iter()
            .any(|(name, _)| name.eq_ignore_ascii_case("content-length"));
        if sends_body || !request.body.is_empty() || ["POST", "PUT", "PATCH"].contains(&method) {
            request.push_length();
        }
        metadata::push_headers(&mut request.head, event.fields.request_context, context);
        request.end();
        Ok(request)
    }

    /// Writes the client's headers, except those of the connection, those that the bootstrap sets, and `Host`.
    fn push_headers(
        &mut self,
        event: &Event<'_>,
        all: &[(Cow<'_, str>, Cow<'_, str>)],
        settings: &WebSettings,
    ) -> Result<(), String> {
        let hop_by_hop = HopByHop::of(&mut all.iter().map(|(name, value)| (&**name, &**value)));
        let source = settings.authorization_source.as_deref();
        let is_source = |name: &str| source.is_some_and(|source| source.eq_ignore_ascii_case(name));
        let has_source = all.iter().any(|(name, _)| is_source(name));
        let cookies = event.fields.cookies.items();
        let cookies: Vec<_> = cookies.filter_map(Value::text).collect();
        for (name, value) in all {
            if !headers::is_token(name) {
                return Err(format!("the header name {} is invalid", quoted(name)));
            }
            check_value(name, value)?;
            let is = |known: &str| headers::is(name.as_bytes(), known);
            self.accepts_gzip |= is("accept-encoding") && headers::accepts_gzip(value);
            let replaced = (is("authorization") && has_source)
                || (is("cookie") && !cookies.is_empty())
                || is("host");
            let name_bytes = name.as_bytes();
            if replaced
                || headers::is_one_of(name_bytes, &metadata::HEADERS)
                || headers::is_one_of(name_bytes, &NOT_PASSED_ON)
                || hop_by_hop.has(name)
            {
                continue;
            }
            let name = if is_source(name) {
                "Authorization"
            } else {
                name
            };
            push_header(&mut self.head, name, value.trim_ascii());
        }
        if !cookies.is_empty() {
            let cookies = cookies.join("; ");
            check_value("Cookie", &cookies)?;
            push_header(&mut self.head, "Cookie", &cookies);
        }
        Ok(())
    }
}

/// Checks the members that are texts: one of another kind must not count as missing, since it would be lost.
fn check_texts(event: &Event<'_>) -> Result<(), Refusal> {
    let fields = &event.fields;
    for (value, wrong) in [
        (fields.path, "its path is not a text"),
        (fields.raw_path, "its rawPath is not a text"),
        (fields.raw_query_string, "its rawQueryString is not a text"),
        (fields.body, "its body is not a text"),
    ] {
        if !value.is_missing() && !value.is_text() {
            return Err(Refusal::InvalidEvent(wrong));
        }
    }
    let encoded = fields.is_base64_encoded;
    match encoded.is_missing() || encoded.is_true() || encoded.raw() == "false" {
        true => Ok(()),
        false => Err(Refusal::InvalidEvent(
            "its isBase64Encoded is neither true nor false",
        )),
    }
}

/// The body's bytes, which the event has as text or in Base64.
fn body<'e>(event: &Event<'e>) -> Result<Cow<'e, [u8]>, Refusal> {
    let Some(text) = event.fields.body.text() else {
        return Ok(Cow::Borrowed(&[]));
    };
    if event.fields.is_base64_encoded.is_true() {
        let bytes = base64::decode(text.as_bytes());
        let wrong = Refusal::InvalidEvent("it says that its body is Base64, and it is not");
        return bytes.map(Cow::Owned).ok_or(wrong);
    }
    Ok(match text {
        Cow::Borrowed(text) => Cow::Borrowed(text.as_bytes()),
        Cow::Owned(text) => Cow::Owned(text.into_bytes()),
    })
}

/// Checks a header's value. The message does not contain it, since it may be a secret.
fn check_value(name: &str, value: &str) -> Result<(), String> {
    match headers::is_value(value) {
        true => Ok(()),
        false => Err(format!("the header {} has an invalid value", quoted(name))),
    }
}
