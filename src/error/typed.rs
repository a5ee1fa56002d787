//! Errors that keep their type within other libraries' boxes and reports.

use std::borrow::Cow;
use std::error::Error as StdError;
use std::fmt;

use super::Error;

/// An error with type and message that implements [`std::error::Error`], unlike [`Error`]: `?` puts it into
/// a `Box<dyn Error>`, anyhow, eyre or miette, and back it has the same type.
///
/// [`ResultExt`] and [`Error::into_std`] make it. Its source carries the type, as `error type Db.Down`, so
/// that a report which wraps it keeps the type.
///
/// ```
/// use coldspark::{Error, ResultExt};
///
/// fn read() -> Result<String, Box<dyn std::error::Error + Send + Sync>> {
///     Ok(std::fs::read_to_string("/no/such/table").error_type("Db.Down")?)
/// }
///
/// fn handler() -> Result<String, Error> {
///     Ok(read()?)
/// }
/// assert_eq!(handler().unwrap_err().error_type(), "Db.Down");
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TypedError {
    error_type: ErrorTypeName,
    message: String,
    stack_trace: Vec<String>,
}

/// The type of an error, as the source of a [`TypedError`], where it is found through any wrapper.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ErrorTypeName(pub(crate) Cow<'static, str>);

impl ErrorTypeName {
    pub(super) fn text(&self) -> Cow<'static, str> {
        self.0.clone()
    }
}

impl TypedError {
    /// The `errorType`.
    #[must_use]
    pub fn error_type(&self) -> &str {
        &self.error_type.0
    }

    pub(super) fn into_error(self) -> Error {
        Error {
            error_type: self.error_type.0,
            message: self.message,
            stack_trace: self.stack_trace,
        }
    }
}

impl Error {
    /// Converts it to a [`std::error::Error`], for code that collects errors of all kinds.
    ///
    /// ```
    /// use coldspark::Error;
    ///
    /// let error = Error::new("Order.Empty", "no piece was ordered");
    /// let boxed: Box<dyn std::error::Error + Send + Sync> = error.into_std().into();
    /// assert_eq!(boxed.to_string(), "no piece was ordered");
    /// assert_eq!(Error::from(boxed).error_type(), "Order.Empty");
    /// ```
    #[must_use]
    pub fn into_std(self) -> TypedError {
        TypedError {
            error_type: ErrorTypeName(self.error_type),
            message: self.message,
            stack_trace: self.stack_trace,
        }
    }
}

impl fmt::Display for TypedError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl StdError for TypedError {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        Some(&self.error_type)
    }
}

impl fmt::Display for ErrorTypeName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("error type ")?;
        f.write_str(&self.0)
    }
}

impl StdError for ErrorTypeName {}

/// An error that knows its `errorType`, such as an enum that derives thiserror's `Error`: one line
/// for each variant, and [`typed`](ResultExt::typed) where the enum meets the handler.
///
/// ```
/// use coldspark::{Context, ErrorType, ResultExt, Runtime};
/// use std::fmt;
///
/// #[derive(Debug)]
/// enum OrderError {
///     Empty,
///     Unknown(String),
/// }
/// # impl std::error::Error for OrderError {}
/// # impl fmt::Display for OrderError {
/// #     fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result { fmt::Debug::fmt(self, f) }
/// # }
///
/// impl ErrorType for OrderError {
///     fn error_type(&self) -> &'static str {
///         match self {
///             Self::Empty => "Order.Empty",
///             Self::Unknown(_) => "Order.UnknownArticle",
///         }
///     }
/// }
///
/// // The function has the errors of its own domain, and tests compare them.
/// fn price(article: String, _: &Context<'_>) -> Result<u64, OrderError> {
///     match article.as_str() {
///         "" => Err(OrderError::Empty),
///         "rope" => Ok(350),
///         _ => Err(OrderError::Unknown(article)),
///     }
/// }
///
/// let runtime = Runtime::new().json("price", |article, context| Ok(price(article, context).typed()?));
/// # let _ = runtime;
/// ```
pub trait ErrorType {
    /// The `errorType`, of the form `Category.Reason`.
    fn error_type(&self) -> &'static str;
}

/// Gives the error of a `Result` a type, before `?` passes it on.
///
/// ```
/// use coldspark::{Error, ResultExt};
///
/// fn quantity(text: &str) -> Result<u32, Error> {
///     Ok(text.parse().error_type("Order.NoNumber")?)
/// }
/// let error = quantity("x").unwrap_err();
/// assert_eq!(error.error_type(), "Order.NoNumber");
/// assert_eq!(error.message(), "invalid digit found in string");
/// ```
pub trait ResultExt<T, E> {
    /// Gives any error this type.
    ///
    /// # Errors
    /// The error with this type; its message has its text and those of its sources.
    fn error_type(self, error_type: impl Into<Cow<'static, str>>) -> Result<T, TypedError>
    where
        E: Into<Error>;

    /// Gives the error its own type ([`ErrorType`]).
    ///
    /// # Errors
    /// The error with its own type; its message has its text and those of its sources.
    fn typed(self) -> Result<T, TypedError>
    where
        E: ErrorType + Into<Error>;
}

impl<T, E> ResultExt<T, E> for Result<T, E> {
    fn error_type(self, error_type: impl Into<Cow<'static, str>>) -> Result<T, TypedError>
    where
        E: Into<Error>,
    {
        self.map_err(|error| named(error.into(), error_type.into()))
    }

    fn typed(self) -> Result<T, TypedError>
    where
        E: ErrorType + Into<Error>,
    {
        self.map_err(|error| {
            let error_type = error.error_type();
            named(error.into(), error_type.into())
        })
    }
}

#[cold]
fn named(mut error: Error, error_type: Cow<'static, str>) -> TypedError {
    error.error_type = error_type;
    error.into_std()
}
