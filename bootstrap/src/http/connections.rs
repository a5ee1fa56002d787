//! The pool of connections to an application.

use std::net::SocketAddr;
use std::time::Duration;

use coldspark::internal::{Head, since_boot};

use super::application::{Application, lock};
use super::connection::Connection;
use super::exchange::Exchange;
use super::exchange_error::ExchangeError;
use super::process::Process;

/// How long the rest of the answer to the readiness check may take, and how long it may be.
const REST: (Duration, usize) = (Duration::from_millis(10), 256 * 1024);

impl Application {
    /// A kept connection that is still good.
    pub(super) fn quiet(&self, process: &Process) -> Result<Option<Connection>, ExchangeError> {
        loop {
            let kept = lock(&self.idle).pop();
            let Some(connection) = kept else {
                return match process.child.has_ended() {
                    true => Err(ExchangeError::Ended),
                    false => Ok(None),
                };
            };
            let old = connection.is_old(self.web.idle);
            if connection.is_quiet(process)? && !old {
                return Ok(Some(connection));
            }
        }
    }

    /// A new connection. A refused one is tried again for a moment.
    pub(super) fn connect(
        &self,
        process: &Process,
        until: Option<Duration>,
    ) -> Result<Connection, ExchangeError> {
        const LONGEST: Duration = Duration::from_secs(1);
        let begun = since_boot();
        loop {
            match Connection::open(self.addresses(self.web.port), process, until) {
                Err(ExchangeError::Refused) if since_boot() - begun < LONGEST => {
                    let taken = since_boot() - begun;
                    process.pause(Duration::from_millis(1).max(taken / 8), until)?;
                }
                opened => return opened,
            }
        }
    }

    /// Keeps a connection for another event.
    pub(super) fn keep(&self, connection: Option<Connection>) {
        if self.web.idle.is_zero() {
            return;
        }
        if let Some(mut connection) = connection {
            connection.rest();
            lock(&self.idle).push(connection);
        }
    }

    /// Closes the idle connections.
    pub(super) fn close_idle(&self) {
        lock(&self.idle).clear();
    }

    pub(super) fn addresses(&self, port: u16) -> impl Iterator<Item = SocketAddr> {
        let hosts = self.web.hosts.iter();
        hosts.map(move |address| SocketAddr::new(*address, port))
    }

    /// Reads and drops the answer to the readiness check; returns the connection if it can be used again.
    pub(super) fn pass_over(&self, mut exchange: Exchange<'_>, head: &Head) -> Option<Connection> {
        let (time, most) = REST;
        let end = since_boot() + time;
        exchange.until = Some(exchange.until.map_or(end, |until| until.min(end)));
        exchange.take_head(head);
        let received =
            exchange.receive_body(head, &mut Vec::new(), &mut |body| Ok(body.len() < most));
        received.ok().and_then(|()| exchange.reusable())
    }
}
