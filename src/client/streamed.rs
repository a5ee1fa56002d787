//! A POST whose body is sent while it is made: chunked, with trailers, on a connection of its own
//! that is closed behind it. The same in every build, because ureq can send no trailers.
//!
//! A server may answer before the body is whole, and need not read on then. So the socket does
//! not block: whoever waits for room also waits for an answer.

use std::io::{self, IoSlice, Write as _};
use std::net::TcpStream;

use super::receive::receive;
use super::{ClientError, Reply, connection, write};
use crate::settings::Endpoint;
use crate::sys::socket;

/// One exchange with a streamed body.
pub(crate) struct Streamed {
    socket: TcpStream,
    /// The head, until it has left with the first chunk.
    head: Vec<u8>,
    /// Why no more can be sent.
    broken: Option<io::Error>,
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
        write::head(&mut head, true, &path, &endpoint.authority, headers);
        head.extend_from_slice(b"Transfer-Encoding: chunked\r\nConnection: close\r\n\r\n");
        Ok(Self {
            socket,
            head,
            broken: None,
        })
    }

    /// Sends both parts as one chunk, with one write where the kernel takes it at once; waits
    /// while the server does not read. Nothing is sent for no bytes: an empty chunk would be the
    /// end. False: nobody reads any more.
    pub(crate) fn chunk(&mut self, parts: [&[u8]; 2]) -> bool {
        let length = parts[0].len() + parts[1].len();
        if length == 0 {
            return self.broken.is_none();
        }
        let size = size_line(length);
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

    /// Reads the answer: behind the end, or the one that came before it.
    pub(crate) fn receive(&mut self, reply: &mut Reply) -> Result<(), ClientError> {
        reply.clear();
        let received = socket::set_blocking(&self.socket, true)
            .map_err(|error| ClientError::Broken {
                error,
                began: false,
            })
            .and_then(|()| receive(&self.socket, reply));
        match (received, self.broken.take()) {
            (Err(error), Some(sending)) if error.nothing_came() => Err(ClientError::Broken {
                error: sending,
                began: false,
            }),
            (received, _) => received.map(drop),
        }
    }

    fn send(&mut self, parts: [&[u8]; 4]) -> bool {
        if self.broken.is_none() {
            let [size, first, second, end] = parts;
            self.broken = send(&self.socket, [&self.head, size, first, second, end]).err();
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

fn send<const N: usize>(mut socket: &TcpStream, mut parts: [&[u8]; N]) -> io::Result<()> {
    if !socket::is_idle(socket) {
        return Err(interrupted());
    }
    while let Some(first) = parts.iter().position(|part| !part.is_empty()) {
        let slices = parts.map(IoSlice::new);
        match socket.write_vectored(&slices[first..]) {
            Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
            Ok(mut written) => {
                for part in &mut parts {
                    let of_this = written.min(part.len());
                    *part = &part[of_this..];
                    written -= of_this;
                }
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                if socket::await_room(socket)? {
                    return Err(interrupted());
                }
            }
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// The server has answered or closed before the body was whole.
fn interrupted() -> io::Error {
    io::Error::new(
        io::ErrorKind::BrokenPipe,
        "the server closed it before the response was whole",
    )
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
