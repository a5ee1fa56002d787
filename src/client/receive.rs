//! Receiving a reply: the head, and the body by each of its framings.

use std::io;
use std::net::TcpStream;

use super::chunked::Chunked;
use super::error::BodyError;
use super::head::{self, Framing, Head};
use super::{ClientError, MAX_BODY, MAX_HEAD, Reply};
use crate::waiting;

/// The source of a reply's bytes.
pub(super) trait Source {
    /// Waits for bytes, adds them to `buffer` and returns how many they were; 0 is the end.
    fn receive(&self, buffer: &mut Vec<u8>) -> io::Result<usize>;
}

impl Source for TcpStream {
    fn receive(&self, buffer: &mut Vec<u8>) -> io::Result<usize> {
        waiting::receive(self, buffer)
    }
}

/// Reads one reply; returns whether the connection can carry another request.
///
/// It is split into several functions because start-up waits here for the first event: the code that
/// runs before that lies together.
#[inline(never)]
pub(super) fn receive(stream: &impl Source, reply: &mut Reply) -> Result<bool, ClientError> {
    let head = receive_head(stream, reply)?;
    receive_body(stream, reply, &head)
}

/// The rest of a reply whose head has come.
#[inline]
pub(super) fn receive_body(
    stream: &impl Source,
    reply: &mut Reply,
    head: &Head,
) -> Result<bool, ClientError> {
    reply.status = head.status;
    let start = head.length;
    reply.body = start..reply.bytes.len();
    match head.framing {
        Framing::Length(length) => {
            receive_length(stream, reply, start, length).map_err(ClientError::Body)?;
            // Bytes behind the body were not asked for: the connection is out of step.
            let in_step = reply.bytes.len() == start + length;
            reply.body = start..start + length;
            Ok(head.keep_alive && in_step)
        }
        Framing::Chunked => {
            let in_step = receive_chunked(stream, reply, start).map_err(ClientError::Body)?;
            Ok(head.keep_alive && in_step)
        }
        Framing::UntilClose => {
            while more(stream, &mut reply.bytes)
                .map_err(|_| ended(reply.bytes.len() - start, None))
                .map_err(ClientError::Body)?
            {
                if reply.bytes.len() - start > MAX_BODY {
                    return Err(ClientError::Body(BodyError::TooLarge));
                }
            }
            reply.body = start..reply.bytes.len();
            Ok(false)
        }
    }
}

#[inline(never)]
fn receive_head(stream: &impl Source, reply: &mut Reply) -> Result<Head, ClientError> {
    let mut searched = 0;
    loop {
        let began = !reply.bytes.is_empty();
        match stream.receive(&mut reply.bytes) {
            Ok(0) => return Err(ClientError::Closed { began }),
            Ok(_) => {}
            Err(error) => return Err(ClientError::Broken { error, began }),
        }
        if let Some(head) = whole_head(reply, &mut searched)? {
            return Ok(head);
        }
    }
}

/// The head, if it is complete; `searched` is where the next search for its end begins.
#[inline(never)]
pub(super) fn whole_head(
    reply: &mut Reply,
    searched: &mut usize,
) -> Result<Option<Head>, ClientError> {
    while may_be_whole(&reply.bytes, *searched) {
        match head::parse(&reply.bytes, &mut reply.fields).map_err(ClientError::Head)? {
            // An interim reply (RFC 9110, section 15.2) comes before the real one.
            Some(head) if (100..=199).contains(&head.status) => {
                reply.bytes.drain(..head.length);
                *searched = 0;
            }
            Some(head) => return Ok(Some(head)),
            None if reply.bytes.len() > MAX_HEAD => return Err(ClientError::Head("over 2 MiB")),
            None => break,
        }
    }
    // A line end may be split between two reads.
    *searched = reply.bytes.len().saturating_sub(2);
    Ok(None)
}

/// Whether to parse now: at the first read, after an empty line behind `searched`, or when the bytes
/// are not a head at all. Nearly every head comes in one piece, and searching for its end would take
/// longer than parsing it. But each attempt starts over, so a long head in many small pieces would
/// cost quadratic time.
fn may_be_whole(bytes: &[u8], searched: usize) -> bool {
    let unseen = &bytes[searched..];
    searched == 0
        || unseen.windows(2).any(|pair| pair == b"\n\n")
        || unseen.windows(3).any(|three| three == b"\n\r\n")
        || bytes.len() > MAX_HEAD
        || (bytes.len() >= 5 && !bytes.starts_with(b"HTTP/"))
}

#[inline(never)]
fn receive_length(
    stream: &impl Source,
    reply: &mut Reply,
    start: usize,
    length: usize,
) -> Result<(), BodyError> {
    if length > MAX_BODY {
        return Err(BodyError::TooLarge);
    }
    let end = start + length;
    reply
        .bytes
        .reserve_exact(end.saturating_sub(reply.bytes.len()));
    while reply.bytes.len() < end {
        if !matches!(more(stream, &mut reply.bytes), Ok(true)) {
            reply.body = start..reply.bytes.len();
            return Err(ended(reply.body.len(), Some(length)));
        }
    }
    Ok(())
}

#[inline(never)]
fn receive_chunked(
    stream: &impl Source,
    reply: &mut Reply,
    start: usize,
) -> Result<bool, BodyError> {
    let mut decoder = Chunked::default();
    let mut coded = reply.bytes.split_off(start);
    loop {
        let used = decoder.decode(&coded, &mut reply.bytes);
        reply.body = start..reply.bytes.len();
        let used = used.map_err(BodyError::Malformed)?;
        if decoder.is_done() {
            return Ok(used == coded.len());
        }
        if reply.body.len() > MAX_BODY {
            return Err(BodyError::TooLarge);
        }
        coded.clear();
        if !matches!(more(stream, &mut coded), Ok(true)) {
            return Err(ended(reply.body.len(), None));
        }
    }
}

fn ended(got: usize, expected: Option<usize>) -> BodyError {
    BodyError::Ended { got, expected }
}

fn more(stream: &impl Source, buffer: &mut Vec<u8>) -> io::Result<bool> {
    stream.receive(buffer).map(|got| got > 0)
}
