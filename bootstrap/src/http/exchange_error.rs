//! Why an exchange with the application has no response.

use std::io;

use coldspark::Error;

/// Why an exchange failed.
#[derive(Debug)]
pub(super) enum ExchangeError {
    /// The application has ended.
    Ended,
    /// The time limit was reached.
    TimedOut,
    /// The port is closed.
    Refused,
    /// The connection was closed before the first byte of an answer.
    Closed,
    /// Its answer is not valid HTTP, for this reason.
    Malformed(&'static str),
    /// Its answer is an error of the event: it cannot be passed on, or a setting says so.
    Unusable(Error),
    /// A system call failed; what it was needed for.
    System(&'static str, io::Error),
}
