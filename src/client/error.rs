//! Errors of one exchange.

use std::fmt;
use std::io;

/// Why an exchange failed, by its stage.
#[derive(Debug)]
pub(crate) enum ClientError {
    /// No connection could be made.
    Connect(io::Error),
    /// The connection broke while the request was sent or the reply read.
    Broken { error: io::Error, began: bool },
    /// The server closed the connection before the reply was whole.
    Closed { began: bool },
    /// The head of the reply is not valid HTTP/1.1.
    Head(&'static str),
    /// The body of the reply broke off or is malformed; status and headers are good.
    Body(BodyError),
    /// ureq gave up for another reason.
    #[cfg(feature = "ureq")]
    Other(String),
}

/// Why a body is incomplete.
#[derive(Debug)]
pub(crate) enum BodyError {
    Ended { got: usize, expected: Option<usize> },
    Malformed(&'static str),
    TooLarge,
}

impl ClientError {
    /// Whether the connection failed before a byte of the reply came: the server may never have
    /// seen the request.
    pub(crate) fn nothing_came(&self) -> bool {
        match self {
            Self::Broken { began, .. } | Self::Closed { began } => !began,
            _ => false,
        }
    }
}

impl fmt::Display for ClientError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Connect(error) => write!(f, "cannot connect: {error}"),
            // Only at the end of the process do waits have a limit.
            Self::Broken { error, .. } if error.kind() == io::ErrorKind::WouldBlock => {
                f.write_str("no reply came before the process had to end")
            }
            Self::Broken { error, .. } => write!(f, "the connection broke: {error}"),
            Self::Closed { began: false } => {
                f.write_str("the connection was closed before the reply")
            }
            Self::Closed { began: true } => {
                f.write_str("the connection was closed within the head of the reply")
            }
            Self::Head(reason) => write!(f, "malformed reply: {reason}"),
            Self::Body(error) => error.fmt(f),
            #[cfg(feature = "ureq")]
            Self::Other(reason) => f.write_str(reason),
        }
    }
}

impl fmt::Display for BodyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ended {
                got,
                expected: Some(expected),
            } => {
                write!(f, "the body ended after {got} of {expected} bytes")
            }
            Self::Ended {
                got,
                expected: None,
            } => write!(f, "the body broke off after {got} bytes"),
            Self::Malformed(reason) => write!(f, "malformed body: {reason}"),
            Self::TooLarge => write!(f, "the body is over {} bytes", super::MAX_BODY),
        }
    }
}
