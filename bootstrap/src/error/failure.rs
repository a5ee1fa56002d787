//! Why there is no response.

use std::io;

use coldspark::layer;

/// Why there is no answer from a worker.
pub(crate) enum Trouble {
    /// It said that it failed, and goes on.
    Said { error_type: String, message: String },
    /// It said what it may not; what and when.
    Protocol(String),
    /// It has ended.
    Ended,
    /// The time was over.
    Late,
    /// A system call failed.
    System(&'static str, io::Error),
}

/// Names what was being done when a system call failed.
pub(crate) fn doing(what: &'static str) -> impl Fn(io::Error) -> Trouble {
    move |error| Trouble::System(what, error)
}

/// The error of a worker that wrote these bytes; `when` says what is wrong with that.
pub(crate) fn said(bytes: &[u8], when: &str) -> Trouble {
    let line = bytes
        .split(|byte| *byte == b'\n')
        .next()
        .unwrap_or_default();
    let shown = String::from_utf8_lossy(&line[..line.len().min(60)]);
    Trouble::Protocol(format!("said {} {when}", layer::quoted(&shown)))
}
