//! Failed calls of the Runtime API, and what follows from them.

use std::fmt;

use super::header;
use crate::client::{ClientError, Reply};

/// A call of the Runtime API.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Call {
    Next,
    Response,
    Error,
    InitError,
    RestoreNext,
    RestoreError,
    Register,
}

impl Call {
    /// Whether the call begins, ends or fails a phase, so that the process cannot go on without it. Other calls
    /// answer one event.
    fn belongs_to_a_phase(self) -> bool {
        match self {
            Self::Next | Self::InitError | Self::RestoreNext | Self::RestoreError => true,
            Self::Response | Self::Error | Self::Register => false,
        }
    }
}

/// A call of the Runtime API that failed.
#[derive(Debug)]
pub(crate) enum ApiError {
    /// The exchange itself failed.
    Client(Call, ClientError),
    /// The Runtime API refused the call.
    Status {
        call: Call,
        status: u16,
        /// The start of its reply.
        text: String,
    },
    /// An event came without a usable request id, so it cannot be answered.
    RequestId(&'static str),
}

impl ApiError {
    pub(super) fn status(call: Call, reply: &Reply) -> Self {
        let text = String::from_utf8_lossy(&reply.body()[..reply.body().len().min(300)]);
        Self::Status {
            call,
            status: reply.status,
            text: text.trim().to_owned(),
        }
    }

    /// Whether there was no descriptor, port or memory left for a connection: the process has too many
    /// connections, and the Runtime API is not at fault.
    pub(crate) fn is_shortage(&self) -> bool {
        let Self::Client(_, ClientError::Connect(error)) = self else {
            return false;
        };
        let codes = [
            libc::EMFILE,
            libc::ENFILE,
            libc::ENOMEM,
            libc::ENOBUFS,
            libc::EAGAIN,
            libc::EADDRNOTAVAIL,
        ];
        error
            .raw_os_error()
            .is_some_and(|code| codes.contains(&code))
    }

    /// Whether the process must end: no progress is possible, or the API said that the
    /// environment is beyond recovery. Every other failed answer is logged, and the poller asks for the
    /// next event: 400 and 403 (not the current invocation), 410 (too late) and 413 (too large; the
    /// platform has told the caller).
    pub(crate) fn is_fatal(&self) -> bool {
        match self {
            Self::RequestId(_) => true,
            Self::Client(call, _) => call.belongs_to_a_phase(),
            Self::Status { call, status, .. } => call.belongs_to_a_phase() || *status >= 500,
        }
    }
}

impl fmt::Display for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Next => "GET invocation/next",
            Self::Response => "POST invocation/response",
            Self::Error => "POST invocation/error",
            Self::InitError => "POST init/error",
            Self::RestoreNext => "GET restore/next",
            Self::RestoreError => "POST restore/error",
            Self::Register => "POST extension/register",
        })
    }
}

impl fmt::Display for ApiError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Client(call, error) => write!(f, "Runtime API, {call}: {error}"),
            Self::Status { call, status, text } => {
                let meaning = match status {
                    400 => "not accepted",
                    404 if *call == Call::RestoreNext => {
                        "there is no SnapStart, although AWS_LAMBDA_INITIALIZATION_TYPE says so"
                    }
                    403 => "not allowed in this state",
                    410 => "too late, the invocation has timed out",
                    413 => "the response is too large",
                    500.. => "the environment cannot recover",
                    _ => "unexpected",
                };
                write!(f, "Runtime API, {call}: status {status}, {meaning}: {text}")
            }
            Self::RequestId(reason) => write!(
                f,
                "Runtime API, GET invocation/next: {reason} header {}; the event cannot be \
                 answered, so the process ends and Lambda reports it",
                header::REQUEST_ID
            ),
        }
    }
}
