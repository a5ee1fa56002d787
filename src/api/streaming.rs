//! A streamed response (Lambda developer guide, "Building a custom runtime").

use std::time::Duration;

use super::error::Call;
use super::{ApiError, INVOCATION, cut, header};
use crate::base64;
use crate::client::Streamed;
use crate::error::Error;
use crate::invocation::Metadata;
use crate::poller::Claim;
use crate::settings::Endpoint;

const RESPONSE_MODE: &str = "Lambda-Runtime-Function-Response-Mode";
const ERROR_BODY: &str = "Lambda-Runtime-Function-Error-Body";
const TRAILER: &str = "Lambda-Runtime-Function-Error-Type, Lambda-Runtime-Function-Error-Body";

/// Largest error in the trailers, in bytes of JSON. All trailers together stay under the 4 KB
/// that servers written in Go take, AWS's Runtime Interface Emulator among them (measured).
pub(super) const MAX_ERROR: usize = 2400;

/// The connection of a streamed response before its first byte.
pub(crate) struct Connected {
    exchange: Streamed,
}

/// `POST invocation/{id}/response` in streaming mode, once it has begun: it can no longer become
/// a `POST invocation/{id}/error`.
pub(crate) struct StreamedResponse {
    exchange: Streamed,
}

impl Connected {
    /// Connects for this event.
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
        let path = [INVOCATION, metadata.request_id, "/response"];
        let exchange = Streamed::open(endpoint, path, &headers[..count])
            .map_err(|error| ApiError::Client(Call::Response, error))?;
        Ok(Self { exchange })
    }

    /// Lets the response begin with the first bytes that are sent.
    pub(crate) fn begin(self, _claim: Claim) -> StreamedResponse {
        let Self { exchange } = self;
        StreamedResponse { exchange }
    }
}

impl StreamedResponse {
    /// Gives the response up at this time since boot, if it has not been read by then.
    pub(crate) fn give_up_at(&mut self, until: Option<Duration>) {
        self.exchange.give_up_at(until);
    }

    /// Sends both parts one after the other, and waits while the server does not read. False when the
    /// server reads no more.
    pub(crate) fn send(&mut self, parts: [&[u8]; 2]) -> bool {
        self.exchange.chunk(parts)
    }

    /// Sends the last bytes, then the error if there is one, and reads the reply of the Runtime API.
    pub(crate) fn end(mut self, last: &[u8], error: Option<&Error>) -> Result<(), ApiError> {
        match error {
            None => self.exchange.end(last, &[]),
            Some(error) => {
                let body = base64::encode(&cut::json(error, MAX_ERROR));
                let trailers = [(header::ERROR_TYPE, &*error.header()), (ERROR_BODY, &*body)];
                self.exchange.end(last, &trailers);
            }
        }
        let (received, reply) = self.exchange.receive();
        super::check_reply(Call::Response, received, &reply)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_fit_into_trailers() {
        for (error_type, message) in [
            ("A.B".to_owned(), "x".repeat(10_000)),
            ("A.B".to_owned(), "\u{0}".repeat(10_000)),
            ("A".repeat(5_000), "\u{1F980}".repeat(10_000)),
        ] {
            let error = Error::new(error_type, message);
            let body = base64::encode(&cut::json(&error, MAX_ERROR));
            let sizes = error.header().len() + ERROR_BODY.len() + header::ERROR_TYPE.len();
            assert!(body.len() + sizes < 4096 - 200, "{}", body.len());
        }
    }
}
