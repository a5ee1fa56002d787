//! The error of a function: what the caller of an invocation gets to see.

use std::borrow::Cow;
use std::fmt;

use serde::ser::{Serialize, SerializeStruct, Serializer};

/// Error types of the runtime itself. `Runtime.` is the runtime's or its settings' blame,
/// `Function.` the function's.
pub mod error_type {
    /// `_HANDLER` names no registered handler.
    pub const NO_SUCH_HANDLER: &str = "Runtime.NoSuchHandler";
    /// A setting is not what it must be.
    pub const CONFIG_INVALID: &str = "Runtime.ConfigInvalid";
    /// The event is not what the handler expects, or did not come whole.
    pub const INVALID_EVENT: &str = "Runtime.InvalidEvent";
    /// The HTTP request in the event is one that HTTP does not allow.
    #[cfg(feature = "http")]
    pub const INVALID_REQUEST: &str = "Runtime.InvalidRequest";
    /// The handler's response cannot be written as JSON.
    pub const INVALID_RESPONSE: &str = "Runtime.InvalidResponse";
    /// The response is over what the Runtime API takes.
    pub const RESPONSE_TOO_LARGE: &str = "Function.ResponseSizeTooLarge";
    /// A before-snapshot hook failed.
    pub const BEFORE_SNAPSHOT: &str = "Runtime.BeforeSnapshotError";
    /// An after-restore hook failed.
    pub const AFTER_RESTORE: &str = "Runtime.AfterRestoreError";
    /// Handler, init step or hook panicked.
    pub const PANIC: &str = "Function.Panic";
    /// What a handler waited for did not come in time.
    #[cfg(feature = "tokio")]
    pub const TIMEOUT: &str = "Function.Timeout";
    /// The process ends for a reason outside the invocation.
    pub const PROCESS_ENDED: &str = "Runtime.ProcessEnded";
    /// There is no connection for a streamed response.
    pub const STREAM_UNAVAILABLE: &str = "Runtime.StreamUnavailable";
    /// What an error type becomes that cannot stand in a header, or is too long for it.
    pub const UNKNOWN: &str = "Function.Unknown";
}

/// Why a handler or an init step failed; becomes `errorType`, `errorMessage` and `stackTrace` of
/// the error that Lambda gives to the caller.
///
/// Every [`std::error::Error`] turns into one with `?`: the error type is then the name of the
/// Rust type, the message its text and those of its sources.
///
/// ```
/// use coldspark::Error;
///
/// fn quantity(text: &str) -> Result<u32, Error> {
///     let number = text.parse()?; // errorType: ParseIntError
///     if number == 0 {
///         return Err(Error::new("Order.Empty", "an order needs at least one piece"));
///     }
///     Ok(number)
/// }
/// assert_eq!(quantity("x").unwrap_err().error_type(), "ParseIntError");
/// assert_eq!(quantity("0").unwrap_err().error_type(), "Order.Empty");
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct Error {
    error_type: Cow<'static, str>,
    message: String,
    stack_trace: Vec<String>,
}

/// Longest error type in a header, in bytes: far over a name, and far under what servers take for
/// all headers together and the ureq client writes.
const MAX_HEADER: usize = 200;

/// The error type that an error brings along, as its source.
#[cfg(feature = "aws")]
#[derive(Debug, Clone)]
pub(crate) struct ErrorType(pub(crate) Cow<'static, str>);

#[cfg(feature = "aws")]
impl fmt::Display for ErrorType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(feature = "aws")]
impl std::error::Error for ErrorType {}

/// The side of a snapshot on which a hook runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Side {
    BeforeSnapshot,
    AfterRestore,
}

impl Error {
    /// An error with its type and message. Lambda advises types of the form `Category.Reason`.
    ///
    /// What is over 6,291,556 bytes of JSON, the limit of a response, is cut when it is sent, and
    /// the message says so. A type of more than 200 bytes is `Function.Unknown` in the header.
    pub fn new(error_type: impl Into<Cow<'static, str>>, message: impl Into<String>) -> Self {
        Self {
            error_type: error_type.into(),
            message: message.into(),
            stack_trace: Vec::new(),
        }
    }

    /// Adds the `stackTrace`: one line a frame, the innermost first.
    ///
    /// ```
    /// # use coldspark::Error;
    /// let error = Error::new("Order.Empty", "no piece was ordered")
    ///     .with_stack_trace(vec!["create (orders.rs:17)".to_owned()]);
    /// assert_eq!(error.message(), "no piece was ordered");
    /// ```
    #[must_use]
    pub fn with_stack_trace(mut self, frames: Vec<String>) -> Self {
        self.stack_trace = frames;
        self
    }

