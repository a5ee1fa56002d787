//! Why there is no response.

use std::io;

use coldspark::{Error, internal};

/// Why there is no answer from a worker.
pub(crate) enum Failure {
    /// It said that it failed, and goes on.
    Reported(Error),
    /// It said what it may not; what and when.
    Violation(String),
    /// It has ended.
    Ended,
    /// The time was over.
    TimedOut,
    /// A system call failed.
    System(&'static str, io::Error),
}

/// Names what was being done when a system call failed.
pub(crate) fn failed_to(what: &'static str) -> impl Fn(io::Error) -> Failure {
    move |error| Failure::System(what, error)
}

/// The error of a worker that wrote these bytes; `when` says what is wrong with that.
pub(crate) fn violation(bytes: &[u8], when: &str) -> Failure {
    let line = bytes
        .split(|byte| *byte == b'\n')
        .next()
        .unwrap_or_default();
    let shown = String::from_utf8_lossy(&line[..line.len().min(60)]);
    Failure::Violation(format!("said {} {when}", internal::quoted(&shown)))
}
