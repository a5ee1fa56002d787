//! A client of one service.

use std::fmt;
use std::sync::atomic::AtomicI64;

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::caller::{Caller, Limits};
use super::endpoint::Endpoint;
use super::http::{self, Answer};
use super::outgoing::{Outgoing, check, only_reads};
use super::retry::Rules;
use super::{Error, Service, answer, endpoint, sigv4};
use crate::settings;

/// A client of one service: made in the init step, kept in the state, shared by threads.
///
/// See the module [`aws`](crate::aws) for an example.
pub struct Client {
    pub(super) service: Service,
    pub(super) endpoint: Endpoint,
    pub(super) rules: Rules,
    /// Seconds by which the service's clock is known to be ahead.
    pub(super) skew: AtomicI64,
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
            Error::of("Aws.BadEndpoint", format!("the endpoint is {url:?}, {why}"))
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
        self.json(caller, operation, input, only_reads(operation))
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
        let lower = |(name, value): &(&str, &str)| (name.to_ascii_lowercase(), (*value).to_owned());
        let outgoing = Outgoing {
            method,
            path,
            query: sigv4::query(query),
            headers: headers.iter().map(lower).collect(),
            body,
            repeatable: matches!(method, "GET" | "HEAD" | "PUT" | "DELETE"),
        };
        let answer = check(&outgoing)
            .and_then(|()| self.run(&caller.limits(), &outgoing))
            .map_err(|error| error.in_call(self.service.id, &[method, " ", path].concat()))?;
        Ok(Response {
            status: answer.status,
            headers: answer.headers,
            body: answer.body,
        })
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
