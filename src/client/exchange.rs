//! The default client: one connection, one write a request, one buffer.

use std::io::{self, IoSlice, Write as _};
use std::mem;
use std::net::TcpStream;

use super::chunked::Chunked;
use super::error::BodyError;
use super::head::{self, Framing, Head};
use super::{Client, ClientError, MAX_BODY, MAX_HEAD, Reply, Request, connection};
use crate::settings::Endpoint;
use crate::sys::socket;

/// Bodies up to this size are copied behind the head and leave in one plain write.
const SMALL_BODY: usize = 4 * 1024;

/// A blocking HTTP/1.1 client for the Runtime API.
pub(crate) struct Exchange {
    endpoint: &'static Endpoint,
    kept: Option<TcpStream>,
    /// Nothing was sent on the connection yet.
    fresh: bool,
    head: Vec<u8>,
}

impl Client for Exchange {
    fn new(endpoint: &'static Endpoint) -> Self {
        Self {
            endpoint,
            kept: None,
            fresh: false,
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
            // What may be repeated finds out by itself; an answer needs a connection that lives.
            if repeat || socket::is_idle(&stream) {
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

impl Exchange {
    fn open(&mut self) -> io::Result<TcpStream> {
        self.fresh = true;
        connection::connect(self.endpoint)
    }

    /// One try on one connection, which is kept if it can carry another request.
    fn attempt(
        &mut self,
        stream: TcpStream,
        request: &Request<'_>,
        reply: &mut Reply,
    ) -> Result<(), ClientError> {
        reply.clear();
        let fresh = mem::take(&mut self.fresh);
        if fresh && request.body.is_some() {
            connection::hurry(&stream);
        }
        let sent = self.send(&stream, request.body.unwrap_or_default());
        if fresh && request.body.is_none() {
            // Only what follows needs it, and the server is at work by now.
            connection::hurry(&stream);
        }
        let keep_alive = match (sent, receive(&stream, reply)) {
            (Ok(()), received) => received?,
            // A server may answer and close before it has read all of a body it refuses.
            (Err(_), Ok(_)) => false,
            (Err(error), Err(_)) => {
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
        let mut put = |part: &str| head.extend_from_slice(part.as_bytes());
        put(if request.body.is_some() {
            "POST "
        } else {
            "GET "
        });
        request.path.iter().for_each(|part| put(part));
        put(" HTTP/1.1\r\nHost: ");
        put(&self.endpoint.authority);
        put(concat!(
            "\r\nUser-Agent: coldspark/",
            env!("CARGO_PKG_VERSION"),
            "\r\n"
        ));
        for (name, value) in request.headers {
            put(name);
            put(": ");
            put(value);
            put("\r\n");
        }
        if let Some(body) = request.body {
            put("Content-Length: ");
            put_number(head, body.len());
            head.extend_from_slice(b"\r\n\r\n");
            if body.len() <= SMALL_BODY {
                head.extend_from_slice(body);
            }
        } else {
            put("\r\n");
        }
    }

    fn send(&self, mut stream: &TcpStream, body: &[u8]) -> io::Result<()> {
        if body.len() <= SMALL_BODY {
            return stream.write_all(&self.head);
        }
        let (mut head, mut body) = (self.head.as_slice(), body);
        while !head.is_empty() {
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
        stream.write_all(body)
    }
}

/// Writes a decimal number; std's formatting would bring its machinery into the first request.
fn put_number(buffer: &mut Vec<u8>, mut number: usize) {
    let mut digits = [0_u8; 20];
    let mut at = digits.len();
    loop {
        at -= 1;
        digits[at] = b'0' + (number % 10) as u8;
        number /= 10;
        if number == 0 {
            break;
        }
    }
    buffer.extend_from_slice(&digits[at..]);
}

/// Reads one reply; says whether the connection can carry another request.
///
/// Its frame has room for the headers, and is not to be on the stack while sending: that would be
/// one more page touched at start-up.
#[inline(never)]
fn receive(stream: &TcpStream, reply: &mut Reply) -> Result<bool, ClientError> {
    let head = receive_head(stream, reply)?;
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

fn receive_head(stream: &TcpStream, reply: &mut Reply) -> Result<Head, ClientError> {
    let mut searched = 0;
    loop {
        if may_be_whole(&reply.bytes, searched) {
            match head::parse(&reply.bytes, &mut reply.fields).map_err(ClientError::Head)? {
                // An interim reply (RFC 9110, section 15.2) comes before the real one.
                Some(head) if (100..=199).contains(&head.status) => {
                    reply.bytes.drain(..head.length);
                    searched = 0;
                    continue;
                }
                Some(head) => return Ok(head),
                None if reply.bytes.len() > MAX_HEAD => {
                    return Err(ClientError::Head("over 2 MiB"));
                }
                None => {}
            }
        }
        // A line may have ended just before what comes next.
        searched = reply.bytes.len().saturating_sub(2);
        let began = !reply.bytes.is_empty();
        match socket::receive(stream, &mut reply.bytes) {
            Ok(0) => return Err(ClientError::Closed { began }),
            Ok(_) => {}
            Err(error) => return Err(ClientError::Broken { error, began }),
        }
    }
}

/// Whether it is worth parsing: an empty line has come behind `searched`, or what came is no head
/// at all. Parsing starts over each time; a long head that dribbles in must not cost its square.
fn may_be_whole(bytes: &[u8], searched: usize) -> bool {
    let fresh = &bytes[searched..];
    fresh.windows(2).any(|pair| pair == b"\n\n")
        || fresh.windows(3).any(|three| three == b"\n\r\n")
        || bytes.len() > MAX_HEAD
        || (bytes.len() >= 5 && !bytes.starts_with(b"HTTP/"))
}

fn receive_length(
    stream: &TcpStream,
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

fn receive_chunked(stream: &TcpStream, reply: &mut Reply, start: usize) -> Result<bool, BodyError> {
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

fn more(stream: &TcpStream, buffer: &mut Vec<u8>) -> io::Result<bool> {
    socket::receive(stream, buffer).map(|got| got > 0)
}