    /// The `errorType`.
    #[must_use]
    pub fn error_type(&self) -> &str {
        &self.error_type
    }

    /// The `errorMessage`.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.message
    }

    /// The `stackTrace`.
    pub(crate) fn stack_trace(&self) -> &[String] {
        &self.stack_trace
    }

    /// The error as Lambda wants it named when it comes from a hook.
    pub(crate) fn of_hook(self, side: Side) -> Self {
        let (kind, what) = match side {
            Side::BeforeSnapshot => (
                error_type::BEFORE_SNAPSHOT,
                "a before-snapshot hook failed: ",
            ),
            Side::AfterRestore => (error_type::AFTER_RESTORE, "an after-restore hook failed: "),
        };
        Self {
            message: [what, &self.error_type, ": ", &self.message].concat(),
            error_type: kind.into(),
            stack_trace: self.stack_trace,
        }
    }

    /// The value of the error type header, `Category.Reason`; a header carries no control bytes,
    /// and not too many others.
    pub(crate) fn header(&self) -> Cow<'_, str> {
        let fits = |text: &str| {
            (1..=MAX_HEADER).contains(&text.len())
                && text.bytes().all(|b| (0x20..0x7f).contains(&b))
        };
        if !fits(&self.error_type) {
            Cow::Borrowed(error_type::UNKNOWN)
        } else if self.error_type.contains('.') {
            Cow::Borrowed(&self.error_type)
        } else {
            Cow::Owned(["Function.", &self.error_type].concat())
        }
    }

    /// The body of an error call: `errorMessage`, `errorType` and `stackTrace` as JSON.
    pub(crate) fn to_json(&self) -> Vec<u8> {
        // Strings and a list of strings: nothing that serde_json could refuse.
        serde_json::to_vec(self).unwrap_or_default()
    }
}

impl<E: std::error::Error> From<E> for Error {
    fn from(error: E) -> Self {
        let mut message = error.to_string();
        let mut source = error.source();
        #[cfg(feature = "aws")]
        if let Some(ErrorType(own)) = source.and_then(|source| source.downcast_ref()) {
            return Self::new(own.clone(), message);
        }
        while let Some(cause) = source {
            let text = cause.to_string();
            // Many errors repeat their source's text in their own.
            if !message.ends_with(&text) {
                message.push_str(": ");
                message.push_str(&text);
            }
            source = cause.source();
        }
        Self::new(type_name::<E>(), message)
    }
}

/// The last part of a type's path, without parameters: `ParseIntError`.
fn type_name<T>() -> &'static str {
    let path = std::any::type_name::<T>();
    let path = path.split('<').next().unwrap_or(path);
    path.rsplit("::").next().unwrap_or(path)
}

impl Serialize for Error {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut json = serializer.serialize_struct("Error", 3)?;
        json.serialize_field("errorMessage", &self.message)?;
        json.serialize_field("errorType", &self.error_type)?;
        json.serialize_field("stackTrace", &self.stack_trace)?;
        json.end()
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.error_type, self.message)
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug)]
    struct Outer(std::num::ParseIntError);
    impl fmt::Display for Outer {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("no quantity")
        }
    }
    impl std::error::Error for Outer {
        fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
            Some(&self.0)
        }
    }

    #[test]
    fn an_error_brings_its_type_and_its_sources() {
        let error = Error::from(Outer("x".parse::<u8>().unwrap_err()));
        assert_eq!(error.error_type(), "Outer");
        assert_eq!(
            error.message(),
            "no quantity: invalid digit found in string"
        );
    }

    #[test]
    fn the_body_has_the_fields_lambda_reads() {
        let json = Error::new("A.B", "said \"no\"\n").to_json();
        assert_eq!(
            String::from_utf8(json).unwrap(),
            r#"{"errorMessage":"said \"no\"\n","errorType":"A.B","stackTrace":[]}"#
        );
    }

    #[test]
    fn the_header_is_a_category_and_a_reason() {
        for (error_type, header) in [
            ("Order.Empty", "Order.Empty"),
            ("ParseIntError", "Function.ParseIntError"),
            ("", "Function.Unknown"),
            ("a\r\nb: c", "Function.Unknown"),
            ("\u{e9}", "Function.Unknown"),
        ] {
            assert_eq!(Error::new(error_type, "").header(), header);
        }
        let longest = "A.".to_owned() + &"B".repeat(MAX_HEADER - 2);
        assert_eq!(Error::new(longest.clone(), "").header(), longest);
        assert_eq!(Error::new(longest + "B", "").header(), "Function.Unknown");
    }
}
