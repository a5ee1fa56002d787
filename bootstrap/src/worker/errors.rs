//! The errors of workers that failed.

use coldspark::Error;

use super::process::Worker;
use super::program::Program;
use super::shell_output::ShellOutput;
use crate::deadline::Deadline;
use crate::error::failure::Failure;
use crate::error::{self, When};
use crate::log::Log;

/// Makes the errors of the workers of one program.
pub(super) struct WorkerErrors<'a> {
    pub(super) program: &'a Program,
    pub(super) log: &'a Log,
}

impl WorkerErrors<'_> {
    /// The error that a worker has reported. A shell function's comes with its standard error.
    pub(super) fn reported(&self, error: Error) -> Error {
        if self.program.shell_output.is_none() {
            self.log.flush();
            return error;
        }
        let [error_type, message] = [error.error_type(), error.message()].map(str::to_owned);
        error::with_stderr(error_type, message, &self.log.end_process())
    }

    /// Ends a worker that has not answered in time, and makes the event's error.
    pub(super) fn timed_out(&self, worker: Option<Worker>, deadline: &Deadline) -> Error {
        let error = deadline.error("; the worker and what it has started were killed");
        let shell_output = self.program.shell_output.as_ref();
        let advice = shell_output.map_or("", ShellOutput::advice);
        let message = [error.message(), advice].concat();
        self.end(worker, error::HANDLER_TIMEOUT, message)
    }

    /// Ends a worker that has failed, since its state is in doubt, and makes the error.
    pub(super) fn failed(&self, worker: Option<Worker>, failure: Failure, when: When) -> Error {
        let name = self.name();
        match failure {
            Failure::Reported(error) => {
                drop(worker);
                self.reported(error)
            }
            Failure::Violation(what) => {
                let message = format!(
                    "{name} {what}; the worker protocol (layer/PROTOCOL.md) does not allow that"
                );
                self.end(worker, error::WORKER_PROTOCOL, message)
            }
            Failure::System(what, error) => {
                drop(worker);
                error::system(what, &error)
            }
            Failure::Ended | Failure::TimedOut => {
                let (status, left) = worker.map(Worker::end).unwrap_or_default();
                let stderr = self.log.end_process();
                let mut message = format!(
                    "{name} ended {}: {}",
                    when.words(),
                    error::describe_end(status)
                );
                if let Some(shell_output) = &self.program.shell_output {
                    if !left.is_empty() {
                        message.push_str(", ");
                        message.push_str(&left);
                    }
                    if when == When::Answering
                        && status.is_some_and(|status| status.code().is_some())
                    {
                        message.push_str(shell_output.advice());
                    }
                }
                error::with_stderr(error::WORKER_EXITED, message, &stderr)
            }
        }
    }

    /// Ends a worker, and makes an error with this message and its standard error.
    pub(super) fn end(
        &self,
        worker: Option<Worker>,
        error_type: &'static str,
        message: String,
    ) -> Error {
        drop(worker);
        error::with_stderr(error_type, message, &self.log.end_process())
    }

    pub(super) fn name(&self) -> String {
        format!("the worker {}", self.program.file.to_string_lossy())
    }
}
