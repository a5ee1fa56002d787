//! A client of one service.

use std::fmt;
use std::sync::atomic::{AtomicI64, Ordering};

use serde::Serialize;
use serde::de::DeserializeOwned;
use ureq::http::Request;

use super::caller::{Caller, Limits};
use super::endpoint::Endpoint;
use super::http::{self, Answer};
use super::retry::{self, Class, Rules};
use super::sigv4::{self, Signing};
use super::{Error, Service, answer, clock, credentials, endpoint};
use crate::{settings, sys};

/// A smaller difference of the clocks is not why a signature is refused.
const SKEW: i64 = 4 * 60;

/// A client of one service: made in the init step, kept in the state, shared by threads.
///
/// See the module [`aws`](crate::aws) for an example.
pub struct Client {
    service: Service,
    endpoint: Endpoint,
    rules: Rules,
    /// Seconds by which the service's clock is known to be ahead.
    skew: AtomicI64,
}

/// An answer of a REST service with a status below 300.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Response {
    /// The HTTP status.
    pub status: u16,
    /// The headers, in the `http` crate's type.
    pub headers: ureq::http::HeaderMap,
    /// The body.
    pub body: Vec<u8>,
}

/// A request, whatever the protocol.
struct Outgoing<'a> {
    method: &'a str,
    path: &'a str,
    query: String,
    headers: Vec<(String, String)>,
    body: &'a [u8],
    /// Whether it may be carried out twice.
    repeatable: bool,
}

impl Client {
    /// A client of `service` in the function's own region, at the endpoint in the settings or else at AWS's.
    ///
    /// # Errors
    /// `Aws.NoRegion`, and `Aws.BadEndpoint` when a setting is not a URL.
    pub fn new(service: Service) -> Result<Self, Error> {
        let endpoint = Endpoint::of(&service)?;
        Ok(Self::with(service, endpoint))
    }

    /// A client of `service` at this URL, `http` or `https`. Its path, if any, is put before all others.
    ///
    /// # Errors
    /// `Aws.NoRegion`, and `Aws.BadEndpoint` when it is not such a URL.
    pub fn at(service: Service, url: &str) -> Result<Self, Error> {
        let endpoint = Endpoint::at(url, endpoint::region()?).map_err(|why| {
            Error::setting("Aws.BadEndpoint", format!("the endpoint is {url:?}, {why}"))
        })?;
        Ok(Self::with(service, endpoint))
    }

    fn with(service: Service, endpoint: Endpoint) -> Self {
        Self {
            rules: Rules::of(&service),
            service,
            endpoint,
            skew: AtomicI64::new(0),
        }
    }

    /// Opens a connection for the first call, in the init step: the time for look-up and handshakes is
    /// then part of the init phase. Under SnapStart it does nothing, since no connection outlives the
    /// snapshot.
    ///
    /// # Errors
    /// `Aws.Connection`. An init step may go on without it: the first call then connects.
    pub fn connect(&self, caller: &impl Caller) -> Result<(), Error> {
        if settings::snap_start() {
            return Ok(());
        }
        http::connect(&self.endpoint.url, &caller.limits())
            .map_err(|error| error.in_call(self.service.id, "connect"))
    }

    /// Calls an operation of a service of the JSON protocol. Input and output are types of serde with the
    /// names of the API reference; [`serde::de::IgnoredAny`] is for outputs that are not read.
    ///
    /// A failed call is repeated by AWS's rules within the time left. When the connection breaks before
    /// the answer, the service may have carried the call out: then only operations that read (`GetItem`,
    /// `Query`, ...) are sent again. [`repeatable`](Self::repeatable) is for others that may be done twice.
    ///
    /// # Errors
    /// See [`Error`].
    pub fn call<I, O>(&self, caller: &impl Caller, operation: &str, input: &I) -> Result<O, Error>
    where
        I: Serialize + ?Sized,
        O: DeserializeOwned,
    {
        self.json(caller, operation, input, reads(operation))
    }

    /// Like [`call`](Self::call), for an operation that may be carried out twice: one with the same effect
    /// each time (`PutItem` without a condition), or one whose input has a token by which the service
    /// recognises a repetition (`ClientRequestToken`, `MessageDeduplicationId`). A token made from the event,
    /// with [`fresh::idempotency_key`](crate::fresh::idempotency_key), also covers a retry of the whole
    /// invocation.
    ///
    /// # Errors
    /// See [`Error`].
    pub fn repeatable<I, O>(
        &self,
        caller: &impl Caller,
        operation: &str,
        input: &I,
    ) -> Result<O, Error>
    where
        I: Serialize + ?Sized,
        O: DeserializeOwned,
    {
        self.json(caller, operation, input, true)
    }

