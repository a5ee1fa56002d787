//! Requests and replies.

use std::io::{self, Read, Write};
use std::thread;
use std::time::Duration;

/// A request that came.
#[derive(Debug, Clone, Default)]
pub struct Request {
    /// The method.
    pub method: String,
    /// Path and query, as they were sent.
    pub path: String,
    /// The headers, names in lower case.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Vec<u8>,
    /// The number of the connection, from 1.
    pub connection: usize,
    /// Whether the connection's TLS session was resumed.
    pub resumed: bool,
}

impl Request {
    /// The value of a header, whose name is in lower case.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        let mut found = self.headers.iter().filter(|(known, _)| known == name);
        found.next().map(|(_, value)| &**value)
    }

    /// The operation of the JSON protocol.
    #[must_use]
    pub fn operation(&self) -> &str {
        let target = self.header("x-amz-target").unwrap_or_default();
        target
            .split_once('.')
            .map_or("", |(_, operation)| operation)
    }

    /// The body as text.
    #[must_use]
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    pub(crate) fn closes(&self) -> bool {
        self.header("connection")
            .is_some_and(|value| value.eq_ignore_ascii_case("close"))
    }
}

/// Reads a request; None at the end of the stream.
pub(crate) fn read(stream: &mut impl Read) -> io::Result<Option<Request>> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        if stream.read(&mut byte)? == 0 {
            return if head.is_empty() {
                Ok(None)
            } else {
                Err(io::ErrorKind::UnexpectedEof.into())
            };
        }
        head.push(byte[0]);
    }
    let head = String::from_utf8_lossy(&head).into_owned();
    let mut lines = head.split("\r\n");
    let mut words = lines
        .next()
        .unwrap_or_default()
        .split(' ')
        .map(str::to_owned);
    let mut request = Request {
        method: words.next().unwrap_or_default(),
        path: words.next().unwrap_or_default(),
        ..Request::default()
    };
    for (name, value) in lines.filter_map(|line| line.split_once(':')) {
        request
            .headers
            .push((name.to_ascii_lowercase(), value.trim().to_owned()));
    }
    let length = request
        .header("content-length")
        .and_then(|length| length.parse().ok());
    request.body = vec![0; length.unwrap_or(0)];
    stream.read_exact(&mut request.body)?;
    Ok(Some(request))
}

/// What a request is answered with.
#[derive(Debug, Clone)]
pub struct Reply {
    bytes: Vec<u8>,
    wait: Duration,
    pause: Option<Duration>,
    close: bool,
}

impl Reply {
    /// An answer with a JSON body and the headers that AWS sends.
    #[must_use]
    pub fn json(status: u16, body: &str) -> Self {
        Self::with(
            status,
            &[("content-type", "application/x-amz-json-1.0")],
            body.as_bytes(),
        )
    }

    /// An error of the JSON protocol.
    #[must_use]
    pub fn error(status: u16, code: &str, message: &str) -> Self {
        let body = format!(r#"{{"__type":"com.amazonaws#{code}","message":"{message}"}}"#);
        Self::json(status, &body)
    }

    /// An answer with these headers, a length and a request id.
    #[must_use]
    pub fn with(status: u16, headers: &[(&str, &str)], body: &[u8]) -> Self {
        let mut bytes = format!(
            "HTTP/1.1 {status} Status\r\nx-amzn-requestid: REQUEST-1\r\ncontent-length: {}\r\n",
            body.len()
        );
        for (name, value) in headers {
            bytes.push_str(&format!("{name}: {value}\r\n"));
        }
        let mut bytes = bytes.into_bytes();
        bytes.extend_from_slice(b"\r\n");
        bytes.extend_from_slice(body);
        Self::raw(&bytes)
    }

    /// Exactly these bytes.
    #[must_use]
    pub fn raw(bytes: &[u8]) -> Self {
        Self {
            bytes: bytes.to_vec(),
            wait: Duration::ZERO,
            pause: None,
            close: false,
        }
    }

    /// Nothing: the connection is closed.
    #[must_use]
    pub fn nothing() -> Self {
        Self::raw(&[]).then_close()
    }

    /// Closes the connection behind the answer, without a header that says so.
    #[must_use]
    pub fn then_close(mut self) -> Self {
        self.close = true;
        self
    }

    /// Waits before the first byte.
    #[must_use]
    pub fn after(mut self, wait: Duration) -> Self {
        self.wait = wait;
        self
    }

    /// Waits this long after each byte.
    #[must_use]
    pub fn slowly(mut self, pause: Duration) -> Self {
        self.pause = Some(pause);
        self
    }

    /// Writes it; whether the connection is kept.
    pub(crate) fn write(&self, stream: &mut impl Write) -> io::Result<bool> {
        thread::sleep(self.wait);
        match self.pause {
            None => stream.write_all(&self.bytes)?,
            Some(pause) => {
                for byte in self.bytes.chunks(1) {
                    stream.write_all(byte)?;
                    stream.flush()?;
                    thread::sleep(pause);
                }
            }
        }
        stream.flush()?;
        Ok(!self.close)
    }
}
