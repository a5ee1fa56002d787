//! One accepted connection: a read buffer in front of a socket.

use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::sync::Arc;

use super::{Fault, Head};

/// A head may be this long in bytes; the platform's own limit for a request's head is 1 MB.
const MAX_HEAD: usize = 4 << 20;

/// The server side of one connection.
///
/// The socket is shared so that another thread can shut it down; it closes when the last
/// holder lets go.
#[derive(Debug)]
pub struct Connection {
    stream: Arc<TcpStream>,
    number: usize,
    buffer: Vec<u8>,
    start: usize,
    end: usize,
    pub(super) broken: bool,
}

impl Connection {
    /// Wraps an accepted socket; `number` is carried into [`super::Request::connection`].
    #[must_use]
    pub fn new(stream: Arc<TcpStream>, number: usize) -> Connection {
        // Without it the kernel may hold back a second small write.
        let _ = stream.set_nodelay(true);
        Connection {
            stream,
            number,
            buffer: vec![0; 16 << 10],
            start: 0,
            end: 0,
            broken: false,
        }
    }

    /// The number given at creation.
    #[must_use]
    pub fn number(&self) -> usize {
        self.number
    }

    /// The socket.
    #[must_use]
    pub fn stream(&self) -> &TcpStream {
        &self.stream
    }

    /// Whether a body had a fault, so that the start of the next request is unknown.
    #[must_use]
    pub fn is_broken(&self) -> bool {
        self.broken
    }

    /// Reads the next request's head; `None` when the client closed between requests.
    ///
    /// # Errors
    /// The fault, and the bytes that had arrived.
    pub fn read_head(&mut self) -> Result<Option<Head>, (Fault, Vec<u8>)> {
        let mut searched = 0;
        loop {
            let pending = &self.buffer[self.start..self.end];
            if let Some(length) = head_end(pending, searched) {
                let raw = &pending[..length];
                let head = Head::parse(raw).map_err(|fault| (fault, raw.to_vec()))?;
                self.start += length;
                return Ok(Some(head));
            }
            // The last three bytes may begin the empty line.
            searched = pending.len().saturating_sub(3);
            let arrived = pending.len();
            let fault = if arrived > MAX_HEAD {
                Fault::Malformed(format!("the head is longer than {MAX_HEAD} bytes"))
            } else {
                match self.fill() {
                    Ok(0) if arrived == 0 => return Ok(None),
                    Ok(0) => Fault::Ended(format!("after {arrived} bytes of a head")),
                    Ok(_) => continue,
                    Err(error) => Fault::Io(error),
                }
            };
            return Err((fault, self.buffer[self.start..self.end].to_vec()));
        }
    }

    /// Tells a client that asked (`Expect: 100-continue`) to go on with its body.
    ///
    /// # Errors
    /// The socket's.
    pub fn invite_body(&mut self, head: &Head) -> io::Result<()> {
        let asked = head.header("expect");
        if asked.is_some_and(|e| e.eq_ignore_ascii_case("100-continue")) && self.start == self.end {
            self.write(b"HTTP/1.1 100 Continue\r\n\r\n")?;
        }
        Ok(())
    }

    /// Whether the client has closed its side; what it sent before that is not touched.
    #[must_use]
    pub fn client_is_gone(&self) -> bool {
        use rustix::net::RecvFlags;
        let flags = RecvFlags::PEEK | RecvFlags::DONTWAIT;
        match rustix::net::recv(&*self.stream, &mut [0u8; 1], flags) {
            Ok((_, length)) => length == 0,
            Err(error) => error != rustix::io::Errno::AGAIN && error != rustix::io::Errno::INTR,
        }
    }

    /// Writes bytes with one `write` call where the kernel takes them at once.
    ///
    /// # Errors
    /// The socket's.
    pub fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        (&*self.stream).write_all(bytes)
    }

    /// Reads and drops everything until the client closes.
    pub fn drain(&mut self) {
        (self.start, self.end) = (0, 0);
        while matches!(self.fill(), Ok(1..)) {
            (self.start, self.end) = (0, 0);
        }
    }

    /// Makes room and reads once; 0 at the end of the stream.
    pub(super) fn fill(&mut self) -> io::Result<usize> {
        if self.start == self.end {
            (self.start, self.end) = (0, 0);
        } else if self.end == self.buffer.len() {
            if self.start > 0 {
                self.buffer.copy_within(self.start..self.end, 0);
                (self.start, self.end) = (0, self.end - self.start);
            } else {
                self.buffer.resize(self.buffer.len() * 2, 0);
            }
        }
        loop {
            match (&*self.stream).read(&mut self.buffer[self.end..]) {
                Ok(count) => {
                    self.end += count;
                    return Ok(count);
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
    }

    /// What has been read and not been used.
    pub(super) fn buffered(&self) -> &[u8] {
        &self.buffer[self.start..self.end]
    }

    /// Marks buffered bytes as used.
    pub(super) fn consume(&mut self, count: usize) {
        self.start += count;
    }
}

/// Where the head ends: just behind the first empty line.
fn head_end(bytes: &[u8], from: usize) -> Option<usize> {
    let mut at = from;
    while let Some(found) = bytes[at..].iter().position(|&byte| byte == b'\n') {
        at += found + 1;
        match &bytes[at..] {
            [b'\n', ..] => return Some(at + 1),
            [b'\r', b'\n', ..] => return Some(at + 2),
            _ => {}
        }
    }
    None
}
