//! The general client: ureq on a transport that fits the Runtime API.
//!
//! The transport sends head and body with one write, keeps a connection while the environment is
//! frozen, and checks it before each request. Requests come ready from [`Requests`], so that ureq need
//! neither add a header nor read an address; bench/NOTES.md has what each of that takes.

mod buffers;
mod requests;
mod response;
mod wire;

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use ureq::Agent;

use super::bare_ureq::{self, NoResolver};
use super::{Client, ClientError, MAX_HEAD, Reply, Request};
use crate::settings::Endpoint;
use requests::Requests;
use wire::{Connect, ConnectFailed, Shared};

/// ureq as a [`Client`].
pub(crate) struct Ureq {
    agent: Agent,
    requests: Requests,
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
            requests: Requests::new(&endpoint.authority),
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
        .max_idle_connections(1)
        .max_idle_connections_per_host(1)
        .build();
    Agent::with_parts(config, Connect(Arc::clone(shared)), NoResolver)
}

impl Ureq {
    fn attempt(&mut self, request: &Request<'_>, reply: &mut Reply) -> Result<(), ClientError> {
        reply.clear();
        self.shared.began.store(false, Ordering::Relaxed);
        let message = self
            .requests
            .make(request)
            .map_err(|error| ClientError::Other(format!("cannot make the request: {error}")))?;
        let response = match request.body {
            Some(body) => self.agent.run(message.map(|()| body)),
            None => self.agent.run(message),
        };
        let response = response.map_err(|error| self.stage(error))?;
        response::fill(response, reply)
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
