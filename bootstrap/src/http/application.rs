//! The application: its settings, its idle connections, and its process, which is started again when it has
//! ended.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use coldspark::Error;
use coldspark::internal::warn;

use super::connection::Connection;
use super::exchange_error::ExchangeError;
use super::process::Process;
use super::program::Program;
use super::settings::WebSettings;
use crate::deadline::milliseconds;
use crate::error::{self, When};
use crate::log::Log;
use crate::settings::{self, Settings};
use crate::sys::children;

/// A web application. All events share it, each with a connection of its own.
pub(crate) struct Application {
    pub(super) program: Program,
    pub(super) web: WebSettings,
    pub(super) settings: Settings,
    pub(super) log: &'static Log,
    /// The host of the bootstrap's own requests.
    pub(super) host: String,
    process: Mutex<Option<Arc<Process>>>,
    /// Idle connections. The one that was used last comes last.
    pub(super) idle: Mutex<Vec<Connection>>,
    /// Whether an event was given up, and no answer has come since.
    unanswered: AtomicBool,
}

/// Why an event or a hook has to do without the application.
pub(super) enum NotReady {
    /// The time limit was reached; the text says what the readiness check has found.
    TimedOut(String),
    Failed(Error),
}

/// Locks a mutex, also after a thread has panicked that held it.
pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Application {
    /// Starts it without waiting for it.
    pub(crate) fn start(
        mut program: Program,
        settings: Settings,
        log: &'static Log,
    ) -> Result<Self, Error> {
        let web = WebSettings::from_env();
        program.set_port(web.port);
        let first = Process::start(&program, log)?;
        let host = [&*web.host, ":", &web.port.to_string()].concat();
        Ok(Self {
            program,
            web,
            settings,
            log,
            host,
            process: Mutex::new(Some(Arc::new(first))),
            idle: Mutex::default(),
            unanswered: AtomicBool::new(false),
        })
    }

    /// Waits in the init phase until it is ready. With AWS_LWA_ASYNC_INIT or COLDSPARK_ASYNC_INIT it waits until
    /// `async_limit` at the latest, and the first event then goes on waiting.
    pub(crate) fn await_init(&self, async_limit: Duration) -> Result<(), Error> {
        self.log.ensure_reader()?;
        let Some(process) = lock(&self.process).clone() else {
            return Ok(());
        };
        let is_async = settings::async_init()? || (self.web.async_init && settings::is_on_demand());
        let async_limit = Some(async_limit).filter(|_| is_async);
        let limits = [self.settings.init_timeout, self.web.check.timeout];
        let limit = limits.into_iter().flatten().min();
        let until = limit.map(|limit| process.started + limit);
        let async_limit = async_limit.filter(|limit| until.is_none_or(|until| *limit < until));
        match self.await_ready(&process, async_limit.or(until)) {
            Ok(connection) => self.keep_connection(connection),
            Err(ExchangeError::TimedOut) if async_limit.is_some() => warn(format_args!(
                "{} is not ready shortly before Lambda's limit for the init phase; the first event \
                 waits for it",
                self.name()
            )),
            Err(ExchangeError::TimedOut) => {
                let (_, stderr) = process.end(self.log);
                return Err(self.init_timeout(&process, limit.unwrap_or_default(), stderr));
            }
            Err(error) => {
                let error = self.report(&process, error, When::GettingReady);
                // The bootstrap ends, and leaves nothing running.
                process.end(self.log);
                return Err(error);
            }
        }
        self.log.flush();
        Ok(())
    }

    /// The error of an init phase that has reached its limit.
    #[cold]
    #[inline(never)]
    fn init_timeout(&self, process: &Process, limit: Duration, stderr: &str) -> Error {
        let setting = match self.web.check.timeout == Some(limit) {
            true => "AWS_LWA_READINESS_CHECK_TIMEOUT_SECONDS",
            false => "COLDSPARK_INIT_TIMEOUT_MS",
        };
        let message = format!(
            "{} was not ready within {} ms ({setting}): {}",
            self.name(),
            milliseconds(limit),
            self.why_not_ready(process)
        );
        error::with_stderr(error::INIT_TIMEOUT, message, stderr)
    }

    /// The process, once it is ready, and an idle connection to it, if there is one. One that has ended
    /// since the last event is started again.
    pub(super) fn prepare(
        &self,
        until: Option<Duration>,
    ) -> Result<(Arc<Process>, Option<Connection>), NotReady> {
        let mut may_start_again = true;
        loop {
            let process = self.current().map_err(NotReady::Failed)?;
            let found = match process.is_ready() {
                true => self.idle_connection(&process),
                false => self.await_ready(&process, until),
            };
            match found {
                Ok(connection) => return Ok((process, connection)),
                // It was ready, and has ended between two requests.
                Err(ExchangeError::Ended) if process.is_ready() && may_start_again => {
                    may_start_again = false;
                    let lost = self.report(&process, ExchangeError::Ended, When::BetweenEvents);
                    warn(format_args!("{}; it is started again", lost.message()));
                }
                Err(ExchangeError::TimedOut) => {
                    return Err(NotReady::TimedOut(self.why_not_ready(&process)));
                }
                Err(error) => {
                    let error = self.report(&process, error, When::GettingReady);
                    return Err(NotReady::Failed(error));
                }
            }
        }
    }

    /// Ends the process, because the bootstrap ends.
    pub(super) fn end(&self) {
        if let Some(process) = lock(&self.process).take() {
            process.end(self.log);
        }
    }

    /// The process that runs, or a new one.
    fn current(&self) -> Result<Arc<Process>, Error> {
        let mut current = lock(&self.process);
        if let Some(process) = &*current {
            return Ok(Arc::clone(process));
        }
        let new = Arc::new(Process::start(&self.program, self.log)?);
        *current = Some(Arc::clone(&new));
        Ok(new)
    }

    /// Notes that the application has answered.
    pub(super) fn note_answer(&self) {
        self.unanswered.store(false, Ordering::Relaxed);
    }

    /// Whether an event was given up, and no answer has come since.
    pub(super) fn is_suspect(&self) -> bool {
        self.unanswered.load(Ordering::Relaxed)
    }

    /// Notes that no answer came in time. If the application was suspect before it got this event, it counts as
    /// hung, and is started again; returns whether it was. Events that were given up side by side say no more
    /// than one of them.
    #[inline(never)]
    pub(super) fn note_timeout(&self, process: &Arc<Process>, was_suspect: bool) -> bool {
        let hangs = self.unanswered.swap(true, Ordering::Relaxed) && was_suspect;
        if hangs {
            self.note_answer();
            warn(format_args!(
                "{} has not answered two events one after the other, and is killed and started again",
                self.name()
            ));
            self.replace(process);
        }
        hangs
    }

    /// Ends a process and starts a new one in its place, unless another thread has done so.
    #[inline(never)]
    fn replace(&self, process: &Arc<Process>) {
        process.end(self.log);
        let mut current = lock(&self.process);
        if !current
            .as_ref()
            .is_some_and(|current| Arc::ptr_eq(current, process))
        {
            return;
        }
        self.close_idle();
        *current = None;
        // A process that was never ready is not replaced here, since it might fail and be started in a loop. The
        // next event starts a new one.
        if process.is_ready() && !children::shutdown_has_begun() {
            match Process::start(&self.program, self.log) {
                Ok(new) => *current = Some(Arc::new(new)),
                Err(error) => warn(format_args!(
                    "the application was not started again: {error}; the next event tries again"
                )),
            }
        }
    }

    /// The error that Lambda gets, of an event or of the init phase. A process that has ended is replaced.
    pub(super) fn report(&self, process: &Arc<Process>, error: ExchangeError, when: When) -> Error {
        let name = self.name();
        let kind = error::APPLICATION_PROTOCOL;
        let ended = match error {
            ExchangeError::Ended => true,
            ExchangeError::Refused | ExchangeError::Closed | ExchangeError::Malformed(_) => {
                process.is_ending()
            }
            _ => false,
        };
        if ended {
            self.replace(process);
            let (ending, stderr) = process.end(self.log);
            let advice = match process.is_ready() {
                true => "",
                false => {
                    "; it has to stay in the foreground and to listen on the port that PORT names"
                }
            };
            let message = format!("{name} ended {}: {ending}{advice}", when.words());
            return error::with_stderr(error::APPLICATION_EXITED, message, stderr);
        }
        match error {
            ExchangeError::Malformed(what) => Error::new(
                kind,
                format!("{name} has sent an answer that HTTP/1.1 does not allow: {what}"),
            ),
            ExchangeError::Unusable(error) => error,
            ExchangeError::System(what, error) => error::system(what, &error),
            ExchangeError::Refused => {
                self.note_timeout(process, true);
                Error::new(
                    kind,
                    format!("{name} has refused connections on port {}", self.web.port),
                )
            }
            ExchangeError::Closed => Error::new(
                kind,
                format!("{name} has closed the connection without an answer"),
            ),
            ExchangeError::TimedOut | ExchangeError::Ended => Error::new(
                error::HANDLER_TIMEOUT,
                format!("{name} has not answered in time {}", when.words()),
            ),
        }
    }

    #[inline(never)]
    pub(super) fn name(&self) -> String {
        format!("the application {}", self.program.name)
    }
}
