//! The readiness check, whose results decide when to try again. It also warns of an application that is not ready,
//! and says why.

use std::sync::atomic::Ordering;
use std::time::Duration;

use coldspark::internal::{since_boot, warn};

use super::application::Application;
use super::connection::Connection;
use super::exchange::Exchange;
use super::exchange_error::ExchangeError;
use super::looks::{Looks, first_pause, pause_by_time};
use super::process::Process;
use super::request::Request;
use crate::sys::schedule::Patience;

/// How long after its start a warning says that the application is not ready. The warning names this time.
const SLOW: Duration = Duration::from_secs(2);
/// After so long a check counts as one without an answer.
const SILENT_AFTER: Duration = Duration::from_millis(100);

// What a check has found, other than a status.
const NOT_LISTENING: u16 = 0;
const NO_ANSWER: u16 = 1;
const CLOSED: u16 = 2;

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
        process: &Process,
        until: Option<Duration>,
    ) -> Result<Option<Connection>, ExchangeError> {
        // On a core that both share, each look would interrupt the application.
        let mut patience = Some(Patience::begin());
        let clock = process.child.cpu_clock();
        let slow = process.started + SLOW;
        let taken = || since_boot().saturating_sub(process.started);
        process.pause(first_pause(taken()), until)?;
        loop {
            let now = since_boot();
            if now >= slow {
                self.warn_not_ready(process);
            }
            // What is silent until then is told of, and waited for all the same.
            let soon =
                Some(slow).filter(|slow| now < *slow && until.is_none_or(|until| *slow < until));
            let soon = soon.or(until);
            let mut looks = Looks::new(process.started, now, clock.read());
            let mut found = Found::Refused;
            match self.attempt(process, until)? {
                Some(connection) => {
                    // Its answer is passed on at once.
                    patience = None;
                    found = self.check(connection, process, soon, until)?;
                }
                None => process.last_check.store(NOT_LISTENING, Ordering::Relaxed),
            }
            match found {
                Found::Ready(connection) => {
                    process.set_ready();
                    return Ok(connection);
                }
                Found::Refused => loop {
                    process.pause(looks.pause, until)?;
                    if looks.is_due(since_boot(), clock.read()) {
                        break;
                    }
                },
                // What listens goes idle behind each check.
                Found::Unhealthy => {
                    patience.get_or_insert_with(Patience::begin);
                    process.pause(pause_by_time(taken()), until)?;
                }
            }
        }
    }

    /// One attempt to connect.
    #[inline(never)]
    fn attempt(
        &self,
        process: &Process,
        until: Option<Duration>,
    ) -> Result<Option<Connection>, ExchangeError> {
        match Connection::open(self.addresses(self.web.check.port), process, until) {
            Ok(connection) => Ok(Some(connection)),
            Err(ExchangeError::Refused) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Asks an application that has accepted the connection.
    #[inline(never)]
    fn check(
        &self,
        mut connection: Connection,
        process: &Process,
        soon: Option<Duration>,
        until: Option<Duration>,
    ) -> Result<Found, ExchangeError> {
        let check = &self.web.check;
        let kept = check.port == self.web.port;
        if check.tcp {
            connection.rest();
            return Ok(Found::Ready(Some(connection).filter(|_| kept)));
        }
        // It is sent once and waited for: an open port does not mean that the application answers.
        let request = Request::empty("GET", &check.path, &self.host);
        let mut exchange = Exchange::new(connection, &request, process, soon);
        let asked = since_boot();
        let last_check = &process.last_check;
        if last_check.load(Ordering::Relaxed) == NOT_LISTENING {
            last_check.store(NO_ANSWER, Ordering::Relaxed);
        }
        let head = loop {
            let head = exchange.await_head();
            if !matches!(head, Err(ExchangeError::TimedOut)) {
                break head;
            }
            if since_boot() >= asked + SILENT_AFTER {
                last_check.store(NO_ANSWER, Ordering::Relaxed);
            }
            if exchange.until == until {
                break head;
            }
            self.warn_not_ready(process);
            exchange.until = until;
        };
        let unhealthy = match &head {
            Ok(head) if !check.healthy.contain(head.status) => head.status,
            Err(ExchangeError::Closed) => CLOSED,
            _ => 0,
        };
        if unhealthy > 0 {
            last_check.store(unhealthy, Ordering::Relaxed);
            return Ok(Found::Unhealthy);
        }
        let head = head?;
        // A page may be long; then another connection is made for the first event.
        exchange.until = until;
        let connection = self.pass_over(exchange, &head);
        Ok(Found::Ready(connection.filter(|_| kept)))
    }

    /// Warns once that the application is not ready.
    #[cold]
    #[inline(never)]
    fn warn_not_ready(&self, process: &Process) {
        if !process.warned.swap(true, Ordering::Relaxed) {
            warn(format_args!(
                "{} is not ready after 2 s: {}",
                self.name(),
                self.why_not_ready(process)
            ));
        }
    }

    /// Why it is not ready, and what to do.
    #[cold]
    #[inline(never)]
    pub(super) fn why_not_ready(&self, process: &Process) -> String {
        let check = &self.web.check;
        let (verb, path) = match check.tcp {
            true => ("a connection", ""),
            false => ("GET ", &*check.path),
        };
        let found = process.last_check.load(Ordering::Relaxed);
        let status = format!("it answers with status {found}");
        let mut advice =
            "set AWS_LWA_READINESS_CHECK_PATH or AWS_LWA_READINESS_CHECK_HEALTHY_STATUS";
        let found = match found {
            NOT_LISTENING => {
                advice = match check.port == self.web.port {
                    true => "let it listen on the port that PORT names, or set AWS_LWA_PORT",
                    false => "let it listen there, or set AWS_LWA_READINESS_CHECK_PORT",
                };
                "nobody listens there"
            }
            NO_ANSWER => "it accepts the connection and has not answered",
            CLOSED => "it closes the connection and has not answered",
            _ => &status,
        };
        format!(
            "the readiness check ({verb}{path} on port {} of {}) finds that {found}; {advice}",
            check.port, self.web.host
        )
    }
}
