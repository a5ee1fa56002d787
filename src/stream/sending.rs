//! How a writer sends its response: what is collected and when it goes out, and the end of the response.

use std::borrow::Cow;
use std::io;

use super::destination::{BegunResponse, not_streamed};
use super::writer::{State, Writer};
use crate::error::{Error, io_error};
use crate::handler::Outcome;
use crate::log;

/// Writes are collected up to this size, in bytes.
const CAPACITY: usize = 16 * 1024;

impl Writer<'_> {
    /// Sends the collected bytes, and then these.
    fn send(&mut self, bytes: &[u8]) -> io::Result<()> {
        if self.buffer.is_empty() && bytes.is_empty() {
            return Ok(());
        }
        let begun = match &self.state {
            State::Begun(begun) => begun,
            State::Whole(_) => {
                let reason = "the response is whole, so there is nothing to write";
                return Err(io_error(io::ErrorKind::InvalidInput, reason));
            }
            State::Waiting => {
                let begun = self.begin();
                self.lost |= begun.is_none() && !bytes.is_empty();
                let begun =
                    begun.ok_or_else(|| io_error(io::ErrorKind::Other, self.unavailable()))?;
                self.state = State::Begun(begun);
                return self.send(bytes);
            }
        };
        if begun.send([&self.buffer, bytes]) {
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
    fn begin(&mut self) -> Option<BegunResponse> {
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
        let (begun, error) = match (&mut self.state, result.err()) {
            (State::Begun(begun), error) => (begun.clone(), error),
            (_, Some(error)) => {
                let reason = self.unavailable();
                // If the handler returns the error of a write that found no connection, the event gets the
                // runtime's error type.
                let is_from_failed_write = !reason.is_empty() && contains(error.message(), &reason);
                return Err(if is_from_failed_write {
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
                Some(begun) => (begun, None),
                None => return Err(not_streamed(&self.unavailable())),
            },
        };
        if let Some(error) = &error {
            log::failure("", error);
        }
        before_end(error.as_ref().map_or(Ok(()), Err));
        Ok(Outcome::Streamed(begun.end(&self.buffer, error.as_ref())))
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
