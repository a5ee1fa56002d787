//! The destination of a streamed response, and the response after its first byte.

use std::sync::Arc;
use std::time::Duration;

use super::live_response::LiveResponse;
use super::prelude;
use crate::api::{ApiError, Connected};
use crate::error::{Error, error_type};
use crate::invocation::Metadata;
use crate::poller::Poller;
use crate::settings::Endpoint;
use crate::slots::Collect;

/// The destination of the response.
pub(super) enum Destination {
    /// The Runtime API, for the event that this poller has in hand.
    Api(&'static Endpoint, &'static Poller),
    /// The test that calls the handler.
    Test(Arc<dyn Collect>),
}

impl Destination {
    /// Connects, and begins a response with this head. In debug builds a prelude is sent at once, in two parts,
    /// and removed from `collected`.
    pub(super) fn begin(
        &self,
        metadata: Metadata<'_>,
        content_type: &str,
        collected: &mut Vec<u8>,
        until: Option<Duration>,
    ) -> Result<BegunResponse, ApiError> {
        let (endpoint, poller) = match self {
            Self::Api(endpoint, poller) => (*endpoint, *poller),
            Self::Test(collector) => {
                collector.begin(content_type);
                return Ok(BegunResponse::Test(Arc::clone(collector)));
            }
        };
        let connected = Connected::open(endpoint, metadata, content_type)?;
        let response = LiveResponse::begin(poller, connected);
        response.give_up_at(until);
        if cfg!(debug_assertions) && content_type == prelude::CONTENT_TYPE {
            // `cargo lambda watch`, which runs debug builds only, needs each in a chunk.
            for length in prelude::parts(collected).into_iter().flatten() {
                response.send([&collected[..length], &[]]);
                collected.drain(..length);
            }
        }
        Ok(BegunResponse::Api(response))
    }
}

/// A response that has begun.
#[derive(Clone)]
pub(super) enum BegunResponse {
    Api(Arc<LiveResponse>),
    Test(Arc<dyn Collect>),
}

impl BegunResponse {
    /// Gives the response up at this time since boot.
    pub(super) fn give_up_at(&self, until: Option<Duration>) {
        if let Self::Api(response) = self {
            response.give_up_at(until);
        }
    }

    /// Sends both parts; false when they are not taken.
    pub(super) fn send(&self, parts: [&[u8]; 2]) -> bool {
        match self {
            Self::Api(response) => response.send(parts),
            Self::Test(collector) => {
                collector.send(parts);
                true
            }
        }
    }

    /// Sends the last bytes, and the error if there is one.
    pub(super) fn end(&self, last: &[u8], error: Option<&Error>) -> Result<(), ApiError> {
        match self {
            Self::Api(response) => response.end(last, error),
            Self::Test(collector) => {
                collector.end(last, error);
                Ok(())
            }
        }
    }
}

/// The error of a response that could not begin. `reason` is why, or the message of the handler's error.
pub(super) fn not_streamed(reason: &str) -> Error {
    Error::new(
        error_type::STREAM_UNAVAILABLE,
        ["the response could not be streamed: ", reason].concat(),
    )
}
