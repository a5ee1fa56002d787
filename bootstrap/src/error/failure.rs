//! Why a worker or an executable gave no response.

use std::io;

use coldspark::{Error, internal};

/// Why there is no response.
pub(crate) enum Failure {
    /// It has reported an error, and goes on.
    Reported(Error),
    /// A worker broke the protocol: what it said or did, and when.
    Violation(String),
    /// It has ended.
    Ended,
    /// It did not answer in time.
    TimedOut,
    /// A system call failed: what it was for, and its error.
    System(&'static str, io::Error),
}

/// Makes the failure of a system call; `what` says what it was for.
pub(crate) fn failed_to(what: &'static str) -> impl Fn(io::Error) -> Failure {
    move |error| Failure::System(what, error)
}

/// The failure of a worker that wrote these bytes; `when` says why they are wrong.
pub(crate) fn violation(bytes: &[u8], when: &str) -> Failure {
    let line = bytes
        .split(|byte| *byte == b'\n')
        .next()
        .unwrap_or_default();
    let shown = String::from_utf8_lossy(&line[..line.len().min(60)]);
    Failure::Violation(format!("said {} {when}", internal::quoted(&shown)))
}
