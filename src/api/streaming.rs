//! A streamed response (Lambda developer guide, "Building a custom runtime").

use std::borrow::Cow;

use super::error::Call;
use super::{ApiError, INVOCATION, base64, header};
use crate::client::{Reply, Streamed};
use crate::error::{Error, kind};
use crate::invocation::Metadata;
use crate::settings::{Endpoint, rooted};

const RESPONSE_MODE: &str = "Lambda-Runtime-Function-Response-Mode";
const ERROR_BODY: &str = "Lambda-Runtime-Function-Error-Body";
const TRAILER: &str = "Lambda-Runtime-Function-Error-Type, Lambda-Runtime-Function-Error-Body";

/// Largest error in the trailers, in bytes of JSON. All trailers together stay under the 4 KB
/// that servers written in Go take, AWS's Runtime Interface Emulator among them (measured).
pub(super) const MAX_ERROR: usize = 2400;
/// Longest error type in the trailers, in bytes.
const MAX_TYPE: usize = 200;

/// `POST invocation/{id}/response` in streaming mode, once it has begun: it can no longer become
/// a `POST invocation/{id}/error`.
pub(crate) struct StreamedResponse {
    exchange: Streamed,
}

impl StreamedResponse {
    /// Connects; the first bytes that are sent begin the response.
    pub(crate) fn open(
        endpoint: &Endpoint,
        metadata: Metadata<'_>,
        content_type: &str,
    ) -> Result<Self, ApiError> {
        let headers = [
            (header::CONTENT_TYPE, content_type),
            (RESPONSE_MODE, "streaming"),
            ("Trailer", TRAILER),
            (
                header::INVOCATION_ID,
                metadata.invocation_id.unwrap_or_default(),
            ),
        ];
        let count = headers.len() - usize::from(metadata.invocation_id.is_none());
        let root = rooted(INVOCATION);
        let path = [&*root, metadata.request_id, "/response"];
        let exchange = Streamed::open(endpoint, path, &headers[..count])
            .map_err(|error| ApiError::Client(Call::Response, error))?;
        Ok(Self { exchange })
    }

    /// Sends both parts one after the other; false when nobody takes them any more. Waits while
    /// nobody reads.
    pub(crate) fn send(&mut self, parts: [&[u8]; 2]) -> bool {
        self.exchange.chunk(parts)
    }

    /// Sends the last bytes, then the error if there is one, and reads what the Runtime API says.
    pub(crate) fn end(mut self, last: &[u8], error: Option<&Error>) -> Result<(), ApiError> {
        match error {
            None => self.exchange.end(last, &[]),
            Some(error) => {
                let error = shortened(error);
                let body = base64::encode(&error.to_json());
                let trailers = [(header::ERROR_TYPE, &*error.header()), (ERROR_BODY, &*body)];
                self.exchange.end(last, &trailers);
            }
        }
        let mut reply = Reply::acknowledgement();
        super::receipt(Call::Response, self.exchange.receive(&mut reply), &reply)
    }
}

/// The error with as much of its text as trailers may have.
pub(super) fn shortened(error: &Error) -> Cow<'_, Error> {
    let mut error_type = error.error_type();
    if error_type.len() <= MAX_TYPE {
        if error.to_json().len() <= MAX_ERROR {
            return Cow::Borrowed(error);
        }
    } else {
        error_type = kind::UNKNOWN;
    }
    let message = error.message();
    let mut keep = message.len();
    loop {
        while !message.is_char_boundary(keep) {
            keep -= 1;
        }
        let more = if keep < message.len() { "..." } else { "" };
        let cut = Error::new(error_type.to_owned(), [&message[..keep], more].concat());
        if keep == 0 || cut.to_json().len() <= MAX_ERROR {
            return Cow::Owned(cut);
        }
        keep = keep.min(MAX_ERROR) / 4 * 3;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_fit_into_trailers() {
        let short = Error::new("A.B", "c").with_stack_trace(vec!["d".to_owned()]);
        assert_eq!(*shortened(&short), short);
        for (error_type, message) in [
            ("A.B".to_owned(), "x".repeat(10_000)),
            ("A.B".to_owned(), "\u{0}".repeat(10_000)),
            ("A.B".to_owned(), "\u{1F980}".repeat(10_000)),
            ("A.B".to_owned(), "\"".repeat(2_000)),
            ("\u{1}".repeat(MAX_TYPE), "\u{1}".repeat(5_000)),
        ] {
            let error = Error::new(error_type.clone(), message);
            let error = shortened(&error);
            let json = error.to_json().len();
            assert!(json <= MAX_ERROR, "{json}");
            assert_eq!(error.error_type(), error_type);
            assert!(error.message().ends_with("..."));
            assert!(error.message().len() > 100);
        }
        let frames = Error::new("A.B", "c").with_stack_trace(vec!["d".repeat(100); 100]);
        assert_eq!(*shortened(&frames), Error::new("A.B", "c"));
        let long = Error::new("A".repeat(201), "c");
        assert_eq!(shortened(&long).error_type(), "Function.Unknown");
    }
}
