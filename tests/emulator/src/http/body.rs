//! A request's body: counted or chunked, with trailers.

use std::io::{self, Read};
use std::time::Instant;

use super::{Connection, Fault, Fields, Framing, Head};

/// A body and how it came.
#[derive(Debug, Default)]
pub struct Body {
    /// The bytes, with any chunking removed, up to the limit the reader was given.
    pub bytes: Vec<u8>,
    /// How many bytes the body had, kept or not.
    pub size: u64,
    /// Sizes of the chunks when it was chunked, without the last, empty one.
    pub chunks: Vec<usize>,
    /// When each of these chunks had come.
    pub times: Vec<Instant>,
    /// Trailer fields of a chunked body.
    pub trailers: Fields,
    /// Why it is not whole; the connection is then of no further use.
    pub fault: Option<Fault>,
}

impl Body {
    /// The body of a request whose body was left on the wire.
    #[must_use]
    pub fn unread(head: &Head) -> Body {
        let empty = matches!(head.framing(), Ok(Framing::Length(0)));
        Body {
            fault: (!empty).then_some(Fault::Unread),
            ..Body::default()
        }
    }

    fn keep(&mut self, bytes: &[u8], limit: usize) {
        let room = limit.saturating_sub(self.bytes.len()).min(bytes.len());
        self.bytes.extend_from_slice(&bytes[..room]);
        self.size += bytes.len() as u64;
    }
}

impl Connection {
    /// Reads the body that belongs to `head`, to its end. At most `limit` bytes are kept; the
    /// rest is read and dropped, so that a client can finish writing before it is told so.
    pub fn read_body(&mut self, head: &Head, limit: usize) -> Body {
        self.read_body_to(head, limit, &mut |_| {})
    }

    /// Reads the body likewise; `sink` gets the bytes of a chunked body as they come, without the chunking.
    pub fn read_body_to(&mut self, head: &Head, limit: usize, sink: &mut dyn FnMut(&[u8])) -> Body {
        let mut body = Body::default();
        let result = match head.framing() {
            Ok(Framing::Length(length)) => self.counted(length, limit, &mut body),
            Ok(Framing::Chunked) => self.chunked(limit, &mut body, sink),
            Err(fault) => Err(fault),
        };
        body.fault = result.err();
        self.broken = body.fault.is_some();
        body
    }

    fn counted(&mut self, length: u64, limit: usize, body: &mut Body) -> Result<(), Fault> {
        let ready = self.buffered();
        let ready = ready[..ready.len().min(clamp(length))].to_vec();
        self.consume(ready.len());
        body.keep(&ready, limit);
        let rest = length - ready.len() as u64;
        let wanted = rest.min(limit.saturating_sub(body.bytes.len()) as u64);
        if wanted > 0 {
            body.bytes.reserve(clamp(wanted).min(16 << 20));
            body.size += self.stream().take(wanted).read_to_end(&mut body.bytes)? as u64;
        }
        let dropped = length - body.size;
        if dropped > 0 && rest > 0 {
            body.size += io::copy(&mut self.stream().take(dropped), &mut io::sink())?;
        }
        if body.size < length {
            let place = format!("after {} of {length} body bytes", body.size);
            return Err(Fault::Ended(place));
        }
        Ok(())
    }

    fn chunked(
        &mut self,
        limit: usize,
        body: &mut Body,
        sink: &mut dyn FnMut(&[u8]),
    ) -> Result<(), Fault> {
        loop {
            let line = self.line("in a chunk's size")?;
            let digits = line.split(';').next().unwrap_or_default().trim_end();
            let hex = !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_hexdigit());
            let size = match usize::from_str_radix(digits, 16) {
                Ok(size) if hex => size,
                _ => return Err(Fault::Malformed(format!("chunk size '{line}'"))),
            };
            if size == 0 {
                break;
            }
            self.chunk(size, limit, body, sink)?;
            body.chunks.push(size);
            body.times.push(Instant::now());
            if !self.line("behind a chunk")?.is_empty() {
                let why = format!("chunk {} is longer than announced", body.chunks.len());
                return Err(Fault::Malformed(why));
            }
        }
        loop {
            let line = self.line("in the trailers")?;
            if line.is_empty() {
                return Ok(());
            }
            let Some((name, value)) = line.split_once(':') else {
                return Err(Fault::Malformed(format!("trailer '{line}'")));
            };
            let trailer = (name.to_owned(), value.trim().to_owned());
            body.trailers.push(trailer);
        }
    }

    fn chunk(
        &mut self,
        size: usize,
        limit: usize,
        body: &mut Body,
        sink: &mut dyn FnMut(&[u8]),
    ) -> Result<(), Fault> {
        let mut left = size;
        while left > 0 {
            if self.buffered().is_empty() && self.fill()? == 0 {
                let place = format!("after {} of {size} bytes of a chunk", size - left);
                return Err(Fault::Ended(place));
            }
            let ready = self.buffered();
            let count = ready.len().min(left);
            sink(&ready[..count]);
            body.keep(&ready[..count], limit);
            self.consume(count);
            left -= count;
        }
        Ok(())
    }

    /// One line, without its CRLF.
    fn line(&mut self, place: &str) -> Result<String, Fault> {
        loop {
            if let Some(at) = self.buffered().iter().position(|&byte| byte == b'\n') {
                let Some(line) = self.buffered()[..at].strip_suffix(b"\r") else {
                    return Err(Fault::Malformed(format!("LF without CR {place}")));
                };
                let line = String::from_utf8_lossy(line).into_owned();
                self.consume(at + 1);
                return Ok(line);
            }
            if self.buffered().len() > 1 << 20 {
                return Err(Fault::Malformed(format!("no end of line {place}")));
            }
            if self.fill()? == 0 {
                return Err(Fault::Ended(place.to_owned()));
            }
        }
    }
}

fn clamp(length: u64) -> usize {
    usize::try_from(length).unwrap_or(usize::MAX)
}
