//! One request on a connection, and the answer to it. Each wait also ends with the process, and reads the log.

use std::io;
use std::os::fd::AsFd;
use std::time::Duration;

use coldspark::internal::{Field, Head, parse_head};

use super::body::Body;
use super::connection::Connection;
use super::exchange_error::ExchangeError;
use super::process::{Process, check_not_stopped};
use super::request::Request;
use crate::sys::socket;

/// The longest head of an answer, in bytes. Front ends take about 10 KB of headers.
const LONGEST_HEAD: usize = 256 * 1024;
/// Room for the head of an answer, and for all of a short one. In the start-up arena it lies with other small
/// blocks, and touches no page of its own.
const HEAD: usize = 2 * 1024;
/// How often bytes are read that wait when the time is over. They came in time, unless the application sends
/// faster than they are read.
const MOST_LATE_READS: u16 = 256;

/// A request that is sent on a connection, and the answer that comes.
pub(super) struct Exchange<'a> {
    connection: Connection,
    pub(super) request: &'a Request<'a>,
    process: &'a Process,
    /// When it is given up.
    pub(super) until: Option<Duration>,
    /// What of the request's head and body is still to be sent.
    unsent: [&'a [u8]; 2],
    /// Whether the application has stopped reading the request.
    broken: bool,
    /// Whether the connection can be used again, which is known when the answer has come.
    reusable: bool,
    /// How often bytes were read since the time was over.
    late_reads: u16,
}

impl<'a> Exchange<'a> {
    pub(super) fn new(
        connection: Connection,
        request: &'a Request<'a>,
        process: &'a Process,
        until: Option<Duration>,
    ) -> Self {
        Self {
            connection,
            request,
            process,
            until,
            unsent: [&request.head, &request.body],
            broken: false,
            reusable: false,
            late_reads: 0,
        }
    }

    /// Sends the request and waits for the head of its answer, skipping interim answers. The head's bytes
    /// stay at the beginning of the received ones.
    pub(super) fn await_head(&mut self) -> Result<Head, ExchangeError> {
        let mut searched = 0;
        loop {
            let Connection {
                received, fields, ..
            } = &mut self.connection;
            // Each attempt parses from the start; a head that comes byte by byte must not take quadratic time.
            if has_line_end(received, searched) {
                match parse_head(received, fields).map_err(ExchangeError::Malformed)? {
                    Some(head) if head.status == 101 => {
                        return Err(ExchangeError::Malformed(
                            "it has switched protocols, and the request did not ask for that",
                        ));
                    }
                    Some(head) if head.status < 100 => {
                        return Err(ExchangeError::Malformed("a status below 100"));
                    }
                    Some(head) if head.status < 200 => {
                        received.drain(..head.length);
                        searched = 0;
                        continue;
                    }
                    Some(head) => return Ok(head),
                    None => {}
                }
            }
            if received.len() > LONGEST_HEAD {
                return Err(ExchangeError::Malformed("the head is over 256 KB"));
            }
            if self.connection.closed {
                return Err(match self.connection.received.is_empty() {
                    true => ExchangeError::Closed,
                    false => ExchangeError::Malformed("the connection was closed within the head"),
                });
            }
            searched = self.connection.received.len();
            self.advance(HEAD)?;
        }
    }

    /// Removes the head from the received bytes.
    pub(super) fn take_head(&mut self, head: &Head) -> Vec<u8> {
        let received = &mut self.connection.received;
        let rest = received.split_off(head.length);
        std::mem::replace(received, rest)
    }

    /// The places of the headers in the head.
    pub(super) fn fields(&self) -> &[Field] {
        &self.connection.fields
    }

    /// Receives the body behind a head that was taken: adds it to `out`, and calls the closure after each
    /// piece, until that returns `false`.
    pub(super) fn receive_body(
        &mut self,
        head: &Head,
        out: &mut Vec<u8>,
        after_piece: &mut dyn FnMut(&mut Vec<u8>) -> Result<bool, ExchangeError>,
    ) -> Result<(), ExchangeError> {
        let mut body = match self.request.is_head {
            true => Body::Length(0),
            false => Body::new(head.framing),
        };
        loop {
            let Connection {
                received, closed, ..
            } = &mut self.connection;
            let whole = body
                .take(received, *closed, out)
                .map_err(ExchangeError::Malformed)?;
            if !after_piece(out)? {
                return Ok(());
            }
            if whole {
                let usable = !*closed && received.is_empty();
                self.reusable = head.keep_alive && usable && self.is_sent();
                return Ok(());
            }
            self.advance(body.room())?;
        }
    }

    /// The connection, if another request can use it.
    pub(super) fn reusable(self) -> Option<Connection> {
        Some(self.connection).filter(|_| self.reusable)
    }

    /// Sends as much of the request as the application takes, and waits until bytes have come, more can
    /// be sent, or there is a reason to stop. A read has room for so many bytes.
    fn advance(&mut self, room: usize) -> Result<(), ExchangeError> {
        self.send()?;
        let writable = !self.broken && !self.is_sent();
        let socket = self.connection.socket.as_fd();
        let woken = self.process.wait(socket, writable, self.until)?;
        self.late_reads = match woken.timed_out {
            true => self.late_reads + 1,
            false => 0,
        };
        // In this order: bytes that came before the application's end, or in time, count.
        let may_read = woken.readable[0] && self.late_reads <= MOST_LATE_READS;
        if may_read && (self.connection.receive(room)? || self.connection.closed) {
            return Ok(());
        }
        check_not_stopped(&woken)
    }

    fn send(&mut self) -> Result<(), ExchangeError> {
        while !self.broken && !self.is_sent() {
            match socket::send(self.connection.socket.as_fd(), self.unsent) {
                Ok(sent) => {
                    let [head, body] = self.unsent;
                    let of_head = sent.min(head.len());
                    self.unsent = [&head[of_head..], &body[sent - of_head..]];
                }
                Err(error) => match error.kind() {
                    io::ErrorKind::Interrupted => {}
                    io::ErrorKind::WouldBlock => return Ok(()),
                    // It may have answered before it closed the connection.
                    io::ErrorKind::BrokenPipe | io::ErrorKind::ConnectionReset => {
                        self.broken = true;
                    }
                    _ => {
                        return Err(ExchangeError::System(
                            "send a request to the application",
                            error,
                        ));
                    }
                },
            }
        }
        Ok(())
    }

    fn is_sent(&self) -> bool {
        self.unsent.iter().all(|part| part.is_empty())
    }
}

/// Whether to parse now: an empty line may have come behind `searched`, or the bytes are not a head.
fn has_line_end(received: &[u8], searched: usize) -> bool {
    let new = &received[searched.saturating_sub(3)..];
    let ends =
        new.windows(2).any(|two| two == b"\n\n") || new.windows(3).any(|three| three == b"\n\r\n");
    ends || (received.len() >= 5 && !received.starts_with(b"HTTP/"))
}
