//! A request's head: request line and header fields.

use super::{Fault, Fields, field};

/// The head of one request.
#[derive(Clone, Debug, Default)]
pub struct Head {
    /// The method.
    pub method: String,
    /// The request target.
    pub path: String,
    /// Header fields in wire order and original case.
    pub headers: Fields,
    /// The bytes as received, through the empty line.
    pub raw: Vec<u8>,
}

/// How a request says where its body ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Framing {
    /// This many bytes; 0 when nothing announced a body.
    Length(u64),
    /// `Transfer-Encoding: chunked`.
    Chunked,
}

impl Head {
    /// Parses bytes that end in an empty line.
    ///
    /// # Errors
    /// [`Fault::Malformed`] when httparse refuses them, when a line ends without CR, or when
    /// the version is not HTTP/1.1.
    pub fn parse(raw: &[u8]) -> Result<Head, Fault> {
        let bare = raw.iter().enumerate();
        let mut bare =
            bare.filter(|&(at, &byte)| byte == b'\n' && (at == 0 || raw[at - 1] != b'\r'));
        if let Some((at, _)) = bare.next() {
            return Err(Fault::Malformed(format!(
                "byte {at} of the head is LF without CR"
            )));
        }
        let mut slots = 64;
        loop {
            let mut headers = vec![httparse::EMPTY_HEADER; slots];
            let mut request = httparse::Request::new(&mut headers);
            match request.parse(raw) {
                Ok(httparse::Status::Complete(end)) if end == raw.len() => {
                    return Head::build(&request, raw);
                }
                Ok(_) => return Err(Fault::Malformed("the head has no end".into())),
                Err(httparse::Error::TooManyHeaders) if slots < 1 << 16 => slots *= 4,
                Err(error) => return Err(Fault::Malformed(error.to_string())),
            }
        }
    }

    fn build(request: &httparse::Request<'_, '_>, raw: &[u8]) -> Result<Head, Fault> {
        if request.version != Some(1) {
            return Err(Fault::Malformed("the version is not HTTP/1.1".into()));
        }
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let fields = request.headers.iter();
        Ok(Head {
            method: request.method.unwrap_or_default().to_owned(),
            path: request.path.unwrap_or_default().to_owned(),
            headers: fields.map(|h| (h.name.to_owned(), text(h.value))).collect(),
            raw: raw.to_vec(),
        })
    }

    /// The first value of a header field, its name compared without case.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        field(&self.headers, name)
    }

    /// Whether the client wants the connection closed behind the answer.
    #[must_use]
    pub fn closes(&self) -> bool {
        self.header("connection")
            .is_some_and(|value| value.eq_ignore_ascii_case("close"))
    }

    /// How the body is framed.
    ///
    /// # Errors
    /// [`Fault::Malformed`] when both framings are announced, when Content-Length is repeated
    /// or no number, or when the transfer encoding is another than `chunked`.
    pub fn framing(&self) -> Result<Framing, Fault> {
        let malformed = |why: String| Err(Fault::Malformed(why));
        let lengths = self.headers.iter();
        let lengths = lengths.filter(|(name, _)| name.eq_ignore_ascii_case("content-length"));
        match (self.header("transfer-encoding"), lengths.count()) {
            (None, 0) => Ok(Framing::Length(0)),
            (None, 1) => {
                let text = self.header("content-length").unwrap_or_default();
                let digits = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
                match text.parse() {
                    Ok(length) if digits => Ok(Framing::Length(length)),
                    _ => malformed(format!("Content-Length is '{text}'")),
                }
            }
            (None, _) => malformed("Content-Length is there more than once".into()),
            (Some(_), 1..) => malformed("both Transfer-Encoding and Content-Length".into()),
            (Some(coding), 0) if coding.eq_ignore_ascii_case("chunked") => Ok(Framing::Chunked),
            (Some(coding), 0) => malformed(format!("Transfer-Encoding is '{coding}'")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn framing(fields: &str) -> Result<Framing, Fault> {
        Head::parse(format!("POST / HTTP/1.1\r\n{fields}\r\n").as_bytes())?.framing()
    }

    #[test]
    fn order_and_case_survive() {
        let head = Head::parse(b"GET /x HTTP/1.1\r\nhOsT: a\r\nB: 1\r\nb: 2\r\n\r\n").unwrap();
        let expected = [("hOsT", "a"), ("B", "1"), ("b", "2")];
        let expected = expected.map(|(n, v)| (n.to_owned(), v.to_owned()));
        assert_eq!(head.headers, expected);
        assert_eq!(head.header("HOST"), Some("a"));
    }

    #[test]
    fn many_headers_are_read() {
        let fields: String = (0..1000).map(|n| format!("x-{n}: {n}\r\n")).collect();
        let raw = format!("GET / HTTP/1.1\r\n{fields}\r\n");
        assert_eq!(Head::parse(raw.as_bytes()).unwrap().headers.len(), 1000);
    }

    #[test]
    fn loose_heads_are_refused() {
        for raw in [
            "GET / HTTP/1.1\nHost: a\n\n",
            "GET / HTTP/1.0\r\n\r\n",
            "GET /\r\n\r\n",
            "GET / HTTP/1.1\r\nno colon\r\n\r\n",
        ] {
            assert!(Head::parse(raw.as_bytes()).is_err(), "{raw:?}");
        }
    }

    #[test]
    fn framing_is_strict() {
        assert_eq!(framing("").unwrap(), Framing::Length(0));
        assert_eq!(
            framing("content-length: 7\r\n").unwrap(),
            Framing::Length(7)
        );
        assert_eq!(
            framing("Transfer-Encoding: chunked\r\n").unwrap(),
            Framing::Chunked
        );
        for fields in [
            "Content-Length: +7\r\n",
            "Content-Length: \r\n",
            "Content-Length: 7\r\nContent-Length: 7\r\n",
            "Content-Length: 7\r\nTransfer-Encoding: chunked\r\n",
            "Transfer-Encoding: gzip, chunked\r\n",
        ] {
            assert!(framing(fields).is_err(), "{fields:?}");
        }
    }
}
