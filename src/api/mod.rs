//! The Runtime API, version 2018-06-01: every fact of the protocol is in this module.
//!
//! Source: the Lambda developer guide, "Using the Lambda runtime API for custom runtimes", and
//! "Building a custom runtime"; what the guide leaves open was measured with the Runtime
//! Interface Emulator.

mod cause;
mod cut;
mod error;
mod extension;
#[cfg(fuzzing)]
pub(crate) mod fuzzing;
pub(crate) mod header;
mod streaming;

pub(crate) use error::ApiError;
pub(crate) use extension::Extension;
pub(crate) use streaming::{Connected, StreamedResponse};

use crate::client::{Client, ClientError, Reply, Request};
use crate::error::{Error, error_type};
use crate::invocation::Metadata;
use crate::poller::Claim;
use crate::settings::Endpoint;
use crate::start_up::texts;
use error::Call;

/// Largest buffered response or error in bytes: 6 MiB and 100 bytes. To a larger response the
/// Runtime API answers 413, and the caller gets `Function.ResponseSizeTooLarge`. AWS's Runtime
/// Interface Emulator does not answer a larger error at all, and refuses the next `next` (measured).
pub const MAX_RESPONSE: usize = 6 * 1024 * 1024 + 100;

const JSON: &str = "application/json";
const INVOCATION: &str = "/2018-06-01/runtime/invocation/";
texts! {
    NEXT = "/2018-06-01/runtime/invocation/next";
}
const INIT: &str = "/2018-06-01/runtime/init/";
const RESTORE: &str = "/2018-06-01/runtime/restore/";

/// The Runtime API of one environment, over one connection.
pub(crate) struct RuntimeApi<C> {
    client: C,
    event: Reply,
    acknowledgement: Reply,
    /// The headers of the event that could not be used, and why.
    ignored: String,
}

impl<C: Client> RuntimeApi<C> {
    /// Makes the value; it does not connect yet.
    pub(crate) fn new(endpoint: &'static Endpoint) -> Self {
        Self {
            client: C::new(endpoint),
            event: Reply::event(),
            acknowledgement: Reply::acknowledgement(),
            ignored: String::new(),
        }
    }

    /// Opens the connection ahead of the first call, where the client can.
    pub(crate) fn connect(&mut self) {
        self.client.connect();
    }

    /// Closes the connection, if there is one: the next call makes a new one.
    pub(crate) fn disconnect(&mut self) {
        self.client.disconnect();
    }

    /// `GET invocation/next`: ends the init phase, then waits for an event without a time limit,
    /// because the environment may be frozen meanwhile.
    pub(crate) fn next(&mut self) -> Result<Invocation<'_, C>, ApiError> {
        let request = Request {
            path: [NEXT, "", ""],
            headers: &[],
            body: None,
        };
        let exchanged = self.client.exchange(&request, &mut self.event);
        self.invocation(exchanged)
    }

    /// The event that has come. It is a function apart from `next`, in which start-up waits.
    #[inline(never)]
    fn invocation(
        &mut self,
        exchanged: Result<(), ClientError>,
    ) -> Result<Invocation<'_, C>, ApiError> {
        let broken = match exchanged {
            Ok(()) => None,
            // The head has the request id, so the caller gets an error instead of silence.
            // Another status says by itself what is wrong.
            Err(ClientError::Body(error)) => Some(error.to_string()),
            Err(error) => return Err(ApiError::Client(Call::Next, error)),
        };
        if self.event.status != 200 {
            return Err(ApiError::status(Call::Next, &self.event));
        }
        self.ignored.clear();
        let metadata = header::metadata(&self.event, &mut self.ignored)?;
        Ok(Invocation {
            event: self.event.body(),
            metadata,
            answer: Answer {
                client: &mut self.client,
                reply: &mut self.acknowledgement,
                metadata,
            },
            broken,
            ignored: &self.ignored,
        })
    }

    /// Answers an invocation whose event came on another connection.
    pub(crate) fn answer<'a>(&'a mut self, metadata: Metadata<'a>) -> Answer<'a, C> {
        Answer {
            client: &mut self.client,
            reply: &mut self.acknowledgement,
            metadata,
        }
    }

    /// `POST init/error`: the init phase failed. The process must exit after it.
    pub(crate) fn init_error(&mut self, error: &Error) -> Result<(), ApiError> {
        self.phase_error(Call::InitError, INIT, error)
    }

    /// `GET restore/next`: the process is ready for its snapshot. Answered in each environment
    /// that is restored from it; until then it waits without a time limit.
    pub(crate) fn restore_next(&mut self) -> Result<(), ApiError> {
        let request = Request {
            path: [RESTORE, "next", ""],
            headers: &[],
            body: None,
        };
        let call = Call::RestoreNext;
        send(&mut self.client, call, &request, &mut self.acknowledgement)?;
        match self.acknowledgement.status {
            200 => Ok(()),
            _ => Err(ApiError::status(call, &self.acknowledgement)),
        }
    }

    /// `POST restore/error`: an after-restore hook failed. The process must exit after it.
    pub(crate) fn restore_error(&mut self, error: &Error) -> Result<(), ApiError> {
        self.phase_error(Call::RestoreError, RESTORE, error)
    }

    fn phase_error(&mut self, call: Call, phase: &str, error: &Error) -> Result<(), ApiError> {
        let body = cut::json(error, MAX_RESPONSE);
        let request = Request {
            path: [phase, "error", ""],
            headers: &[
                (header::CONTENT_TYPE, JSON),
                (header::ERROR_TYPE, &error.header()),
            ],
            body: Some(&body),
        };
        send(&mut self.client, call, &request, &mut self.acknowledgement)
    }
}

