//! The parser for the head of a reply.

use std::mem::MaybeUninit;

use httparse::{Header, ParserConfig, Response, Status};

use super::reply::{Field, same_name};

/// Headers that are parsed without an allocation; Lambda sends about a dozen.
const USUAL_HEADERS: usize = 32;
const MAX_HEADERS: usize = 1024;

/// A parsed head.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Head {
    /// The status of the reply.
    pub status: u16,
    /// Bytes of the head, the empty line included.
    pub length: usize,
    /// How the body ends.
    pub framing: Framing,
    /// Whether the connection may carry another request.
    pub keep_alive: bool,
}

/// How the body is framed (RFC 9112, section 6.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Framing {
    /// By a length in bytes.
    Length(usize),
    /// By the chunked transfer coding.
    Chunked,
    /// By the end of the connection.
    UntilClose,
}

/// Parses the head at the start of `bytes` and notes in `fields` where the headers are.
/// `None`: the head is not complete yet.
///
/// # Errors
/// What is wrong with it.
pub fn parse(bytes: &[u8], fields: &mut Vec<Field>) -> Result<Option<Head>, &'static str> {
    let usual = &mut [MaybeUninit::uninit(); USUAL_HEADERS];
    match parse_into(usual, bytes, fields) {
        Err(httparse::Error::TooManyHeaders) => {
            let many = &mut vec![MaybeUninit::uninit(); MAX_HEADERS];
            parse_into(many, bytes, fields).map_err(reason)?
        }
        parsed => parsed.map_err(reason)?,
    }
}

/// Like [`parse`], with room for `N` headers. The room is not initialised: that would take longer than
/// parsing the head of a reply to an answer.
fn parse_into<'b>(
    headers: &mut [MaybeUninit<Header<'b>>],
    bytes: &'b [u8],
    fields: &mut Vec<Field>,
) -> Result<Result<Option<Head>, &'static str>, httparse::Error> {
    let mut response = Response::new(&mut []);
    let parser = ParserConfig::default();
    let parsed = parser.parse_response_with_uninit_headers(&mut response, bytes, headers)?;
    Ok(match parsed {
        Status::Partial => Ok(None),
        Status::Complete(length) => finish(bytes, length, &response, fields).map(Some),
    })
}

fn reason(error: httparse::Error) -> &'static str {
    match error {
        httparse::Error::HeaderName => "invalid byte in a header name",
        httparse::Error::HeaderValue => "invalid byte in a header value",
        httparse::Error::NewLine => "invalid line ending",
        httparse::Error::Status => "invalid status",
        httparse::Error::Version => "not HTTP/1.1",
        httparse::Error::TooManyHeaders => "more than 1024 headers",
        httparse::Error::Token => "invalid byte in the head",
    }
}

fn finish(
    bytes: &[u8],
    length: usize,
    response: &Response<'_, '_>,
    fields: &mut Vec<Field>,
) -> Result<Head, &'static str> {
    let status = response.code.ok_or("no status")?;
    let mut content_length = None;
    let mut chunked = false;
    let mut close = false;
    let mut keep_alive = response.version == Some(1);
    fields.clear();
    fields.reserve(response.headers.len());
    for header in response.headers.iter() {
        let value = trim(header.value);
        fields.push(Field {
            name: range(bytes, header.name.as_bytes()),
            value: range(bytes, value),
        });
        let is = |name| same_name(header.name.as_bytes(), name);
        if is("Content-Length") {
            let announced = digits(value).ok_or("Content-Length is not a number")?;
            if content_length.is_some_and(|known| known != announced) {
                return Err("two Content-Length headers that differ");
            }
            content_length = Some(announced);
        } else if is("Transfer-Encoding") {
            if chunked || !value.eq_ignore_ascii_case(b"chunked") {
                return Err("a Transfer-Encoding other than chunked");
            }
            chunked = true;
        } else if is("Connection") {
            let has = |token: &[u8]| {
                value
                    .split(|byte| *byte == b',')
                    .any(|part| trim(part).eq_ignore_ascii_case(token))
            };
            if has(b"close") {
                close = true;
            } else if has(b"keep-alive") {
                keep_alive = true;
            }
        }
    }
    let framing = match (status, chunked, content_length) {
        (100..=199 | 204 | 304, ..) => Framing::Length(0),
        (_, true, Some(_)) => return Err("both Content-Length and Transfer-Encoding"),
        (_, true, None) => Framing::Chunked,
        (_, false, Some(announced)) => Framing::Length(announced),
        (_, false, None) => Framing::UntilClose,
    };
    Ok(Head {
        status,
        length,
        framing,
        keep_alive: keep_alive && !close && framing != Framing::UntilClose,
    })
}

