//! Requests to the Runtime API and its replies.

use crate::clock::Moment;

/// The reply to a response.
pub(super) const ACCEPTED: &[u8] = b"HTTP/1.1 202 Accepted\r\nContent-Type: application/json\r\n\
    Content-Length: 16\r\n\r\n{\"status\":\"OK\"}\n";

/// The reply to an extension that registers itself.
pub(crate) const REGISTERED: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\
    Lambda-Extension-Identifier: 01fbbb7d-8a42-4d3b-a8c4-9b4b6d1b7a0e\r\nContent-Length: 2\r\n\r\n{}";

/// A request that has arrived whole.
#[derive(Debug)]
pub(crate) struct Request {
    /// The connection that brought it.
    pub(super) connection: u64,
    pub(crate) call: Call,
    /// When its last byte had been read.
    pub(crate) at: Moment,
}

/// Which call of the Runtime API.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Call {
    Next,
    Response,
    /// `init/error` or an invocation's `error`.
    Error,
    /// An extension registers itself.
    Register,
    /// An extension waits for its next event. It has no reply while the environment lives.
    ExtensionNext,
    Other(String),
}

impl Call {
    pub(super) fn of(method: &str, path: &str) -> Call {
        match (method, path) {
            ("GET", path) if path.ends_with("/runtime/invocation/next") => Call::Next,
            ("POST", path) if path.ends_with("/response") => Call::Response,
            ("POST", path) if path.ends_with("/error") => Call::Error,
            ("POST", path) if path.ends_with("/extension/register") => Call::Register,
            ("GET", path) if path.ends_with("/extension/event/next") => Call::ExtensionNext,
            _ => Call::Other(format!("{method} {path}")),
        }
    }
}

/// The whole reply to `next`, with the fields that Lambda sends.
pub(super) fn event(number: u64, body: &[u8]) -> Vec<u8> {
    let mut reply = format!(
        "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\
         Lambda-Runtime-Aws-Request-Id: 8476a536-e9f4-11e8-9739-{number:012}\r\n\
         Lambda-Runtime-Deadline-Ms: 4102444800000\r\n\
         Lambda-Runtime-Invoked-Function-Arn: arn:aws:lambda:eu-central-1:123456789012:function:bench\r\n\
         Lambda-Runtime-Trace-Id: Root=1-5bef4de7-ad49b0e87f6ef6c87fc2e700;Parent=9a9197af755a6419;Sampled=0\r\n\
         Content-Length: {}\r\n\r\n",
        body.len()
    )
    .into_bytes();
    reply.extend_from_slice(body);
    reply
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calls_are_told_apart() {
        let next = "/2018-06-01/runtime/invocation/next";
        assert_eq!(Call::of("GET", next), Call::Next);
        let response = "/2018-06-01/runtime/invocation/1/response";
        assert_eq!(Call::of("POST", response), Call::Response);
        let failed = "/2018-06-01/runtime/init/error";
        assert_eq!(Call::of("POST", failed), Call::Error);
        assert!(matches!(Call::of("POST", next), Call::Other(_)));
        let extension = "/2020-01-01/extension";
        let register = Call::of("POST", &format!("{extension}/register"));
        assert_eq!(register, Call::Register);
        let waits = Call::of("GET", &format!("{extension}/event/next"));
        assert_eq!(waits, Call::ExtensionNext);
    }

    #[test]
    fn the_accepted_reply_has_the_length_it_says() {
        let text = std::str::from_utf8(ACCEPTED).unwrap();
        assert_eq!(text.split_once("\r\n\r\n").unwrap().1.len(), 16);
    }
}
