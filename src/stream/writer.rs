//! The writer of a streamed response.

use std::borrow::Cow;
use std::fmt;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use super::begun::{Begun, Destination, not_streamed};
use super::prelude::{self, InvalidHead, Prelude};
use crate::error::{Error, io_error};
use crate::escape::quoted;
use crate::handler::Outcome;
use crate::invocation::Metadata;
use crate::log;
use crate::poller::Poller;
use crate::settings::Endpoint;
use crate::slots::Collect;

/// Writes are collected up to this size, in bytes.
const CAPACITY: usize = 16 * 1024;

/// The response of a handler that streams: bytes that reach the caller while more are made.
///
/// Writes are collected up to 16 KiB; [`flush`](io::Write::flush) sends what there is. Nothing is
/// sent before that, so content type and prelude can be set until then, and an error that the
/// handler returns until then is an ordinary one. An empty write does nothing.
///
/// A write waits while the response is not read. It fails with
/// [`BrokenPipe`](io::ErrorKind::BrokenPipe) when it never will be: the caller is gone, or the Runtime
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
    destination: Destination,
    metadata: Metadata<'a>,
    content_type: Cow<'static, str>,
    buffer: Vec<u8>,
    until: Option<Duration>,
    state: State,
    /// Why no connection could be made for the response.
    unavailable: Option<String>,
    /// Whether bytes were written that could not be kept.
    lost: bool,
}

enum State {
    /// Nothing was sent yet.
    Waiting,
    /// Nothing will be streamed.
    Whole(Vec<u8>),
    Begun(Begun),
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
    /// announces a prelude, when the response has begun, and behind [`prelude`](Self::prelude),
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
        if let State::Begun(live) = &self.state {
            live.give_up_at(until);
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

    /// Sends the collected bytes, and these behind them.
    fn send(&mut self, bytes: &[u8]) -> io::Result<()> {
        if self.buffer.is_empty() && bytes.is_empty() {
            return Ok(());
        }
        let live = match &self.state {
            State::Begun(live) => live,
            State::Whole(_) => {
                let reason = "the response is whole, so there is nothing to write";
                return Err(io_error(io::ErrorKind::InvalidInput, reason));
            }
            State::Waiting => {
                let begun = self.begin();
                self.lost |= begun.is_none() && !bytes.is_empty();
                let live =
                    begun.ok_or_else(|| io_error(io::ErrorKind::Other, self.unavailable()))?;
                self.state = State::Begun(live);
                return self.send(bytes);
            }
        };
        if live.send([&self.buffer, bytes]) {
            self.buffer.clear();
            return Ok(());
        }
        Err(io_error(
            io::ErrorKind::BrokenPipe,
            "nobody reads the response any more",
        ))
    }

    /// Connects before it begins the response: without a connection, an error can still be sent over the
    /// kept one.
    fn begin(&mut self) -> Option<Begun> {
        let begun = self.destination.begin(
            self.metadata,
            &self.content_type,
            &mut self.buffer,
            self.until,
        );
        match begun {
            Ok(begun) => {
                self.unavailable = None;
                Some(begun)
            }
            Err(error) => {
                self.unavailable = Some(error.to_string());
                None
            }
        }
    }

    /// Why there is no connection for the response; empty when there is one.
    fn unavailable(&self) -> String {
        self.unavailable.clone().unwrap_or_default()
    }

    /// Ends the response according to the handler's result. `before_end` is called right before the end of
    /// a streamed response. A response or an error that is returned is still to be sent by the caller.
    pub(crate) fn finish(
        mut self,
        result: Result<(), Error>,
        before_end: &dyn Fn(Result<(), &Error>),
    ) -> Result<Outcome<'static>, Error> {
        let (live, error) = match (&mut self.state, result.err()) {
            (State::Begun(begun), error) => (begun.clone(), error),
            (_, Some(error)) => {
                let reason = self.unavailable();
                let of_ours = !reason.is_empty() && contains(error.message(), &reason);
                return Err(if of_ours {
                    not_streamed(error.message())
                } else {
                    error
                });
            }
            (State::Whole(body), None) => {
                return Ok(Outcome::Response(Cow::Owned(std::mem::take(body))));
            }
            (State::Waiting, None) if self.lost => return Err(not_streamed(&self.unavailable())),
            (State::Waiting, None) => match self.begin() {
                Some(live) => (live, None),
                None => return Err(not_streamed(&self.unavailable())),
            },
        };
        if let Some(error) = &error {
            log::failure("", error);
        }
        before_end(error.as_ref().map_or(Ok(()), Err));
        Ok(Outcome::Streamed(live.end(&self.buffer, error.as_ref())))
    }
}

/// As `str::contains`, whose quick search is 3 KB of code.
fn contains(text: &str, part: &str) -> bool {
    let (text, part) = (text.as_bytes(), part.as_bytes());
    text.windows(part.len()).any(|window| window == part)
}

impl io::Write for Writer<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.buffer.len() + bytes.len() < CAPACITY && !matches!(self.state, State::Whole(_)) {
            self.buffer
                .reserve(if self.buffer.is_empty() { CAPACITY } else { 0 });
            self.buffer.extend_from_slice(bytes);
        } else {
            self.send(bytes)?;
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.send(&[])
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
