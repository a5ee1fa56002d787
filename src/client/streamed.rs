//! A POST with a streamed body: chunked, with trailers, on a connection of its own that is closed
//! afterwards. Every build uses it, because ureq can send no trailers.
//!
//! A server may answer before the body is complete, and may stop reading when it refuses the body. So
//! the socket does not block, and a wait for room is also a wait for an answer. A time limit may be set
//! for a server that does not read at all.

use std::io::{self, IoSlice, Write as _};
use std::net::TcpStream;
use std::time::Duration;

use super::head::Head;
use super::receive::{receive, receive_body, whole_head};
use super::{ClientError, Reply, Request, connection, write};
use crate::error::io_error;
use crate::settings::Endpoint;
use crate::sys::{self, socket};
use crate::waiting;

/// How long the server may take to answer a response that ended at its time limit.
const ANSWER_LIMIT: Duration = Duration::from_millis(200);

/// One exchange with a streamed body.
pub(crate) struct Streamed {
    socket: TcpStream,
    /// The head, until it is sent with the first chunk.
    head: Vec<u8>,
    /// Why no more can be sent.
    broken: Option<ClientError>,
    answer: Early,
    /// The time limit, counted since boot.
    until: Option<Duration>,
}

/// An answer that comes before the body is complete.
struct Early {
    /// The bytes of the answer, without interim replies (RFC 9110, section 15.2).
    reply: Reply,
    /// Where the next search for the end of a head begins.
    searched: usize,
    /// The head of the answer.
    head: Option<Head>,
}

impl Streamed {
    /// Connects, and sends nothing yet.
    pub(crate) fn open(
        endpoint: &Endpoint,
        path: [&str; 3],
        headers: &[(&str, &str)],
    ) -> Result<Self, ClientError> {
        let socket = connection::connect(endpoint).map_err(ClientError::Connect)?;
        socket::set_blocking(&socket, false).map_err(ClientError::Connect)?;
        let mut head = Vec::with_capacity(1024);
        let request = Request {
            path,
            headers,
            body: Some(&[]),
        };
        write::head(&mut head, &request, &endpoint.authority);
        head.extend_from_slice(b"Transfer-Encoding: chunked\r\nConnection: close\r\n\r\n");
        Ok(Self {
            socket,
            head,
            broken: None,
            answer: Early {
                reply: Reply::acknowledgement(),
                searched: 0,
                head: None,
            },
            until: None,
        })
    }

    /// Sets the time limit, counted since boot.
    pub(crate) fn give_up_at(&mut self, until: Option<Duration>) {
        self.until = until;
    }

    /// Sends both parts as one chunk, with one write where the kernel takes it at once, and waits while the
    /// server does not read. If both are empty it sends nothing: an empty chunk would be the end. False: the
    /// server reads no more.
    pub(crate) fn chunk(&mut self, parts: [&[u8]; 2]) -> bool {
        let length = parts[0].len() + parts[1].len();
        if length == 0 {
            return self.broken.is_none();
        }
        let size = size_line(length);
        // Otherwise a reader that takes everything at once could keep this going for ever.
        let late = self.until.is_some_and(|until| until <= sys::since_boot());
        if late && self.broken.is_none() {
            self.broken = Some(broken(waiting::late()));
        }
        self.send([&size, parts[0], parts[1], b"\r\n"])
    }

    /// Ends the body with a last chunk and these trailers, whose values must be plain text.
    pub(crate) fn end(&mut self, last: &[u8], trailers: &[(&str, &str)]) {
        let mut end = Vec::with_capacity(256);
        if !last.is_empty() {
            end.extend_from_slice(b"\r\n");
        }
        end.extend_from_slice(b"0\r\n");
        for (name, value) in trailers {
            for part in [*name, ": ", *value, "\r\n"] {
                end.extend_from_slice(part.as_bytes());
            }
        }
        end.extend_from_slice(b"\r\n");
        let size = match last.len() {
            0 => Vec::new(),
            length => size_line(length),
        };
        self.send([&size, last, &[], &end]);
    }

    /// Reads the answer, which may have come before the end.
    pub(crate) fn receive(mut self) -> (Result<(), ClientError>, Reply) {
        let received = self.rest_of_answer();
        let received = match (received, self.broken) {
            (Err(error), Some(sending)) if error.nothing_came() => Err(sending),
            (received, _) => received,
        };
        (received, self.answer.reply)
    }

