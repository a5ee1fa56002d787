//! The error of a call.

use std::borrow::Cow;
use std::fmt;

use crate::error::ErrorTypeName;

/// Why a call of a service failed.
///
/// In a handler, `?` makes the code the error type of the invocation. A handler can also match on it:
///
/// ```
/// use coldspark::aws;
///
/// fn is_new(result: Result<serde_json::Value, aws::Error>) -> Result<bool, aws::Error> {
///     match result {
///         Ok(_) => Ok(true),
///         Err(error) if error.code() == "ConditionalCheckFailedException" => Ok(false),
///         Err(error) => Err(error),
///     }
/// }
/// # let _ = is_new;
/// ```
///
/// A service has its own codes (`ResourceNotFoundException`). The client's codes:
///
/// | code | meaning |
/// |---|---|
/// | `Aws.NoRegion`, `Aws.NoCredentials`, `Aws.BadEndpoint`, `Aws.BadRoots` | a setting is missing or not what it must be |
/// | `Aws.Credentials` | the endpoint that gives credentials under SnapStart did not |
/// | `Aws.Connection` | there was no connection, or it broke |
/// | `Aws.Timeout` | no answer until shortly before the deadline |
/// | `Aws.BadRequest` | the input is not JSON, or a path or header cannot be sent |
/// | `Aws.BadAnswer` | the answer is not what the caller expects, or too large |
#[derive(Clone)]
pub struct Error(Box<Inner>);

#[derive(Clone)]
struct Inner {
    code: ErrorTypeName,
    message: String,
    call: String,
    status: Option<u16>,
    request_id: Option<String>,
}

impl Error {
    pub(super) fn of(code: impl Into<Cow<'static, str>>, message: impl Into<String>) -> Self {
        Self(Box::new(Inner {
            code: ErrorTypeName(code.into()),
            message: message.into(),
            call: String::new(),
            status: None,
            request_id: None,
        }))
    }

    /// An error that a service answered with.
    pub(super) fn answered(mut self, status: u16, request_id: Option<String>) -> Self {
        self.0.status = Some(status);
        self.0.request_id = request_id;
        self
    }

    /// Adds the name of the call to the text.
    pub(super) fn in_call(mut self, service: &str, operation: &str) -> Self {
        if self.0.call.is_empty() {
            self.0.call = [service, " ", operation].concat();
        }
        self
    }

    /// The code: the service's, such as `ResourceNotFoundException`, or the client's, which starts with `Aws.`.
    #[must_use]
    pub fn code(&self) -> &str {
        &self.0.code.0
    }

    /// The service's message, or the client's; may be empty.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.0.message
    }

    /// The HTTP status of the answer; `None` when there was no answer.
    #[must_use]
    pub fn status(&self) -> Option<u16> {
        self.0.status
    }

    /// The service's id of the request, which AWS Support asks for.
    #[must_use]
    pub fn request_id(&self) -> Option<&str> {
        self.0.request_id.as_deref()
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Inner {
            message,
            call,
            status,
            request_id,
            ..
        } = &*self.0;
        if !call.is_empty() {
            write!(f, "{call}: ")?;
        }
        f.write_str(if message.is_empty() {
            "no message"
        } else {
            message
        })?;
        match (status, request_id) {
            (Some(status), Some(id)) => write!(f, " (status {status}, request {id})"),
            (Some(status), None) => write!(f, " (status {status})"),
            (None, _) => Ok(()),
        }
    }
}

/// Prints the message with the code.
impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {self}", self.code())
    }
}

impl std::error::Error for Error {
    /// The code, from which `?` takes the error type.
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&self.0.code)
    }
}