/// An event with its metadata.
pub(crate) struct Invocation<'a, C> {
    pub(crate) event: &'a [u8],
    pub(crate) metadata: Metadata<'a>,
    pub(crate) answer: Answer<'a, C>,
    /// Why the event is not whole, if it is not.
    pub(crate) broken: Option<String>,
    /// The headers that could not be used, and why; usually empty.
    pub(crate) ignored: &'a str,
}

/// Answers an invocation. An answer consumes this value and the event's only claim to an answer, so that
/// no event is answered twice.
pub(crate) struct Answer<'a, C> {
    client: &'a mut C,
    reply: &'a mut Reply,
    metadata: Metadata<'a>,
}

impl<C: Client> Answer<'_, C> {
    /// `POST invocation/{id}/response`: answers with the handler's response.
    pub(crate) fn respond(self, _claim: Claim, body: &[u8]) -> Result<(), ApiError> {
        self.post(Call::Response, "/response", [None; 2], body)
    }

    /// `POST invocation/{id}/error`: answers with an error, and tells X-Ray its cause. The process
    /// stays.
    pub(crate) fn fail(self, _claim: Claim, error: &Error) -> Result<(), ApiError> {
        self.post(
            Call::Error,
            "/error",
            [Some(&error.header()), Some(&cause::cause(error))],
            &cut::json(error, MAX_RESPONSE),
        )
    }

    fn post(
        self,
        call: Call,
        path: &str,
        [error_type, error_cause]: [Option<&str>; 2],
        body: &[u8],
    ) -> Result<(), ApiError> {
        let mut headers = [(header::CONTENT_TYPE, JSON); 4];
        let mut count = 1;
        let optional = [
            (header::ERROR_TYPE, error_type),
            (header::ERROR_CAUSE, error_cause),
            (header::INVOCATION_ID, self.metadata.invocation_id),
        ];
        for (name, value) in optional {
            if let Some(value) = value {
                headers[count] = (name, value);
                count += 1;
            }
        }
        let request = Request {
            path: [INVOCATION, self.metadata.request_id, path],
            headers: &headers[..count],
            body: Some(body),
        };
        send(self.client, call, &request, self.reply)
    }
}

/// The error of a response of this size, over [`MAX_RESPONSE`], so that the caller learns the sizes.
#[cold]
#[must_use]
pub fn response_too_large(size: u64) -> Error {
    Error::new(
        error_type::RESPONSE_TOO_LARGE,
        format!(
            "the response has {size} bytes, and Lambda takes at most {MAX_RESPONSE}; return less, or \
             put it into S3 and return where it is"
        ),
    )
}

/// Makes a call of whose reply only the status matters.
fn send<C: Client>(
    client: &mut C,
    call: Call,
    request: &Request<'_>,
    reply: &mut Reply,
) -> Result<(), ApiError> {
    let exchanged = client.exchange(request, reply);
    check_reply(call, exchanged, reply)
}

/// Makes an error of a reply that is not a success.
#[inline]
fn check_reply(
    call: Call,
    exchanged: Result<(), ClientError>,
    reply: &Reply,
) -> Result<(), ApiError> {
    match exchanged {
        Ok(()) => {}
        // The status is enough; the body would only have been logged.
        Err(ClientError::Body(_)) if reply.status != 0 => {}
        Err(error) => return Err(ApiError::Client(call, error)),
    }
    match reply.status {
        200..=299 => Ok(()),
        _ => Err(ApiError::status(call, reply)),
    }
}