    fn rest_of_answer(&mut self) -> Result<(), ClientError> {
        let Early { reply, head, .. } = &mut self.answer;
        if self.until.is_some() && self.broken.is_none() {
            let least = sys::since_boot() + ANSWER_LIMIT;
            let until = self.until.map(|until| until.max(least));
            let awaited = waiting::await_peer(&self.socket, false, until);
            self.broken = awaited.err().map(broken);
        }
        match &self.broken {
            // Nothing comes any more.
            Some(ClientError::Head(reason)) => return Err(ClientError::Head(reason)),
            Some(ClientError::Broken { error, .. }) if !connection::is_closed(error) => {
                return Err(ClientError::Closed { began: false });
            }
            _ => {}
        }
        socket::set_blocking(&self.socket, true).map_err(broken)?;
        let received = match head {
            Some(head) => receive_body(&self.socket, reply, head),
            None => receive(&self.socket, reply),
        };
        received.map(drop)
    }

    fn send(&mut self, parts: [&[u8]; 4]) -> bool {
        if self.broken.is_none() {
            let [size, first, second, end] = parts;
            let parts = [&self.head, size, first, second, end];
            self.broken = send(&self.socket, &mut self.answer, parts, self.until).err();
            self.head = Vec::new();
        }
        self.broken.is_none()
    }
}

/// The size of a chunk and the end of its line.
fn size_line(length: usize) -> Vec<u8> {
    let digits = (usize::BITS - length.leading_zeros()).div_ceil(4);
    let mut line = Vec::with_capacity(20);
    for digit in (0..digits).rev() {
        line.push(b"0123456789abcdef"[length >> (4 * digit) & 15]);
    }
    line.extend_from_slice(b"\r\n");
    line
}

fn send<const N: usize>(
    mut socket: &TcpStream,
    answer: &mut Early,
    mut parts: [&[u8]; N],
    until: Option<Duration>,
) -> Result<(), ClientError> {
    while !socket::is_idle(socket) {
        answer.read(socket)?;
    }
    while let Some(first) = parts.iter().position(|part| !part.is_empty()) {
        let slices = parts.map(IoSlice::new);
        match socket.write_vectored(&slices[first..]) {
            Ok(0) => return Err(broken(io::ErrorKind::WriteZero.into())),
            Ok(mut written) => {
                for part in &mut parts {
                    let of_this = written.min(part.len());
                    *part = &part[of_this..];
                    written -= of_this;
                }
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                if waiting::await_peer(socket, true, until).map_err(broken)? {
                    answer.read(socket)?;
                }
            }
            Err(error) => return Err(broken(error)),
        }
    }
    Ok(())
}

impl Early {
    /// Reads what has come. An error means that the rest of the body need not be sent, because the server
    /// has refused it or closed the connection.
    fn read(&mut self, socket: &TcpStream) -> Result<(), ClientError> {
        match waiting::receive(socket, &mut self.reply.bytes) {
            Ok(0) => return Err(interrupted()),
            Ok(_) => {}
            // The wait has ended, and there is no byte after all.
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(()),
            Err(error) => return Err(broken(error)),
        }
        if self.head.is_none() {
            self.head = whole_head(&mut self.reply, &mut self.searched)?;
        }
        match &self.head {
            // `cargo lambda watch` answers with the head at the first bytes of a response.
            Some(head) if !(200..=299).contains(&head.status) => Err(interrupted()),
            _ => Ok(()),
        }
    }
}

/// The server has answered or closed before the body was complete.
fn interrupted() -> ClientError {
    broken(io_error(
        io::ErrorKind::BrokenPipe,
        "the server closed it before the response was whole",
    ))
}

fn broken(error: io::Error) -> ClientError {
    ClientError::Broken {
        error,
        began: false,
    }
}

#[cfg(test)]
mod tests {
    use super::size_line;

    #[test]
    fn sizes_are_hexadecimal() {
        for (length, line) in [(1, "1\r\n"), (16, "10\r\n"), (0xfedc_ba98, "fedcba98\r\n")] {
            assert_eq!(size_line(length), line.as_bytes());
        }
    }
}
