//! The built-in client, which is the default: one connection, one write a request, one buffer.

use std::io::{self, IoSlice, Write as _};
use std::mem;
use std::net::TcpStream;

use super::receive::receive;
use super::{Client, ClientError, Reply, Request, connection, write};
use crate::settings::Endpoint;
use crate::sys::socket;
use crate::waiting;

/// Bodies up to this size are copied behind the head and sent with one write.
const SMALL_BODY: usize = 4 * 1024;

/// A blocking HTTP/1.1 client for the Runtime API.
pub(crate) struct BuiltIn {
    endpoint: &'static Endpoint,
    kept: Option<TcpStream>,
    /// Nothing was sent on the connection yet.
    unused: bool,
    head: Vec<u8>,
}

impl Client for BuiltIn {
    fn new(endpoint: &'static Endpoint) -> Self {
        Self {
            endpoint,
            kept: None,
            unused: false,
            head: Vec::new(),
        }
    }

    fn connect(&mut self) {
        if self.kept.is_none() {
            self.kept = self.open().ok();
        }
    }

    fn disconnect(&mut self) {
        self.kept = None;
    }

    fn exchange(&mut self, request: &Request<'_>, reply: &mut Reply) -> Result<(), ClientError> {
        self.write_head(request);
        let repeat = request.may_repeat();
        if let Some(stream) = self.kept.take() {
            // An answer needs a live connection, and unexpected bytes would be taken for the reply.
            if (repeat && self.unused) || socket::is_idle(&stream) {
                match self.attempt(stream, request, reply) {
                    Err(error) if repeat && error.nothing_came() => {}
                    done => return done,
                }
            }
        }
        let stream = self.open().map_err(ClientError::Connect)?;
        match self.attempt(stream, request, reply) {
            Err(error) if repeat && error.nothing_came() => {
                let stream = self.open().map_err(ClientError::Connect)?;
                self.attempt(stream, request, reply)
            }
            done => done,
        }
    }
}

impl BuiltIn {
    fn open(&mut self) -> io::Result<TcpStream> {
        self.unused = true;
        connection::connect(self.endpoint)
    }

    /// One attempt on one connection, which is kept if it can carry another request.
    fn attempt(
        &mut self,
        stream: TcpStream,
        request: &Request<'_>,
        reply: &mut Reply,
    ) -> Result<(), ClientError> {
        reply.clear();
        let unused = mem::take(&mut self.unused);
        if unused && request.body.is_some() {
            connection::set_nodelay(&stream);
            waiting::limit_writes(&stream);
        }
        let sent = self.send(&stream, request.body.unwrap_or_default());
        if unused && request.body.is_none() {
            // Only later code needs it, and the server is at work by now.
            connection::set_nodelay(&stream);
        }
        let keep_alive = match sent {
            Ok(()) => receive(&stream, reply)?,
            // A server may answer and close before it has read all of a body it refuses.
            Err(error) if connection::is_closed(&error) && receive(&stream, reply).is_ok() => false,
            Err(error) => {
                return Err(ClientError::Broken {
                    error,
                    began: false,
                });
            }
        };
        if keep_alive {
            self.kept = Some(stream);
        }
        Ok(())
    }

    fn write_head(&mut self, request: &Request<'_>) {
        let head = &mut self.head;
        head.clear();
        head.reserve(512);
        write::head(head, request, &self.endpoint.authority);
        if let Some(body) = request.body {
            head.extend_from_slice(b"Content-Length: ");
            write::number(head, body.len());
            head.extend_from_slice(b"\r\n\r\n");
            if body.len() <= SMALL_BODY {
                head.extend_from_slice(body);
            }
        } else {
            head.extend_from_slice(write::LINE_END.as_bytes());
        }
    }

    fn send(&self, mut stream: &TcpStream, body: &[u8]) -> io::Result<()> {
        let behind = if body.len() <= SMALL_BODY { &[] } else { body };
        let (mut head, mut body) = (self.head.as_slice(), behind);
        while !head.is_empty() || !body.is_empty() {
            // Also for the head alone, so that the process needs only one system call for sending.
            match stream.write_vectored(&[IoSlice::new(head), IoSlice::new(body)]) {
                Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
                Ok(written) => {
                    let of_head = written.min(head.len());
                    head = &head[of_head..];
                    body = &body[written - of_head..];
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }
}
