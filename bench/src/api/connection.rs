//! One connection: bytes in, whole requests out.

use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::os::fd::{AsFd, BorrowedFd};
use std::sync::atomic::{AtomicU64, Ordering};

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};

use super::request::{Call, Request};
use crate::clock::Moment;

/// How long a program may leave an event unread, in milliseconds.
const WRITE_TIMEOUT: u16 = 20_000;

pub(super) struct Connection {
    pub(super) number: u64,
    stream: TcpStream,
    buffer: Vec<u8>,
    filled: usize,
    head: Option<Head>,
    /// Bytes of the request that was taken last.
    taken: usize,
    read_at: Moment,
    closed: bool,
}

/// A request's head, and how far its body has come.
struct Head {
    call: Call,
    length: usize,
    body: Body,
}

enum Body {
    Sized(usize),
    Chunked {
        next: usize,
        decoded: Vec<u8>,
        whole: bool,
    },
}

impl Connection {
    pub(super) fn new(stream: TcpStream, buffer: Vec<u8>) -> io::Result<Connection> {
        static COUNT: AtomicU64 = AtomicU64::new(0);
        stream.set_nonblocking(true)?;
        stream.set_nodelay(true)?;
        Ok(Connection {
            number: COUNT.fetch_add(1, Ordering::Relaxed),
            stream,
            buffer,
            filled: 0,
            head: None,
            taken: 0,
            read_at: Moment::now(),
            closed: false,
        })
    }