    fn json<I, O>(
        &self,
        caller: &impl Caller,
        operation: &str,
        input: &I,
        repeatable: bool,
    ) -> Result<O, Error>
    where
        I: Serialize + ?Sized,
        O: DeserializeOwned,
    {
        let body = serde_json::to_vec(input);
        let answer = self.send_json(&caller.limits(), operation, body, repeatable)?;
        // Some operations have an empty answer.
        let text = if answer.body.is_empty() {
            b"{}"
        } else {
            &answer.body[..]
        };
        serde_json::from_slice(text).map_err(|error| self.unexpected(operation, &answer, &error))
    }

    /// The service id.
    pub(super) fn id(&self) -> &'static str {
        self.service.id
    }

    pub(super) fn send_json(
        &self,
        limits: &Limits<'_>,
        operation: &str,
        body: serde_json::Result<Vec<u8>>,
        repeatable: bool,
    ) -> Result<Answer, Error> {
        let named = |error: Error| error.in_call(self.service.id, operation);
        let body = body.map_err(|error| {
            named(Error::of(
                "Aws.BadRequest",
                format!("the input cannot be written as JSON: {error}"),
            ))
        })?;
        let json = self.service.json.ok_or_else(|| {
            named(Error::of(
                "Aws.BadRequest",
                "this service has a REST protocol: use Client::request",
            ))
        })?;
        let headers = vec![
            (
                "content-type".to_owned(),
                format!("application/x-amz-json-{}", json.version),
            ),
            (
                "x-amz-target".to_owned(),
                format!("{}.{operation}", json.target),
            ),
        ];
        self.run(
            limits,
            &Outgoing {
                method: "POST",
                path: "/",
                query: String::new(),
                headers,
                body: &body,
                repeatable,
            },
        )
        .map_err(named)
    }

    #[cold]
    fn unexpected(&self, operation: &str, answer: &Answer, error: &serde_json::Error) -> Error {
        let message = format!("the answer is not what the caller expects: {error}");
        Error::of("Aws.BadAnswer", message)
            .answered(answer.status, answer::request_id(answer))
            .in_call(self.service.id, operation)
    }

    /// Makes a signed request to a REST service. `path` is sent as it is: its parts must be percent-encoded
    /// already ([`encode`](super::encode)). The query is encoded here. GET, HEAD, PUT and DELETE may be
    /// repeated when the connection breaks, others not.
    ///
    /// ```no_run
    /// use coldspark::{Context, Error, aws};
    ///
    /// fn invoke(context: &Context<'_, aws::Client>, event: &[u8]) -> Result<Vec<u8>, Error> {
    ///     let path = "/2015-03-31/functions/other/invocations";
    ///     let headers = [("X-Amz-Invocation-Type", "RequestResponse")];
    ///     let response = context.state().request(context, "POST", path, &[], &headers, event)?;
    ///     Ok(response.body)
    /// }
    /// ```
    ///
    /// # Errors
    /// A status of 300 or more is an error with the service's code. See [`Error`].
    pub fn request(
        &self,
        caller: &impl Caller,
        method: &str,
        path: &str,
        query: &[(&str, &str)],
        headers: &[(&str, &str)],
        body: &[u8],
    ) -> Result<Response, Error> {
        let mut sent = Vec::with_capacity(headers.len() + 4);
        for (name, value) in headers {
            sent.push((name.to_ascii_lowercase(), (*value).to_owned()));
        }
        let outgoing = Outgoing {
            method,
            path,
            query: sigv4::query(query),
            headers: sent,
            body,
            repeatable: matches!(method, "GET" | "HEAD" | "PUT" | "DELETE"),
        };
        let call = [method, " ", path].concat();
        let answer = checked(&outgoing)
            .and_then(|()| self.run(&caller.limits(), &outgoing))
            .map_err(|error| error.in_call(self.service.id, &call))?;
        Ok(Response {
            status: answer.status,
            headers: answer.headers,
            body: answer.body,
        })
    }

    /// Sends it until there is an answer or a failure that is not worth a retry.
    fn run(&self, limits: &Limits<'_>, outgoing: &Outgoing<'_>) -> Result<Answer, Error> {
        let (mut attempt, mut paid) = (1, None);
        loop {
            let now = sys::since_epoch().as_secs();
            let signed = now.saturating_add_signed(self.skew.load(Ordering::Relaxed));
            let (error, class, after) = match self.attempt(limits, outgoing, signed) {
                Ok(answer) if answer.status < 300 => {
                    self.rules.give_back(paid);
                    return Ok(answer);
                }
                Ok(answer) => {
                    let error = answer::error(&answer);
                    let skewed = self.learn_time(&answer, error.code(), signed, now);
                    if skewed && attempt < self.rules.attempts {
                        attempt += 1;
                        continue;
                    }
                    let class = Class::of(answer.status, error.code());
                    (error, class, answer::retry_after(&answer))
                }
                Err(failed) => {
                    let again = failed.error.code() == "Aws.Connection"
                        && (failed.unsent || outgoing.repeatable);
                    (failed.error, again.then_some(Class::Transient), None)
                }
            };
            let Some(class) = class.filter(|_| attempt < self.rules.attempts) else {
                return Err(error);
            };
            let delay = self.rules.delay(class, attempt, after);
            if limits.left().is_none_or(|left| left <= delay) {
                return Err(error);
            }
            let Some(cost) = self.rules.pay(class) else {
                return Err(error);
            };
            paid = Some(cost);
            sys::pause(delay.as_millis() as u32);
            attempt += 1;
        }
    }

    fn attempt(
        &self,
        limits: &Limits<'_>,
        outgoing: &Outgoing<'_>,
        now: u64,
    ) -> Result<Answer, http::Failed> {
        let credentials = credentials::now(limits)?;
        let base = self.endpoint.url.splitn(4, '/').nth(3).unwrap_or_default();
        let path = match base {
            "" => outgoing.path.to_owned(),
            base => ["/", base, outgoing.path].concat(),
        };
        let mut headers = outgoing.headers.clone();
        headers.push(("host".to_owned(), self.endpoint.host.clone()));
        let signing = Signing {
            method: outgoing.method,
            path: &path,
            query: &outgoing.query,
            headers: &headers,
            body: outgoing.body,
            region: &self.endpoint.region,
            service: self.service.signing_name,
            now,
        };
        let signature = sigv4::sign(&signing, &credentials);
        let mut url = [&*self.endpoint.url, outgoing.path].concat();
        if !outgoing.query.is_empty() {
            url.push('?');
            url.push_str(&outgoing.query);
        }
        let mut request = Request::builder().method(outgoing.method).uri(url);
        for (name, value) in &headers {
            request = request.header(name, value);
        }
        for (name, value) in &signature {
            request = request.header(*name, value);
        }
        // Not signed: proxies may add to it. Lambda detects recursive loops by it.
        if let Some(trace) = limits.trace_id {
            request = request.header("x-amzn-trace-id", trace);
        }
        let request = request.body(outgoing.body).map_err(|error| {
            Error::of(
                "Aws.BadRequest",
                format!("the request cannot be sent: {error}"),
            )
        })?;
        http::exchange(request, limits)
    }

    /// Adopts the service's time, if the answer says that the time of the signature was wrong and it was.
    fn learn_time(&self, answer: &Answer, code: &str, signed: u64, now: u64) -> bool {
        if !retry::may_be_skewed(code) {
            return false;
        }
        let Some(theirs) = answer.header("date").and_then(clock::of_http) else {
            return false;
        };
        if (theirs as i64 - signed as i64).abs() < SKEW {
            return false;
        }
        self.skew
            .store(theirs as i64 - now as i64, Ordering::Relaxed);
        true
    }
}

