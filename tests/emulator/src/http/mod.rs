//! The server side of HTTP/1.1 on one connection: requests read strictly, replies written whole.
//!
//! [`Connection`] reads, [`Reply`] is written. What a client did wrong is not papered over: a
//! request that ended early or was malformed comes back with a [`Fault`].

mod body;
mod connection;
mod head;
pub(crate) mod listen;
mod reply;

pub use body::Body;
pub use connection::Connection;
pub use head::{Framing, Head};
pub use reply::{Reply, reason};

use std::fmt;

/// Header or trailer fields in wire order, names in the case they were sent in.
pub type Fields = Vec<(String, String)>;

/// The first value of a field, its name compared without case.
#[must_use]
pub fn field<'a>(fields: &'a [(String, String)], name: &str) -> Option<&'a str> {
    let found = fields.iter().find(|(n, _)| n.eq_ignore_ascii_case(name));
    found.map(|(_, value)| value.as_str())
}

/// One request as it came over the wire.
#[derive(Clone)]
pub struct Request {
    /// Which connection brought it, counted from 1 in order of acceptance.
    pub connection: usize,
    /// The method; empty when the head never became readable.
    pub method: String,
    /// The request target.
    pub path: String,
    /// Header fields in wire order and original case.
    pub headers: Fields,
    /// The head's bytes as received, through the empty line.
    pub head: Vec<u8>,
    /// The body, with any chunking removed.
    pub body: Vec<u8>,
    /// Sizes of the chunks when the body was chunked, without the last, empty one.
    pub chunks: Vec<usize>,
    /// Trailer fields of a chunked body.
    pub trailers: Fields,
    /// What was wrong with the request; `None` when it arrived whole.
    pub fault: Option<String>,
}

/// The beginning of the body, as text: a test that fails shows it, and it may have megabytes.
impl fmt::Debug for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const SHOWN: usize = 2000;
        let shown = &self.body[..self.body.len().min(SHOWN)];
        f.debug_struct("Request")
            .field("connection", &self.connection)
            .field("method", &self.method)
            .field("path", &self.path)
            .field("headers", &self.headers)
            .field("body", &String::from_utf8_lossy(shown))
            .field("body_length", &self.body.len())
            .field("chunks", &self.chunks.len())
            .field("trailers", &self.trailers)
            .field("fault", &self.fault)
            .finish_non_exhaustive()
    }
}

impl Request {
    /// Puts the parts of one request together.
    #[must_use]
    pub fn new(connection: usize, head: Head, body: Body) -> Request {
        Request {
            connection,
            method: head.method,
            path: head.path,
            headers: head.headers,
            head: head.raw,
            body: body.bytes,
            chunks: body.chunks,
            trailers: body.trailers,
            fault: body.fault.map(|fault| fault.to_string()),
        }
    }

    /// Whether head and body arrived whole and well formed.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.fault.is_none()
    }

    /// The first value of a header field, its name compared without case.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        field(&self.headers, name)
    }

    /// The first value of a trailer field, its name compared without case.
    #[must_use]
    pub fn trailer(&self, name: &str) -> Option<&str> {
        field(&self.trailers, name)
    }

    /// The body as text; bytes that are not UTF-8 become replacement characters.
    #[must_use]
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The body as JSON.
    ///
    /// # Panics
    /// When it is not JSON, with the body in the message: this is for tests.
    #[must_use]
    #[track_caller]
    pub fn json(&self) -> serde_json::Value {
        match serde_json::from_slice(&self.body) {
            Ok(value) => value,
            Err(error) => panic!("the body is not JSON ({error}): {}", self.text()),
        }
    }

    /// Which call of the Runtime API it is.
    #[must_use]
    pub fn call(&self) -> crate::api::Call {
        crate::api::Call::of(&self.method, &self.path)
    }

    /// The request id in the path of `response` or `error`.
    #[must_use]
    pub fn request_id(&self) -> Option<&str> {
        crate::api::request_id(&self.path)
    }
}

/// Why a request could not be read.
#[derive(Debug)]
pub enum Fault {
    /// The client closed the connection midway; the text says where.
    Ended(String),
    /// The bytes are not HTTP/1.1; the text says why.
    Malformed(String),
    /// The body was left unread on purpose.
    Unread,
    /// The socket failed.
    Io(std::io::Error),
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Fault::Ended(place) => write!(f, "the client closed the connection {place}"),
            Fault::Malformed(why) => write!(f, "malformed request: {why}"),
            Fault::Unread => write!(f, "the body was not read"),
            Fault::Io(error) => write!(f, "reading the request failed: {error}"),
        }
    }
}

impl std::error::Error for Fault {}

impl From<std::io::Error> for Fault {
    fn from(error: std::io::Error) -> Fault {
        Fault::Io(error)
    }
}
