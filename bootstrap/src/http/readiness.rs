//! The readiness check, whose results decide when to try again.

use std::time::Duration;

use coldspark::internal::since_boot;

use super::application::Application;
use super::connection::{Connection, Outgoing};
use super::request::Request;
use super::running::Running;
use super::trouble::Trouble;
use crate::sys::schedule::Patience;

/// The shortest pause between two attempts. A refused one takes a few microseconds.
const PAUSE: Duration = Duration::from_micros(250);
/// A longer pause is this part of the time that the application has taken so far.
const PART: u32 = 32;

impl Application {
    /// Waits until the application is ready. Returns the connection of the check, if the first event can use
    /// it.
    pub(super) fn await_ready(
        &self,
        running: &Running,
        until: Option<Duration>,
    ) -> Result<Option<Connection>, Trouble> {
        // On a core that both share, each attempt would interrupt the application.
        let _patience = Patience::begin();
        loop {
            match self.check(running, until) {
                Ok(connection) => {
                    running.set_ready();
                    return Ok(connection);
                }
                Err(Trouble::Refused | Trouble::Closed) => {}
                Err(trouble) => return Err(trouble),
            }
            let taken = since_boot().saturating_sub(running.started);
            running.pause(PAUSE.max(taken / PART), until)?;
        }
    }

    /// One attempt. An application that does not listen yet, or is not healthy yet, counts as refused.
    fn check(
        &self,
        running: &Running,
        until: Option<Duration>,
    ) -> Result<Option<Connection>, Trouble> {
        let check = &self.web.check;
        let addresses = self.addresses(check.port);
        let mut connection = Connection::open(addresses, running, until)?;
        let kept = check.port == self.web.port;
        if check.tcp {
            connection.rest();
            return Ok(Some(connection).filter(|_| kept));
        }
        // It is sent once and waited for: an open port does not mean that the application answers.
        let request = Request::empty("GET", &check.path, &self.host);
        let mut outgoing = Outgoing::new(&request.head, &request.body);
        let head = connection.await_head(running, &mut outgoing, until)?;
        if !check.healthy.contain(head.status) {
            return Err(Trouble::Refused);
        }
        // A page may be long; then another connection is made for the first event.
        let whole = self.pass_over(&mut connection, running, &head, until);
        Ok(Some(connection).filter(|_| kept && whole))
    }
}
