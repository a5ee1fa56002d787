//! Error types. `Runtime.` blames the runtime or how it is set up, `Function.` the function's code.

pub(crate) mod failure;

use std::borrow::Cow;
use std::io;
use std::os::unix::process::ExitStatusExt;
use std::process::ExitStatus;

use coldspark::Error;
pub(crate) use coldspark::internal::error_type::{
    CONFIG_INVALID, INVALID_EVENT, INVALID_RESPONSE, NO_SUCH_HANDLER, PROCESS_ENDED,
    RESPONSE_TOO_LARGE,
};

/// What `_HANDLER` names is there, but cannot be run.
pub(crate) const INVALID_HANDLER: &str = "Runtime.InvalidHandler";
/// The worker was not ready within `COLDSPARK_INIT_TIMEOUT_MS`.
pub(crate) const INIT_TIMEOUT: &str = "Runtime.InitTimeout";
/// The worker ended before it was ready, or instead of answering.
pub(crate) const WORKER_EXITED: &str = "Runtime.WorkerExited";
/// The worker said what the protocol does not allow.
pub(crate) const WORKER_PROTOCOL: &str = "Runtime.WorkerProtocol";
/// No answer shortly before the deadline.
pub(crate) const HANDLER_TIMEOUT: &str = "Runtime.HandlerTimeout";
/// A system call failed that is needed to start a process or to hand over an event.
pub(crate) const SYSTEM: &str = "Runtime.SystemError";
/// An executable or a shell function ended with a status that is not 0.
pub(crate) const EXIT_STATUS: &str = "Function.ExitStatus";
/// The web application ended before it was ready, or instead of answering.
pub(crate) const APPLICATION_EXITED: &str = "Runtime.ApplicationExited";
/// The web application answered what HTTP does not allow, or not at all.
pub(crate) const APPLICATION_PROTOCOL: &str = "Runtime.ApplicationProtocol";
/// The web application answered with a status that is set to be an error.
pub(crate) const ERROR_STATUS: &str = "Function.ErrorStatus";

/// What a process had to do when it failed.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum When {
    GettingReady,
    BetweenEvents,
    Answering,
    BeforeSnapshot,
    AfterRestore,
}

impl When {
    /// The words for it behind "the process has ended".
    pub(crate) fn words(self) -> &'static str {
        match self {
            Self::GettingReady => "before it was ready",
            Self::BetweenEvents => "between events",
            Self::Answering => "instead of answering",
            Self::BeforeSnapshot => "before the snapshot",
            Self::AfterRestore => "after the restore",
        }
    }
}

/// The error of a system call that was needed to do `what`.
pub(crate) fn system(what: &str, error: &io::Error) -> Error {
    let advice = match error.kind() {
        io::ErrorKind::OutOfMemory => "; give the function more memory",
        io::ErrorKind::WouldBlock => "; the limit of processes and threads is reached",
        _ => "",
    };
    Error::new(SYSTEM, format!("cannot {what}: {error}{advice}"))
}

/// An error with this message and, behind it, what the report shows of the process's standard error.
pub(crate) fn with_stderr(
    error_type: impl Into<Cow<'static, str>>,
    mut message: String,
    stderr: &str,
) -> Error {
    if !stderr.is_empty() {
        message.push_str("; its stderr:\n");
        message.push_str(stderr);
    }
    Error::new(error_type, message)
}

/// How a process ended, in words.
pub(crate) fn describe_end(status: Option<ExitStatus>) -> String {
    match status {
        Some(status) if status.signal() == Some(9) => {
            format!("{status}, as the kernel does when memory runs out")
        }
        Some(status) => status.to_string(),
        None => "unknown status".to_owned(),
    }
}
