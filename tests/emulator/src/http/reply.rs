//! A reply, put together field by field.

use super::Fields;

/// A reply to be serialised by [`Reply::to_bytes`].
///
/// Starts with a `Content-Length` that follows the body. Every builder may be used on every
/// reply, also to make it wrong: nothing is checked.
#[derive(Clone, Debug)]
pub struct Reply {
    status: u16,
    headers: Fields,
    body: Vec<u8>,
    chunks: Option<Vec<usize>>,
    measured: bool,
    raw: Option<Vec<u8>>,
}

impl Reply {
    /// A reply without headers other than `Content-Length` and without a body.
    #[must_use]
    pub fn new(status: u16) -> Reply {
        Reply {
            status,
            headers: Fields::new(),
            body: Vec::new(),
            chunks: None,
            measured: true,
            raw: None,
        }
    }

    /// These bytes and nothing else; later builders have no effect.
    #[must_use]
    pub fn raw(bytes: impl Into<Vec<u8>>) -> Reply {
        Reply {
            raw: Some(bytes.into()),
            ..Reply::new(0)
        }
    }

    /// Replaces the body.
    #[must_use]
    pub fn body(mut self, bytes: impl Into<Vec<u8>>) -> Reply {
        self.body = bytes.into();
        self
    }

    /// Adds a header field at the end, even when there is one of that name.
    #[must_use]
    pub fn header(mut self, name: &str, value: &str) -> Reply {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Overrides a header field (name compared without case) in its place, or adds it. For
    /// `Content-Length` this sets a wrong one.
    #[must_use]
    pub fn set_header(mut self, name: &str, value: &str) -> Reply {
        let known = self.headers.iter_mut();
        let mut known = known.filter(|(n, _)| n.eq_ignore_ascii_case(name));
        if let Some(field) = known.next() {
            *field = (name.to_owned(), value.to_owned());
            return self;
        }
        self.measured &= !name.eq_ignore_ascii_case("content-length");
        self.header(name, value)
    }

    /// Removes every header field of that name; for `Content-Length` the body is then framed
    /// by nothing but the connection's end.
    #[must_use]
    pub fn without_header(mut self, name: &str) -> Reply {
        self.headers.retain(|(n, _)| !n.eq_ignore_ascii_case(name));
        self.measured &= !name.eq_ignore_ascii_case("content-length");
        self
    }

    /// Sends the body chunked, in chunks of these sizes, the last size repeated as needed.
    /// Without sizes, or with a size of 0, the rest goes in one chunk.
    #[must_use]
    pub fn chunked(mut self, sizes: &[usize]) -> Reply {
        self.chunks = Some(sizes.to_vec());
        self
    }

    /// The bytes on the wire.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        if let Some(raw) = &self.raw {
            return raw.clone();
        }
        let mut head = format!("HTTP/1.1 {} {}\r\n", self.status, reason(self.status));
        for (name, value) in &self.headers {
            head.extend([name, ": ", value, "\r\n"]);
        }
        if self.chunks.is_some() {
            head.push_str("Transfer-Encoding: chunked\r\n");
        } else if self.measured && self.status != 204 {
            head.push_str(&format!("Content-Length: {}\r\n", self.body.len()));
        }
        head.push_str("\r\n");
        let mut bytes = head.into_bytes();
        match &self.chunks {
            Some(sizes) => chunk(&self.body, sizes, &mut bytes),
            None => bytes.extend_from_slice(&self.body),
        }
        bytes
    }
}

fn chunk(mut body: &[u8], sizes: &[usize], out: &mut Vec<u8>) {
    let mut turn = 0;
    while !body.is_empty() {
        let size = sizes.get(turn).or(sizes.last()).copied().unwrap_or(0);
        let size = if size == 0 {
            body.len()
        } else {
            size.min(body.len())
        };
        turn += 1;
        out.extend_from_slice(format!("{size:x}\r\n").as_bytes());
        out.extend_from_slice(&body[..size]);
        out.extend_from_slice(b"\r\n");
        body = &body[size..];
    }
    out.extend_from_slice(b"0\r\n\r\n");
}

/// The reason phrase of a status; nothing for statuses that are rare.
#[must_use]
pub fn reason(status: u16) -> &'static str {
    match status {
        100 => "Continue",
        200 => "OK",
        201 => "Created",
        202 => "Accepted",
        204 => "No Content",
        206 => "Partial Content",
        301 => "Moved Permanently",
        302 => "Found",
        303 => "See Other",
        304 => "Not Modified",
        307 => "Temporary Redirect",
        308 => "Permanent Redirect",
        400 => "Bad Request",
        401 => "Unauthorized",
        403 => "Forbidden",
        404 => "Not Found",
        405 => "Method Not Allowed",
        409 => "Conflict",
        410 => "Gone",
        413 => "Content Too Large",
        422 => "Unprocessable Content",
        429 => "Too Many Requests",
        500 => "Internal Server Error",
        502 => "Bad Gateway",
        503 => "Service Unavailable",
        504 => "Gateway Timeout",
        // It may be empty (RFC 9112, 4).
        _ => "",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(reply: &Reply) -> String {
        String::from_utf8(reply.to_bytes()).unwrap()
    }

    #[test]
    fn length_follows_the_body_unless_it_is_set() {
        let reply = Reply::new(200).header("A", "1").body("hello");
        assert_eq!(
            text(&reply),
            "HTTP/1.1 200 OK\r\nA: 1\r\nContent-Length: 5\r\n\r\nhello"
        );
        let wrong = reply.clone().set_header("Content-Length", "9");
        assert!(text(&wrong).contains("\r\nContent-Length: 9\r\n\r\nhello"));
        assert!(!text(&reply.without_header("content-length")).contains("Length"));
    }

    #[test]
    fn a_status_has_its_reason_phrase_or_an_empty_one() {
        let line = |status| {
            let text = text(&Reply::new(status));
            text.split("\r\n").next().unwrap().to_owned()
        };
        assert_eq!(line(404), "HTTP/1.1 404 Not Found");
        assert_eq!(line(502), "HTTP/1.1 502 Bad Gateway");
        // The space stays (RFC 9112, 4).
        assert_eq!(line(499), "HTTP/1.1 499 ");
    }

    #[test]
    fn chunks_have_the_given_sizes() {
        let reply = Reply::new(200).body("abcdefgh").chunked(&[1, 3]);
        let wire = text(&reply);
        assert!(wire.ends_with("\r\n\r\n1\r\na\r\n3\r\nbcd\r\n3\r\nefg\r\n1\r\nh\r\n0\r\n\r\n"));
        assert!(!wire.contains("Content-Length"));
    }
}
