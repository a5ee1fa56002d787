//! The readiness check, whose results decide when to try again.

use std::time::Duration;

use coldspark::internal::since_boot;

use super::application::Application;
use super::connection::{Connection, Outgoing};
use super::request::Request;
use super::running::Running;
use super::trouble::Trouble;

/// The shortest pause between two attempts. A refused one takes a few microseconds.
const PAUSE: Duration = Duration::from_micros(250);
/// A longer pause is this part of the time that the application has taken so far.
const PART: u32 = 32;
/// The longest pause while nobody listens: 500 attempts a second take less than a hundredth of a processor,
/// and the first event waits for half of the pause in the mean.
const LONGEST: Duration = Duration::from_millis(2);

/// What an attempt found.
enum Checked {
    /// It is ready. The connection is there if the first event can use it.
    Ready(Option<Connection>),
    /// It answers with another status.
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
        loop {
            let checked = self.check(running, until);
            let refused = match checked {
                Ok(Checked::Ready(connection)) => {
                    running.set_ready();
                    return Ok(connection);
                }
                Ok(Checked::Unhealthy) | Err(Trouble::Closed) => false,
                Err(Trouble::Refused) => true,
                Err(trouble) => return Err(trouble),
            };
            let taken = since_boot().saturating_sub(running.started);
            running.pause(pause(taken, refused), until)?;
        }
    }

    /// One attempt. An application that does not listen yet refuses it.
    fn check(&self, running: &Running, until: Option<Duration>) -> Result<Checked, Trouble> {
        let check = &self.web.check;
        let addresses = self.addresses(check.port);
        let mut connection = Connection::open(addresses, running, until)?;
        let kept = check.port == self.web.port;
        if check.tcp {
            connection.rest();
            return Ok(Checked::Ready(Some(connection).filter(|_| kept)));
        }
        // It is sent once and waited for: an open port does not mean that the application answers.
        let request = Request::empty("GET", &check.path, &self.host);
        let mut outgoing = Outgoing::new(&request.head, &request.body);
        let head = connection.await_head(running, &mut outgoing, until)?;
        if !check.healthy.contain(head.status) {
            return Ok(Checked::Unhealthy);
        }
        // A page may be long; then another connection is made for the first event.
        let whole = self.pass_over(&mut connection, running, &head, until);
        Ok(Checked::Ready(Some(connection).filter(|_| kept && whole)))
    }
}

/// How long to wait before the next attempt, after the application has taken this long.
fn pause(taken: Duration, refused: bool) -> Duration {
    let pause = PAUSE.max(taken / PART);
    match refused {
        true => pause.min(LONGEST),
        // Each attempt is a request that it has to answer.
        false => pause,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_port_that_refuses_is_asked_often_and_an_application_that_answers_seldom() {
        let taken = [0, 8, 32, 640, 9000].map(Duration::from_millis);
        let micros = |refused: bool| taken.map(|taken| pause(taken, refused).as_micros());
        assert_eq!(micros(true), [250, 250, 1000, 2000, 2000]);
        assert_eq!(micros(false), [250, 250, 1000, 20_000, 281_250]);
    }
}
