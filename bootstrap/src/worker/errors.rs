//! The errors of workers that failed.

use coldspark::Error;

use super::process::Worker;
use super::program::Program;
use super::shell_output::ShellOutput;
use crate::deadline::Deadline;
use crate::error::failure::Failure;
use crate::error::{self, IN_EVENT};
use crate::log::Log;

/// Makes the errors of the workers of one program.
pub(super) struct WorkerErrors<'a> {
    pub(super) program: &'a Program,
    pub(super) log: &'a Log,
}

impl WorkerErrors<'_> {
    /// The error that a worker gave itself. A shell function's goes with what it printed.
    pub(super) fn own_error(&self, error: Error) -> Error {
        if self.program.shell_output.is_none() {
            self.log.catch_up();
            return error;
        }
        let message = error::with_tail(error.message().to_owned(), &self.log.end_process());
        Error::new(error.error_type().to_owned(), message)
    }

    /// Ends a worker whose time is over, and gives the event's error.
    pub(super) fn late(&self, worker: Option<Worker>, deadline: &Deadline) -> Error {
        self.end(worker, |tail| {
            let error = deadline.error("; the worker and what it has started were killed");
            let shell_output = self.program.shell_output.as_ref();
            let advice = shell_output.map_or("", ShellOutput::advice);
            let message = [error.message(), advice].concat();
            Error::new(error::HANDLER_TIMEOUT, error::with_tail(message, tail))
        })
    }

    /// Ends a worker whose state is in doubt, and gives the error.
    pub(super) fn error_of(&self, worker: Option<Worker>, failure: Failure, when: &str) -> Error {
        let name = self.name();
        match failure {
            Failure::Reported(error) => {
                drop(worker);
                self.own_error(error)
            }
            Failure::Violation(what) => self.end(worker, |tail| {
                let message = format!(
                    "{name} {what}; the worker protocol (layer/PROTOCOL.md) does not allow that"
                );
                Error::new(error::WORKER_PROTOCOL, error::with_tail(message, tail))
            }),
            Failure::System(what, error) => {
                drop(worker);
                error::system(what, &error)
            }
            Failure::Ended | Failure::TimedOut => {
                let (status, left) = worker.map(Worker::finish).unwrap_or_default();
                let tail = self.log.end_process();
                let mut message = format!("{name} ended {when}: {}", error::ending(status));
                if let Some(shell_output) = &self.program.shell_output {
                    if !left.is_empty() {
                        message.push_str(", ");
                        message.push_str(&left);
                    }
                    if when == IN_EVENT && status.is_some_and(|status| status.code().is_some()) {
                        message.push_str(shell_output.advice());
                    }
                }
                Error::new(error::WORKER_EXITED, error::with_tail(message, &tail))
            }
        }
    }

    /// Ends a worker, then makes the error with its standard error.
    pub(super) fn end(&self, worker: Option<Worker>, error: impl FnOnce(&str) -> Error) -> Error {
        drop(worker);
        error(&self.log.end_process())
    }

    pub(super) fn name(&self) -> String {
        format!("the worker {}", self.program.file.to_string_lossy())
    }
}
