//! Errors between the bootstrap and the application.

use std::io;

/// Why there is no answer.
#[derive(Debug)]
pub(super) enum Trouble {
    /// The application has ended.
    Ended,
    /// The time limit was reached.
    Late,
    /// The port is closed.
    Refused,
    /// The connection was closed before the first byte of an answer.
    Closed,
    /// Its answer is not valid HTTP, for this reason.
    Malformed(&'static str),
    /// Its answer cannot be passed on; the text says what to do.
    Unfit(&'static str, String),
    System(&'static str, io::Error),
}
