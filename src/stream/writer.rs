//! The writer of a streamed response, as a handler uses it. How it sends is in `sending`.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use super::destination::{BegunResponse, Destination};
use super::prelude::{self, InvalidHead, Prelude};
use crate::escape::quoted;
use crate::invocation::Metadata;
use crate::poller::Poller;
use crate::settings::Endpoint;
use crate::slots::Collect;

/// The response of a handler that streams: bytes that reach the caller while more are made.
///
/// Writes are collected up to 16 KiB; [`flush`](std::io::Write::flush) sends what there is. Nothing is
/// sent before that, so content type and prelude can be set until then, and an error that the
/// handler returns until then is an ordinary one. An empty write does nothing.
///
/// A write waits while the response is not read. It fails with
/// [`BrokenPipe`](std::io::ErrorKind::BrokenPipe) when it never will be: the caller is gone, or the Runtime
/// API has refused the response. The handler may stop then, with any result; the cause is logged, and the
/// next event is served.
///
/// ```
/// use coldspark::{Context, Error, stream::Writer};
/// use std::io::Write;
///
/// fn lines<'e>(event: &'e [u8], _: &Context<'e>, response: &mut Writer<'_>) -> Result<(), Error> {
///     if event == b"{}" {
///         return Ok(response.respond_whole(b"[]".to_vec())?); // nothing to stream
///     }
///     response.content_type("text/plain")?;
///     response.write_all(event)?;
///     assert!(!response.has_begun()); // collected
///     response.flush()?;
///     Ok(response.write_all(b"\n")?)
/// }
/// # let _ = coldspark::Runtime::new().stream("lines", lines);
/// ```
pub struct Writer<'a> {
    pub(super) destination: Destination,
    pub(super) metadata: Metadata<'a>,
    pub(super) content_type: Cow<'static, str>,
    pub(super) buffer: Vec<u8>,
    pub(super) until: Option<Duration>,
    pub(super) state: State,
    /// Why no connection could be made for the response.
    pub(super) unavailable: Option<String>,
    /// Whether bytes were written that could be neither sent nor kept.
    pub(super) lost: bool,
}

/// How far the response is.
pub(super) enum State {
    /// Nothing was sent yet.
    Waiting,
    /// Nothing will be streamed.
    Whole(Vec<u8>),
    Begun(BegunResponse),
}

impl<'a> Writer<'a> {
    pub(super) fn new(
        endpoint: &'static Endpoint,
        poller: &'static Poller,
        metadata: Metadata<'a>,
    ) -> Self {
        Self::to(Destination::Api(endpoint, poller), metadata)
    }

    /// A response that a test collects.
    pub(crate) fn collecting(collector: Arc<dyn Collect>, metadata: Metadata<'a>) -> Self {
        Self::to(Destination::Test(collector), metadata)
    }

    fn to(destination: Destination, metadata: Metadata<'a>) -> Self {
        Self {
            destination,
            metadata,
            content_type: Cow::Borrowed("application/octet-stream"),
            buffer: Vec::new(),
            until: None,
            state: State::Waiting,
            unavailable: None,
            lost: false,
        }
    }

    /// Sets the `Content-Type` of the response; `application/octet-stream` without it.
    ///
    /// # Errors
    /// When it is empty or has a byte that is not printable ASCII, when it is the type that
    /// announces a prelude, when the response has begun, and after [`prelude`](Self::prelude),
    /// which has the content type among its headers.
    pub fn content_type(&mut self, value: &str) -> Result<(), InvalidHead> {
        if prelude::is_announced_by(value) {
            return Err(InvalidHead(format!(
                "{value} announces a prelude; give the response one with Writer::prelude, which \
                 sets this type"
            )));
        }
        self.any_content_type(value)
    }

    /// Sets the content type of a response whose bytes may include a prelude.
    pub(crate) fn any_content_type(&mut self, value: &str) -> Result<(), InvalidHead> {
        self.not_begun()?;
        if self.content_type == prelude::CONTENT_TYPE {
            let reason = "with a prelude, the content type is one of its headers";
            return Err(InvalidHead(reason.to_owned()));
        }
        if value.is_empty() || !value.bytes().all(|byte| (0x20..0x7f).contains(&byte)) {
            return Err(InvalidHead(format!(
                "{} cannot be a content type",
                quoted(value)
            )));
        }
        self.content_type = Cow::Owned(value.to_owned());
        Ok(())
    }

    /// Makes it an HTTP response with this status, these headers and cookies, for a function URL
    /// or API Gateway in streaming mode. Nothing is sent yet.
    ///
    /// # Errors
    /// When a byte was written before it.
    pub fn prelude(&mut self, prelude: &Prelude) -> Result<(), InvalidHead> {
        self.not_begun()?;
        if !self.buffer.is_empty() {
            let reason = "a prelude comes before the first byte of the response, and only once";
            return Err(InvalidHead(reason.to_owned()));
        }
        self.content_type = Cow::Borrowed(prelude::CONTENT_TYPE);
        self.buffer = prelude.to_bytes();
        Ok(())
    }

    /// Answers with this body without streaming: JSON, at most 6 MB, over the kept connection. It is for
    /// events whose response is not worth a stream.
    ///
    /// # Errors
    /// When a byte was written before it.
    pub fn respond_whole(&mut self, body: Vec<u8>) -> Result<(), InvalidHead> {
        self.not_begun()?;
        if !self.buffer.is_empty() {
            let reason = "a response is either streamed or whole, and bytes were written already";
            return Err(InvalidHead(reason.to_owned()));
        }
        self.state = State::Whole(body);
        Ok(())
    }

    /// Whether a byte was sent: an error then goes into the trailers.
    #[must_use]
    pub fn has_begun(&self) -> bool {
        matches!(self.state, State::Begun(_))
    }

    /// Gives the response up at this time since boot if it has not been read by then; writes then fail. The
    /// layer uses it, since its processes do not end by themselves at the deadline.
    #[doc(hidden)]
    pub fn give_up_at(&mut self, until: Option<Duration>) {
        self.until = until;
        if let State::Begun(begun) = &self.state {
            begun.give_up_at(until);
        }
    }

    fn not_begun(&self) -> Result<(), InvalidHead> {
        match self.state {
            State::Waiting => Ok(()),
            State::Whole(_) | State::Begun(_) => {
                Err(InvalidHead("the response has begun already".to_owned()))
            }
        }
    }
}

impl fmt::Debug for Writer<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Writer")
            .field("request_id", &self.metadata.request_id)
            .field("begun", &self.has_begun())
            .field("collected", &self.buffer.len())
            .finish_non_exhaustive()
    }
}
