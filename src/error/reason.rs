//! Texts as the reason of an [`io::Error`].

use std::borrow::Cow;
use std::{error, fmt, io};

/// An error with a text that says why. The standard library's own way to make one brings `{:?}` of
/// texts along, with its tables of what can be printed: 6 KB.
pub fn io_error(kind: io::ErrorKind, reason: impl Into<Cow<'static, str>>) -> io::Error {
    io::Error::new(kind, Reason(reason.into()))
}

struct Reason(Cow<'static, str>);

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl error::Error for Reason {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_reason_is_the_text_of_the_error() {
        let error = io_error(io::ErrorKind::NotFound, "it is not there".to_owned());
        assert_eq!(error.kind(), io::ErrorKind::NotFound);
        assert_eq!(error.to_string(), "it is not there");
        let whole = format!("{error:?}");
        assert!(whole.contains("it is not there"), "{whole}");
    }
}