    pub(super) fn as_fd(&self) -> BorrowedFd<'_> {
        self.stream.as_fd()
    }

    pub(super) fn into_buffer(self) -> Vec<u8> {
        self.buffer
    }

    /// Whether there will be no more requests.
    pub(super) fn is_closed(&self) -> bool {
        self.closed && self.filled == self.taken
    }

    /// Reads once.
    pub(super) fn read(&mut self) -> io::Result<()> {
        self.discard();
        if self.filled == self.buffer.len() {
            self.buffer.resize(self.buffer.len() * 2, 0);
        }
        match self.stream.read(&mut self.buffer[self.filled..]) {
            Ok(0) => self.closed = true,
            Ok(count) => {
                self.filled += count;
                self.read_at = Moment::now();
            }
            Err(error) => match error.kind() {
                io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted => {}
                io::ErrorKind::ConnectionReset => self.closed = true,
                _ => return Err(error),
            },
        }
        Ok(())
    }

    /// Takes a request if it is there whole; its body stays readable until the next read.
    pub(super) fn take(&mut self) -> Result<Option<Request>, String> {
        self.discard();
        if self.head.is_none() {
            self.head = parse(&self.buffer[..self.filled])?;
            if let Some(head) = &self.head
                && head.expects(&self.buffer)
            {
                // curl waits for this before it sends a large body.
                let _ = self.stream.write(b"HTTP/1.1 100 Continue\r\n\r\n");
            }
        }
        let Some(head) = &mut self.head else {
            return Ok(None);
        };
        let Some(end) = head.end(&self.buffer[..self.filled])? else {
            return Ok(None);
        };
        self.taken = end;
        Ok(Some(Request {
            connection: self.number,
            call: head.call.clone(),
            at: self.read_at,
        }))
    }

    /// The body of the request that was taken.
    pub(super) fn body(&self) -> &[u8] {
        match &self.head {
            Some(Head {
                body: Body::Chunked { decoded, .. },
                ..
            }) => decoded,
            Some(head) => &self.buffer[head.length..self.taken],
            None => &[],
        }
    }

    /// When these bytes of a request had been read, if they are there.
    pub(super) fn holds(&self, part: &[u8]) -> Option<Moment> {
        let unread = &self.buffer[self.taken..self.filled];
        let there = unread.windows(part.len()).any(|bytes| bytes == part);
        there.then_some(self.read_at)
    }

    pub(super) fn write(&mut self, mut bytes: &[u8]) -> io::Result<()> {
        while !bytes.is_empty() {
            match self.stream.write(bytes) {
                Ok(count) => bytes = &bytes[count..],
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    let mut polled = [PollFd::new(self.stream.as_fd(), PollFlags::POLLOUT)];
                    if poll(&mut polled, PollTimeout::from(WRITE_TIMEOUT))? == 0 {
                        return Err(io::ErrorKind::TimedOut.into());
                    }
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// Forgets the request that was taken.
    fn discard(&mut self) {
        if self.taken > 0 {
            self.buffer.copy_within(self.taken..self.filled, 0);
            self.filled -= self.taken;
            self.taken = 0;
            self.head = None;
        }
    }
}

fn parse(bytes: &[u8]) -> Result<Option<Head>, String> {
    let mut fields = [httparse::EMPTY_HEADER; 64];
    let mut request = httparse::Request::new(&mut fields);
    let status = request.parse(bytes);
    let status = status.map_err(|error| format!("the program sent what is not HTTP: {error}"))?;
    let httparse::Status::Complete(length) = status else {
        return Ok(None);
    };
    let field = |name: &str| {
        let mut fields = request.headers.iter();
        let found = fields.find(|field| field.name.eq_ignore_ascii_case(name));
        found.map(|field| field.value)
    };
    let chunked = field("Transfer-Encoding").is_some();
    let size =
        field("Content-Length").and_then(|value| std::str::from_utf8(value).ok()?.parse().ok());
    Ok(Some(Head {
        call: Call::of(
            request.method.unwrap_or_default(),
            request.path.unwrap_or_default(),
        ),
        length,
        body: if chunked {
            Body::Chunked {
                next: length,
                decoded: Vec::new(),
                whole: false,
            }
        } else {
            Body::Sized(size.unwrap_or(0))
        },
    }))
}

impl Head {
    /// Whether the client waits for leave to send the body.
    fn expects(&self, bytes: &[u8]) -> bool {
        let head = &bytes[..self.length];
        let expect = b"100-continue";
        head.windows(expect.len())
            .any(|part| part.eq_ignore_ascii_case(expect))
    }

    /// Where the request ends, if it is there whole.
    fn end(&mut self, bytes: &[u8]) -> Result<Option<usize>, String> {
        let (next, decoded, whole) = match &mut self.body {
            Body::Sized(size) => {
                let end = self.length + *size;
                return Ok((bytes.len() >= end).then_some(end));
            }
            Body::Chunked {
                next,
                decoded,
                whole,
            } => (next, decoded, whole),
        };
        while !*whole {
            let size = httparse::parse_chunk_size(&bytes[*next..]);
            let size = size.map_err(|_| "the program sent a malformed chunk".to_owned())?;
            let httparse::Status::Complete((line, size)) = size else {
                return Ok(None);
            };
            let start = *next + line;
            let end = start + usize::try_from(size).map_err(|error| error.to_string())?;
            if bytes.len() < end + 2 {
                return Ok(None);
            }
            decoded.extend_from_slice(&bytes[start..end]);
            *next = end + 2;
            *whole = size == 0;
        }
        Ok(Some(*next))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(bytes: &[u8]) -> Option<(Call, usize, Vec<u8>)> {
        let mut head = parse(bytes).unwrap()?;
        let end = head.end(bytes).unwrap()?;
        let body = match &head.body {
            Body::Sized(_) => bytes[head.length..end].to_vec(),
            Body::Chunked { decoded, .. } => decoded.clone(),
        };
        Some((head.call, end, body))
    }

    #[test]
    fn sized_and_chunked_bodies_are_the_same() {
        let sized = b"POST /x/response HTTP/1.1\r\ncontent-length: 5\r\n\r\nhello";
        let chunked = b"POST /x/response HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhe\r\n3\r\nllo\r\n0\r\n\r\n";
        for whole in [&sized[..], chunked] {
            let expected = (Call::Response, whole.len(), b"hello".to_vec());
            assert_eq!(request(whole), Some(expected));
            for cut in 0..whole.len() {
                assert_eq!(request(&whole[..cut]), None, "cut at {cut}");
            }
        }
    }
}
