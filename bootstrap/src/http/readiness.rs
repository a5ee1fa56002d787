//! The readiness check, whose results decide when to try again.

use std::time::Duration;

use coldspark::internal::since_boot;

use super::application::Application;
use super::connection::{Connection, Outgoing};
use super::looks::{Looks, first_pause, pause_by_time};
use super::request::Request;
use super::running::Running;
use super::trouble::Trouble;
use crate::sys::schedule::Patience;

/// What an attempt has found.
enum Found {
    /// A connection that the first event can use, if there is one.
    Ready(Option<Connection>),
    /// Nobody listens.
    Refused,
    /// It listens, and is not healthy.
    Unhealthy,
}

impl Application {
    /// Waits until the application is ready. Returns the connection of the check, if the first event can use
    /// it.
    pub(super) fn await_ready(
        &self,
        running: &Running,
        until: Option<Duration>,
    ) -> Result<Option<Connection>, Trouble> {
        // On a core that both share, each look would interrupt the application.
        let mut patience = Some(Patience::begin());
        let clock = running.child.cpu_clock();
        let taken = || since_boot().saturating_sub(running.started);
        running.pause(first_pause(taken()), until)?;
        loop {
            let mut looks = Looks::new(running.started, since_boot(), clock.read());
            let mut found = Found::Refused;
            if let Some(connection) = self.attempt(running, until)? {
                // Its answer is passed on at once.
                patience = None;
                found = self.check(connection, running, until)?;
            }
            match found {
                Found::Ready(connection) => {
                    running.set_ready();
                    return Ok(connection);
                }
                Found::Refused => loop {
                    running.pause(looks.pause, until)?;
                    if looks.is_due(since_boot(), clock.read()) {
                        break;
                    }
                },
                // What listens goes idle behind each check.
                Found::Unhealthy => {
                    patience.get_or_insert_with(Patience::begin);
                    running.pause(pause_by_time(taken()), until)?;
                }
            }
        }
    }

    /// One attempt to connect.
    fn attempt(
        &self,
        running: &Running,
        until: Option<Duration>,
    ) -> Result<Option<Connection>, Trouble> {
        match Connection::open(self.addresses(self.web.check.port), running, until) {
            Ok(connection) => Ok(Some(connection)),
            Err(Trouble::Refused) => Ok(None),
            Err(trouble) => Err(trouble),
        }
    }

    /// Asks an application that has accepted the connection.
    fn check(
        &self,
        mut connection: Connection,
        running: &Running,
        until: Option<Duration>,
    ) -> Result<Found, Trouble> {
        let check = &self.web.check;
        let kept = check.port == self.web.port;
        if check.tcp {
            connection.rest();
            return Ok(Found::Ready(Some(connection).filter(|_| kept)));
        }
        // It is sent once and waited for: an open port does not mean that the application answers.
        let request = Request::empty("GET", &check.path, &self.host);
        let mut outgoing = Outgoing::new(&request.head, &request.body);
        let head = match connection.await_head(running, &mut outgoing, until) {
            Ok(head) if check.healthy.contain(head.status) => head,
            Ok(_) | Err(Trouble::Closed) => return Ok(Found::Unhealthy),
            Err(trouble) => return Err(trouble),
        };
        // A page may be long; then another connection is made for the first event.
        let whole = self.pass_over(&mut connection, running, &head, until);
        Ok(Found::Ready(Some(connection).filter(|_| kept && whole)))
    }
}
