//! HTTP/1.1 as the Runtime API needs it: one small interface, two clients behind it.
//!
//! `built_in` is the default, made for this one server; `ureq` (feature `ureq`) is the general
//! client on a transport of ours. Both are a [`Client`] and pass the same tests. `streamed` is
//! the exchange of a streamed response in either build, since ureq sends no trailers.

#[cfg(any(feature = "aws", feature = "ureq"))]
pub(crate) mod bare_ureq;
mod chunked;
mod connection;
mod error;
#[cfg(fuzzing)]
pub(crate) mod fuzzing;
mod head;
mod receive;
mod reply;
mod streamed;
mod unread;
mod write;

#[cfg(not(feature = "ureq"))]
mod built_in;
#[cfg(feature = "ureq")]
mod ureq;

/// Parsers that the layer uses for the answers of web applications.
pub use chunked::Chunked;
pub(crate) use error::ClientError;
pub use head::{Framing, Head, parse as parse_head};
pub use reply::Field;
pub(crate) use reply::Reply;
pub(crate) use streamed::Streamed;
pub(crate) use unread::Unread;

use crate::settings::Endpoint;

/// The client this build polls with.
#[cfg(not(feature = "ureq"))]
pub(crate) type DefaultClient = built_in::BuiltIn;
/// The client this build polls with.
#[cfg(feature = "ureq")]
pub(crate) type DefaultClient = ureq::Ureq;

/// Largest head of a reply, in bytes. Lambda limits the headers of an invocation to 1 MB
/// (developer guide, "Lambda quotas"); the client context may fill that.
pub(crate) const MAX_HEAD: usize = 2 * 1024 * 1024;
/// Largest body of a reply, in bytes: far over the 6 MB of an event, so that a wrong length is
/// an error and not an allocation that ends the process.
pub(crate) const MAX_BODY: usize = 64 * 1024 * 1024;

/// One request to the Runtime API.
pub(crate) struct Request<'a> {
    /// The path is the three parts one after the other.
    pub(crate) path: [&'a str; 3],
    /// Headers beside those the client makes: Host, User-Agent, Content-Length.
    pub(crate) headers: &'a [(&'a str, &'a str)],
    /// The body of a POST; without one the request is a GET.
    pub(crate) body: Option<&'a [u8]>,
}

impl Request<'_> {
    /// Whether the request may be sent again when a connection broke before a byte of the reply.
    /// Asking for the next event again is harmless; an answer must not be given twice.
    pub(crate) fn may_repeat(&self) -> bool {
        self.body.is_none()
    }
}

/// A blocking client that keeps one connection.
pub(crate) trait Client: Sized {
    /// A client for `endpoint`; does not connect yet.
    fn new(endpoint: &'static Endpoint) -> Self;

    /// Opens the connection ahead of the first exchange, where the client can. A failure is left
    /// to the exchange, which tries again and reports it.
    fn connect(&mut self);

    /// Closes the kept connection; the next exchange opens a new one.
    fn disconnect(&mut self);

    /// Sends `request` and fills `reply`, waiting for it without any time limit.
    ///
    /// A kept connection that was closed in between is replaced. After an error within the body,
    /// `reply` still has the status and the headers.
    fn exchange(&mut self, request: &Request<'_>, reply: &mut Reply) -> Result<(), ClientError>;
}
