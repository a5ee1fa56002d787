//! A connection on which the reply to the last request is left unread. Every build uses it.

use std::io::{self, IoSlice, Write as _};
use std::net::TcpStream;
use std::time::Duration;

use super::receive::receive;
use super::{ClientError, Reply, Request, connection, write};
use crate::settings::Endpoint;

/// Time limit for a reply that is read.
const LIMIT: Duration = Duration::from_secs(2);

/// A connection whose last reply is not read.
pub(crate) struct Unread {
    endpoint: &'static Endpoint,
    stream: TcpStream,
}

impl Unread {
    pub(crate) fn open(endpoint: &'static Endpoint) -> Result<Self, ClientError> {
        let stream = connection::connect(endpoint).map_err(ClientError::Connect)?;
        Ok(Self { endpoint, stream })
    }

    /// Sends a request and reads its reply, which may take two seconds. If the server closes the connection
    /// after it, a new one is opened.
    pub(crate) fn exchange(
        &mut self,
        request: &Request<'_>,
        reply: &mut Reply,
    ) -> Result<(), ClientError> {
        self.send(request)?;
        reply.clear();
        let limited = self.stream.set_read_timeout(Some(LIMIT));
        limited.map_err(broken)?;
        if !receive(&self.stream, reply)? {
            *self = Self::open(self.endpoint)?;
        }
        Ok(())
    }

    /// Sends a request. It is small enough for the kernel to take it at once.
    pub(crate) fn send(&mut self, request: &Request<'_>) -> Result<(), ClientError> {
        let body = request.body.unwrap_or_default();
        let mut head = Vec::with_capacity(512);
        write::head(&mut head, request, &self.endpoint.authority);
        if request.body.is_some() {
            head.extend_from_slice(b"Content-Length: ");
            write::number(&mut head, body.len());
            head.extend_from_slice(write::LINE_END.as_bytes());
        }
        head.extend_from_slice(write::LINE_END.as_bytes());
        head.extend_from_slice(body);
        // The same system call as the clients', so that a filter need not allow another.
        match self.stream.write_vectored(&[IoSlice::new(&head)]) {
            Ok(written) if written == head.len() => Ok(()),
            Ok(_) => Err(broken(io::ErrorKind::WriteZero.into())),
            Err(error) => Err(broken(error)),
        }
    }
}

fn broken(error: io::Error) -> ClientError {
    ClientError::Broken {
        error,
        began: false,
    }
}
