//! Receiving a reply: the head, and the body by each of its framings.

use std::io;
use std::net::TcpStream;

use super::chunked::Chunked;
use super::error::BodyError;
use super::head::{self, Framing, Head};
use super::{ClientError, MAX_BODY, MAX_HEAD, Reply};
use crate::waiting;

/// What a reply is read from.
pub(super) trait Source {
    /// Adds what has come to `buffer` and says how much it was, waiting for it; 0 is the end.
    fn receive(&self, buffer: &mut Vec<u8>) -> io::Result<usize>;
}

impl Source for TcpStream {
    fn receive(&self, buffer: &mut Vec<u8>) -> io::Result<usize> {
        waiting::receive(self, buffer)
    }
}

/// Reads one reply; says whether the connection can carry another request.
///
/// In several functions, because start-up waits here for the first event: what it has not
/// executed yet is not between what it has.
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
            // Bytes behind the body belong to nothing: the connection is out of step.
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

/// The head, if it has come whole; `searched` is where the next search for its end begins.
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
    // A line may have ended just before what comes next.
    *searched = reply.bytes.len().saturating_sub(2);
    Ok(None)
}

/// Whether it is worth parsing: nothing was parsed yet, an empty line has come behind `searched`, or
/// what came is no head at all. Nearly every head comes in one piece, so looking for its end first
/// would take longer than to parse it. But parsing starts over each time, and a long head that
/// dribbles in must not cost its square.
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
