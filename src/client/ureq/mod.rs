//! The general client: ureq on a transport that fits the Runtime API.
//!
//! The transport sends head and body with one write, keeps a connection while the environment is
//! frozen, and checks it before each request.

mod wire;

use std::io::{self, Read as _};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use ureq::{Agent, Body, http};

use super::bare_ureq::{self, NoResolver};
use super::error::BodyError;
use super::reply::Field;
use super::{Client, ClientError, MAX_BODY, MAX_HEAD, Reply, Request};
use crate::settings::{Endpoint, path_prefix};
use wire::{Connect, ConnectFailed, INPUT, OUTPUT, Shared};

/// ureq as a [`Client`].
pub(crate) struct Ureq {
    agent: Agent,
    authority: &'static str,
    shared: Arc<Shared>,
}

impl Client for Ureq {
    fn new(endpoint: &'static Endpoint) -> Self {
        let shared = Arc::new(Shared {
            endpoint,
            began: AtomicBool::new(false),
        });
        Self {
            agent: agent(&shared),
            authority: &endpoint.authority,
            shared,
        }
    }

    /// Does nothing: ureq connects within an exchange only.
    fn connect(&mut self) {}

    /// Replaces the agent, whose pool holds the connection.
    fn disconnect(&mut self) {
        self.agent = agent(&self.shared);
    }

    fn exchange(&mut self, request: &Request<'_>, reply: &mut Reply) -> Result<(), ClientError> {
        match self.attempt(request, reply) {
            Err(error) if request.may_repeat() && error.nothing_came() => {
                self.attempt(request, reply)
            }
            done => done,
        }
    }
}

fn agent(shared: &Arc<Shared>) -> Agent {
    let config = bare_ureq::config()
        .max_response_header_size(MAX_HEAD)
        .input_buffer_size(INPUT)
        .output_buffer_size(OUTPUT)
        .max_idle_connections(1)
        .max_idle_connections_per_host(1)
        .build();
    Agent::with_parts(config, Connect(Arc::clone(shared)), NoResolver)
}

impl Ureq {
    fn attempt(&mut self, request: &Request<'_>, reply: &mut Reply) -> Result<(), ClientError> {
        reply.clear();
        self.shared.began.store(false, Ordering::Relaxed);
        let [version, id, call] = request.path;
        let (authority, prefix) = (&self.authority, path_prefix());
        let mut builder =
            http::Request::builder().uri(format!("http://{authority}{prefix}{version}{id}{call}"));
        for (name, value) in request.headers {
            builder = builder.header(*name, *value);
        }
        let sent = match request.body {
            Some(body) => self
                .agent
                .run(builder.method("POST").body(body).map_err(other)?),
            None => self
                .agent
                .run(builder.method("GET").body(()).map_err(other)?),
        };
        let response = sent.map_err(|error| self.stage(error))?;
        fill(response, reply)
    }

    /// Maps an error of ureq to its stage.
    fn stage(&self, error: ureq::Error) -> ClientError {
        let began = self.shared.began.load(Ordering::Relaxed);
        match error {
            ureq::Error::ConnectionFailed => {
                ClientError::Connect(io::ErrorKind::NotConnected.into())
            }
            ureq::Error::Io(error) => match error.downcast::<ConnectFailed>() {
                Ok(ConnectFailed(error)) => ClientError::Connect(error),
                Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => {
                    ClientError::Closed { began }
                }
                Err(error) => ClientError::Broken { error, began },
            },
            other => ClientError::Other(format!("malformed reply: {other}")),
        }
    }
}

fn other(error: http::Error) -> ClientError {
    ClientError::Other(format!("cannot make the request: {error}"))
}

/// Copies a response of ureq into the one buffer of a reply.
fn fill(response: http::Response<Body>, reply: &mut Reply) -> Result<(), ClientError> {
    let (parts, body) = response.into_parts();
    let codings = parts.headers.get_all("transfer-encoding");
    if codings
        .iter()
        .any(|coding| !coding.as_bytes().eq_ignore_ascii_case(b"chunked"))
    {
        let reason = "malformed reply: a Transfer-Encoding other than chunked";
        return Err(ClientError::Other(reason.to_owned()));
    }
    let coded = parts.headers.contains_key("transfer-encoding");
    if coded && parts.headers.contains_key("content-length") {
        let reason = "malformed reply: both Content-Length and Transfer-Encoding";
        return Err(ClientError::Other(reason.to_owned()));
    }
    reply.status = parts.status.as_u16();
    for (name, value) in &parts.headers {
        let mut put = |part: &[u8]| {
            let start = reply.bytes.len();
            reply.bytes.extend_from_slice(part);
            start..start + part.len()
        };
        reply.fields.push(Field {
            name: put(name.as_str().as_bytes()),
            value: put(value.as_bytes()),
        });
    }
    let start = reply.bytes.len();
    let expected = body
        .content_length()
        .and_then(|length| usize::try_from(length).ok());
    if expected.is_some_and(|expected| expected > MAX_BODY) {
        return Err(ClientError::Body(BodyError::TooLarge));
    }
    reply.bytes.reserve_exact(expected.unwrap_or(INPUT) + 1);
    let read = body
        .into_reader()
        .take(MAX_BODY as u64 + 1)
        .read_to_end(&mut reply.bytes);
    reply.body = start..reply.bytes.len();
    let got = reply.body.len();
    match read {
        Ok(_) if got > MAX_BODY => Err(ClientError::Body(BodyError::TooLarge)),
        Ok(_) => Ok(()),
        Err(_) => Err(ClientError::Body(BodyError::Ended { got, expected })),
    }
}