/// Whether an operation only reads, judged by its name.
fn reads(operation: &str) -> bool {
    const VERBS: [&str; 12] = [
        "BatchGet",
        "Decrypt",
        "Describe",
        "Encrypt",
        "Filter",
        "GenerateDataKey",
        "Get",
        "List",
        "Query",
        "Scan",
        "TransactGet",
        "Verify",
    ];
    VERBS.iter().any(|verb| operation.starts_with(verb))
}

/// A request as the caller gave it.
fn checked(outgoing: &Outgoing<'_>) -> Result<(), Error> {
    const OURS: [&str; 7] = [
        "authorization",
        "content-length",
        "host",
        "transfer-encoding",
        "x-amz-date",
        "x-amz-security-token",
        "x-amzn-trace-id",
    ];
    let wrong = |why: String| Err(Error::of("Aws.BadRequest", why));
    let sent = |byte: u8| byte.is_ascii_graphic() && !b"?#\"<>\\^`{|}".contains(&byte);
    if !outgoing.path.starts_with('/') || !outgoing.path.bytes().all(sent) {
        return wrong(format!(
            "the path {:?} cannot be sent; it must begin with a slash, and what stands between \
             slashes be encoded, by aws::encode for instance",
            outgoing.path
        ));
    }
    // Services shorten such paths, and then compute another signature.
    let mut parts = outgoing.path[1..].split('/').rev().skip(1);
    let mut all = outgoing.path.split('/');
    if parts.any(str::is_empty) || all.any(|part| matches!(part, "." | "..")) {
        return wrong(format!(
            "the path {:?} has an empty part, or . or .., which no signature covers",
            outgoing.path
        ));
    }
    match outgoing
        .headers
        .iter()
        .find(|(name, _)| OURS.contains(&&**name))
    {
        Some((name, _)) => wrong(format!("the header {name} is set by the client")),
        None => Ok(()),
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client")
            .field("service", &self.service.id)
            .field("endpoint", &self.endpoint.url)
            .finish_non_exhaustive()
    }
}
