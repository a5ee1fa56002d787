//! One process of the application, from its start to its end.

use std::io;
use std::os::fd::BorrowedFd;
use std::process::ExitStatus;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, AtomicU16, Ordering};
use std::time::Duration;

use coldspark::Error;
use coldspark::internal::since_boot;

use super::exchange_error::ExchangeError;
use super::program::Program;
use crate::error;
use crate::log::Log;
use crate::process::executable;
use crate::process::wait::{Woken, await_end, wait_or_writable};
use crate::sys::child::Child;
use crate::sys::spawn::Command;

/// How long to wait for the end of an application that has closed its connection.
const ENDING: Duration = Duration::from_millis(100);

/// A process of the application. Events that are in hand at the same time share it.
pub(super) struct Process {
    pub(super) child: Child,
    pub(super) started: Duration,
    ready: AtomicBool,
    /// What the last readiness check has found: a status, or one of the constants of `readiness`.
    pub(super) last_check: AtomicU16,
    /// Whether a warning has said that it is not ready.
    pub(super) warned: AtomicBool,
    /// How it ended, and its standard error, shortened; the first thread that notices sets it.
    ending: OnceLock<(Option<ExitStatus>, String)>,
}

impl Process {
    /// Starts the program without waiting for it.
    pub(super) fn start(program: &Program, log: &Log) -> Result<Self, Error> {
        let command = Command {
            program: &program.file,
            arguments: &program.arguments,
            environment: &program.environment,
            descriptors: &[(log.output(), 1), (log.error(), 2)],
        };
        let child = command
            .spawn()
            .map_err(|error| executable::not_started(program.path(), &program.name, &error))?;
        Ok(Self {
            child,
            started: since_boot(),
            ready: AtomicBool::new(false),
            last_check: AtomicU16::new(0),
            warned: AtomicBool::new(false),
            ending: OnceLock::new(),
        })
    }

    pub(super) fn is_ready(&self) -> bool {
        self.ready.load(Ordering::Acquire)
    }

    /// Whether a warning that it is not ready may still come.
    pub(super) fn may_warn(&self) -> bool {
        !self.is_ready() && !self.warned.load(Ordering::Relaxed)
    }

    pub(super) fn set_ready(&self) {
        self.ready.store(true, Ordering::Release);
    }

    /// Waits until the socket can be read, or with `writable` written to, the process has ended, or it is
    /// `until`.
    pub(super) fn wait(
        &self,
        socket: BorrowedFd<'_>,
        writable: bool,
        until: Option<Duration>,
    ) -> Result<Woken, ExchangeError> {
        wait_or_writable(&self.child, [Some(socket), None], writable, until).map_err(wait_error)
    }

    /// Waits for so long, unless the process ends or `until` is reached.
    pub(super) fn pause(
        &self,
        span: Duration,
        until: Option<Duration>,
    ) -> Result<(), ExchangeError> {
        let end = since_boot() + span;
        let limit = until.map_or(end, |until| until.min(end));
        match await_end(&self.child, limit) {
            Ok(true) => Err(ExchangeError::Ended),
            Ok(false) if limit < end => Err(ExchangeError::TimedOut),
            Ok(false) => Ok(()),
            Err(error) => Err(wait_error(error)),
        }
    }

    /// Whether it has ended, or ends within [`ENDING`], as it may after it has closed a connection.
    pub(super) fn is_ending(&self) -> bool {
        matches!(self.pause(ENDING, None), Err(ExchangeError::Ended))
    }

    /// Ends it and its child processes, if they run; returns a text that says how it ended.
    pub(super) fn end(&self, log: &Log) -> (String, &str) {
        let (status, stderr) = self.ending.get_or_init(|| {
            let status = self.child.end();
            (status, log.end_process())
        });
        (error::describe_end(*status), stderr)
    }
}

/// Fails if the application has ended or the time limit was reached.
pub(super) fn check_not_stopped(woken: &Woken) -> Result<(), ExchangeError> {
    match woken {
        Woken { ended: true, .. } => Err(ExchangeError::Ended),
        Woken {
            timed_out: true, ..
        } => Err(ExchangeError::TimedOut),
        _ => Ok(()),
    }
}

fn wait_error(error: io::Error) -> ExchangeError {
    ExchangeError::System("wait for the application", error)
}
