//! The error of a function, as the caller of an invocation sees it.

mod convert;
mod reason;
mod typed;

use std::borrow::Cow;
use std::fmt;

use serde::ser::{Serialize, SerializeStruct, Serializer};

pub use reason::io_error;
#[cfg(feature = "aws")]
pub(crate) use typed::ErrorTypeName;
pub use typed::{ErrorType, ResultExt, TypedError};

/// Error types of the runtime itself. `Runtime.` errors are caused by the runtime or its settings,
/// `Function.` errors by the function.
pub mod error_type {
    /// `_HANDLER` names no registered handler.
    pub const NO_SUCH_HANDLER: &str = "Runtime.NoSuchHandler";
    /// A setting is invalid.
    pub const CONFIG_INVALID: &str = "Runtime.ConfigInvalid";
    /// The event is not what the handler expects, or is incomplete.
    pub const INVALID_EVENT: &str = "Runtime.InvalidEvent";
    /// The HTTP request in the event is one that HTTP does not allow.
    #[cfg(feature = "http")]
    pub const INVALID_REQUEST: &str = "Runtime.InvalidRequest";
    /// The body of an HTTP request is of a content type that the handler does not read.
    #[cfg(feature = "http")]
    pub const UNSUPPORTED_MEDIA_TYPE: &str = "Runtime.UnsupportedMediaType";
    /// The handler's response cannot be written as JSON.
    pub const INVALID_RESPONSE: &str = "Runtime.InvalidResponse";
    /// The response is larger than the Runtime API allows.
    pub const RESPONSE_TOO_LARGE: &str = "Function.ResponseSizeTooLarge";
    /// A before-snapshot hook failed.
    pub const BEFORE_SNAPSHOT: &str = "Runtime.BeforeSnapshotError";
    /// An after-restore hook failed.
    pub const AFTER_RESTORE: &str = "Runtime.AfterRestoreError";
    /// Handler, init step or hook panicked.
    pub const PANIC: &str = "Function.Panic";
    /// A wait of the handler reached its time limit.
    #[cfg(feature = "tokio")]
    pub const TIMEOUT: &str = "Function.Timeout";
    /// The process ends for a reason outside the invocation.
    pub const PROCESS_ENDED: &str = "Runtime.ProcessEnded";
    /// The Runtime API has not taken the answer; only hooks after answers get it.
    pub const ANSWER_NOT_TAKEN: &str = "Runtime.AnswerNotTaken";
    /// There is no connection for a streamed response.
    pub const STREAM_UNAVAILABLE: &str = "Runtime.StreamUnavailable";
    /// A variable that the function asks for is not set.
    pub const MISSING_VARIABLE: &str = "Function.MissingVariable";
    /// A variable that the function asks for is not UTF-8.
    pub const INVALID_VARIABLE: &str = "Function.InvalidVariable";
    /// An error that is a text, or a box of unknown content.
    pub const ERROR: &str = "Function.Error";
    /// Replaces, in the header, an error type that is too long or has bytes that a header cannot have.
    pub const UNKNOWN: &str = "Function.Unknown";
}

/// Why a handler or an init step failed; becomes `errorType`, `errorMessage` and `stackTrace` of
/// the error that Lambda gives to the caller.
///
/// `?` makes it from every [`std::error::Error`] that may go to another thread
/// (`Send + Sync + 'static`), from `Box<dyn Error + Send + Sync>`, from the reports of anyhow, eyre and
/// miette, and from texts. [`Error::of`] takes others, such as the `PoisonError` of a lock. The
/// message is the text of the error and of its sources. The error type is
///
/// - the one that [`ResultExt::error_type`] or [`ResultExt::typed`] has set, also when the error was boxed
///   or wrapped since, or the one that a coldspark error had before [`Error::into_std`];
/// - `Io.NotFound` and the like for [`std::io::Error`]; `Json.Syntax`, `Json.Data`, `Json.Eof` for
///   serde_json's;
/// - otherwise the name of the Rust type, with its crate where that is `Error`: `ParseIntError`,
///   `sqlx.Error`; and `Function.Error` for texts and for boxes of others.
///
/// ```
/// use coldspark::Error;
///
/// fn quantity(text: &str) -> Result<u32, Error> {
///     let number = text.parse()?; // errorType: ParseIntError
///     if number == 0 {
///         return Err(Error::new("Order.Empty", "an order needs at least one piece"));
///     }
///     if number > 99 {
///         return Err("so many do not fit into a box".into()); // errorType: Function.Error
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

/// Longest error type in a header, in bytes: more than any name needs, and far under the limits of
/// servers for all headers and of the ureq client.
const MAX_HEADER: usize = 200;

/// The side of a snapshot on which a hook runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Side {
    BeforeSnapshot,
    AfterRestore,
}

impl Error {
    /// An error with its type and message. Lambda advises types of the form `Category.Reason`.
    ///
    /// An error of more than 6,291,556 bytes of JSON, the limit of a response, is cut when it is sent, and its
    /// message says so. A type of more than 200 bytes is `Function.Unknown` in the header.
    pub fn new(error_type: impl Into<Cow<'static, str>>, message: impl Into<String>) -> Self {
        Self {
            error_type: error_type.into(),
            message: message.into(),
            stack_trace: Vec::new(),
        }
    }

    /// Converts an error that `?` does not take: one that borrows, or that may not go to another thread. Its
    /// sources are in the message.
    ///
    /// ```
    /// use coldspark::Error;
    /// use std::sync::Mutex;
    ///
    /// fn count(counter: &Mutex<u64>) -> Result<u64, Error> {
    ///     let mut count = counter.lock().map_err(|poisoned| Error::of(&poisoned))?;
    ///     *count += 1;
    ///     Ok(*count)
    /// }
    /// # assert_eq!(count(&Mutex::new(0)).unwrap(), 1);
    /// ```
    #[must_use]
    pub fn of<E: std::error::Error>(error: &E) -> Self {
        let error_type = convert::of_rust_type(std::any::type_name::<E>());
        Self::new(error_type, convert::text(error))
    }

    /// Adds the `stackTrace`: one line for each frame, the innermost first.
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

    /// The error of a hook, with the type that Lambda prescribes.
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

    /// The value of the error type header, `Category.Reason`, without control bytes and of limited length.
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
