//! The idle connections to an application, and new ones.

use std::net::SocketAddr;
use std::time::Duration;

use coldspark::internal::since_boot;

use super::application::{Application, lock};
use super::connection::{Connection, Sockets};
use super::exchange_error::ExchangeError;
use super::process::Process;

impl Application {
    /// An idle connection that can be used, if there is one.
    pub(super) fn idle_connection(
        &self,
        process: &Process,
    ) -> Result<Option<Connection>, ExchangeError> {
        loop {
            let idle = lock(&self.idle).pop();
            let Some(connection) = idle else {
                return match process.child.has_ended() {
                    true => Err(ExchangeError::Ended),
                    false => Ok(None),
                };
            };
            let expired = connection.has_expired(self.web.idle_timeout);
            if connection.is_usable(process)? && !expired {
                return Ok(Some(connection));
            }
        }
    }

    /// A new connection. One that is refused is tried again for up to a second.
    pub(super) fn connect(
        &self,
        process: &Process,
        until: Option<Duration>,
    ) -> Result<Connection, ExchangeError> {
        const LONGEST: Duration = Duration::from_secs(1);
        let begun = since_boot();
        let mut sockets = Sockets::default();
        loop {
            let addresses = self.addresses(self.web.port);
            match Connection::open(addresses, &mut sockets, process, until) {
                Err(ExchangeError::Refused) if since_boot() - begun < LONGEST => {
                    let taken = since_boot() - begun;
                    process.pause(Duration::from_millis(1).max(taken / 8), until)?;
                }
                opened => return opened,
            }
        }
    }

    /// Keeps a connection for another event, unless the setting says that none is kept.
    pub(super) fn keep_connection(&self, connection: Option<Connection>) {
        if self.web.idle_timeout.is_zero() {
            return;
        }
        if let Some(mut connection) = connection {
            connection.set_idle();
            lock(&self.idle).push(connection);
        }
    }

    /// Closes the idle connections.
    pub(super) fn close_idle(&self) {
        lock(&self.idle).clear();
    }

    pub(super) fn addresses(&self, port: u16) -> impl Iterator<Item = SocketAddr> {
        let hosts = self.web.addresses.iter();
        hosts.map(move |address| SocketAddr::new(*address, port))
    }
}
