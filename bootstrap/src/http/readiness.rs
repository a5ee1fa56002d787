//! The readiness check, which is made until the application is ready, and what a warning or an error says of one
//! that is not.

use std::sync::atomic::Ordering;
use std::time::Duration;

use coldspark::internal::{Head, since_boot, warn};

use super::application::Application;
use super::connection::{Connection, Sockets};
use super::exchange::Exchange;
use super::exchange_error::ExchangeError;
use super::process::Process;
use super::request::Request;
use super::retry::{RetryTimer, first_pause, pause_by_time};
use crate::sys::schedule::BatchPolicy;

/// How long after its start a warning says that the application is not ready. The warning names this time.
const SLOW: Duration = Duration::from_secs(2);
/// After so long a check counts as one without an answer.
const SILENT_AFTER: Duration = Duration::from_millis(100);

/// How long the body of the answer to a check may take, and how many bytes it may have. With more, another
/// connection is made for the first event.
const BODY_TIME: Duration = Duration::from_millis(10);
const LONGEST_BODY: usize = 256 * 1024;

// What a check has found, other than a status.
const NOT_LISTENING: u16 = 0;
const NO_ANSWER: u16 = 1;
const CLOSED: u16 = 2;

/// What a check of an application that listens has found.
enum Health {
    /// It is ready; with the connection, if the first event can use it.
    Ready(Option<Connection>),
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
        // On a core that both share, each sample of the CPU time would interrupt the application.
        let mut batch_policy = BatchPolicy::begin();
        let clock = process.child.cpu_clock();
        let mut sockets = Sockets::default();
        let age = || since_boot().saturating_sub(process.started);
        process.pause(first_pause(age()), until)?;
        loop {
            let now = since_boot();
            if now >= process.started + SLOW {
                self.warn_not_ready(process);
            }
            let mut timer = RetryTimer::new(process.started, now, clock.read());
            let Some(connection) = self.attempt(&mut sockets, process, until)? else {
                process.last_check.store(NOT_LISTENING, Ordering::Relaxed);
                loop {
                    process.pause(timer.pause, until)?;
                    if timer.is_due(since_boot(), clock.read()) {
                        break;
                    }
                }
                continue;
            };
            // When the application answers, this thread goes on at once.
            drop(batch_policy);
            if let Health::Ready(connection) = self.check(connection, process, until)? {
                process.set_ready();
                return Ok(connection);
            }
            // An application that listens goes idle after each check, so its CPU time shows nothing.
            batch_policy = BatchPolicy::begin();
            process.pause(pause_by_time(age()), until)?;
        }
    }

    /// One attempt to connect; `None` when nobody listens.
    #[inline(never)]
    fn attempt(
        &self,
        sockets: &mut Sockets,
        process: &Process,
        until: Option<Duration>,
    ) -> Result<Option<Connection>, ExchangeError> {
        let addresses = self.addresses(self.web.check.port);
        match Connection::open(addresses, sockets, process, until) {
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
        until: Option<Duration>,
    ) -> Result<Health, ExchangeError> {
        let check = &self.web.check;
        let same_port = check.port == self.web.port;
        if check.tcp {
            connection.set_idle();
            return Ok(Health::Ready(Some(connection).filter(|_| same_port)));
        }
        // It is sent once and waited for: an open port does not mean that the application answers.
        let request = Request::empty("GET", &check.path, &self.host);
        let mut exchange = Exchange::new(connection, &request, process, until);
        // The wait is interrupted for the warning, and then goes on.
        let slow = process.started + SLOW;
        if process.may_warn() && until.is_none_or(|until| slow < until) {
            exchange.until = Some(slow);
        }
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
            return Ok(Health::Unhealthy);
        }
        let head = head?;
        exchange.until = until;
        let connection = skip_body(exchange, &head);
        Ok(Health::Ready(connection.filter(|_| same_port)))
    }

    /// Warns once that the application is not ready. After a restore it was ready before.
    #[cold]
    #[inline(never)]
    fn warn_not_ready(&self, process: &Process) {
        if !process.is_ready() && !process.warned.swap(true, Ordering::Relaxed) {
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

/// Receives the body of the answer and drops it; returns the connection, if it can be used again.
fn skip_body(mut exchange: Exchange<'_>, head: &Head) -> Option<Connection> {
    let end = since_boot() + BODY_TIME;
    exchange.until = Some(exchange.until.map_or(end, |until| until.min(end)));
    exchange.take_head(head);
    let received = exchange.receive_body(head, &mut Vec::new(), &mut |body| {
        Ok(body.len() < LONGEST_BODY)
    });
    received.ok().and_then(|()| exchange.reusable())
}
