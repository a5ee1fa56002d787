//! What can go wrong between the bootstrap and the application.

use std::io;

/// Why there is no answer.
#[derive(Debug)]
pub(super) enum Trouble {
    /// The application has ended.
    Ended,
    /// The time was over.
    Late,
    /// Nobody listens.
    Refused,
    /// The connection was closed before the first byte of an answer.
    Closed,
    /// It has answered what HTTP does not allow; what that is.
    Malformed(&'static str),
    /// Its answer cannot be passed on, and what to do about it.
    Unfit(&'static str, String),
    System(&'static str, io::Error),
}