fn digits(value: &[u8]) -> Option<usize> {
    if value.is_empty() {
        return None;
    }
    value.iter().try_fold(0_usize, |number, byte| {
        let digit = byte.wrapping_sub(b'0');
        if digit > 9 {
            return None;
        }
        number.checked_mul(10)?.checked_add(usize::from(digit))
    })
}

fn trim(mut value: &[u8]) -> &[u8] {
    while let [b' ' | b'\t', rest @ ..] | [rest @ .., b' ' | b'\t'] = value {
        value = rest;
    }
    value
}

/// Where `part`, a slice of `whole`, stands in it.
fn range(whole: &[u8], part: &[u8]) -> std::ops::Range<usize> {
    let start = part.as_ptr() as usize - whole.as_ptr() as usize;
    start..start + part.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn head(text: &str) -> Result<Option<Head>, &'static str> {
        parse(text.as_bytes(), &mut Vec::new())
    }

    #[test]
    fn every_prefix_is_incomplete() {
        let text = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nA: b\r\n\r\n";
        for end in 0..text.len() {
            assert_eq!(head(&text[..end]), Ok(None), "{end}");
        }
        let whole = head(text).unwrap().unwrap();
        assert_eq!((whole.status, whole.length), (200, text.len()));
        assert_eq!(whole.framing, Framing::Length(2));
        assert!(whole.keep_alive);
    }

    #[test]
    fn headers_are_found_where_they_stand() {
        let text = b"HTTP/1.1 200 OK\r\nName:  some value \r\nEmpty:\r\n\r\n";
        let mut fields = Vec::new();
        parse(text, &mut fields).unwrap().unwrap();
        let found: Vec<_> = fields
            .iter()
            .map(|field| (&text[field.name.clone()], &text[field.value.clone()]))
            .collect();
        assert_eq!(found, [(&b"Name"[..], &b"some value"[..]), (b"Empty", b"")]);
    }

    #[test]
    fn framing_follows_the_headers() {
        for (headers, framing, keep_alive) in [
            ("Content-Length: 0", Framing::Length(0), true),
            ("Transfer-Encoding: Chunked", Framing::Chunked, true),
            ("X: y", Framing::UntilClose, false),
            (
                "Content-Length: 3\r\nConnection: close",
                Framing::Length(3),
                false,
            ),
            (
                "Content-Length: 3\r\nConnection: x, CLOSE",
                Framing::Length(3),
                false,
            ),
            (
                "Content-Length: 3\r\nConnection: close\r\nConnection: keep-alive",
                Framing::Length(3),
                false,
            ),
            (
                "Content-Length: 3\r\nContent-Length: 3",
                Framing::Length(3),
                true,
            ),
        ] {
            let head = head(&format!("HTTP/1.1 200 OK\r\n{headers}\r\n\r\n"))
                .unwrap()
                .unwrap();
            assert_eq!(
                (head.framing, head.keep_alive),
                (framing, keep_alive),
                "{headers}"
            );
        }
        let old = head("HTTP/1.0 200 OK\r\nContent-Length: 1\r\n\r\n")
            .unwrap()
            .unwrap();
        assert!(!old.keep_alive);
    }

    #[test]
    fn what_is_wrong_is_named() {
        for (text, reason) in [
            (
                "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
                "Content-Length is not",
            ),
            (
                "HTTP/1.1 200 OK\r\nContent-Length: \r\n\r\n",
                "Content-Length is not",
            ),
            (
                "HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999\r\n\r\n",
                "Content-Length is not",
            ),
            (
                "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
                "two Content-Length",
            ),
            (
                "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
                "both",
            ),
            (
                "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n",
                "other than chunked",
            ),
            ("HTTP/1.1 200 OK\r\nA\u{0}: b\r\n\r\n", "header name"),
            ("HTTP/1.1 200 OK\r\nA: b\r\n folded\r\n\r\n", "header"),
            ("SMTP ready\r\n\r\n", "not HTTP/1.1"),
        ] {
            let error = head(text).expect_err(text);
            assert!(error.contains(reason), "{text:?}: {error}");
        }
    }

    #[test]
    fn many_headers_are_parsed() {
        let many = format!("HTTP/1.1 200 OK\r\n{}\r\n", "A: b\r\n".repeat(500));
        assert!(head(&many).unwrap().is_some());
        let too_many = format!("HTTP/1.1 200 OK\r\n{}\r\n", "A: b\r\n".repeat(1025));
        assert_eq!(head(&too_many), Err("more than 1024 headers"));
    }
}
