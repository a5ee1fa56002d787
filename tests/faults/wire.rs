//! The bytes of a reply, changed in ways that no server should.

use coldspark_emulator::http::Reply;
use coldspark_emulator::script::Step;

/// A reply as lines and body.
pub(super) struct Wire {
    lines: Vec<Vec<u8>>,
    pub(super) body: Vec<u8>,
    pub(super) line_end: &'static [u8],
}

impl Wire {
    pub(super) fn of(reply: &Reply) -> Self {
        let bytes = reply.to_bytes();
        let end = head_length(&bytes) - 4;
        let head = String::from_utf8(bytes[..end].to_vec()).expect("a head of text");
        Self {
            lines: head
                .split("\r\n")
                .map(|line| line.as_bytes().to_vec())
                .collect(),
            body: bytes[end + 4..].to_vec(),
            line_end: b"\r\n",
        }
    }

    pub(super) fn status_line(mut self, line: &[u8]) -> Self {
        self.lines[0] = line.to_vec();
        self
    }

    /// Adds a line behind the others.
    pub(super) fn add(mut self, line: impl AsRef<[u8]>) -> Self {
        self.lines.push(line.as_ref().to_vec());
        self
    }

    /// Removes the header of that name.
    pub(super) fn without(mut self, name: &str) -> Self {
        let start = format!("{}:", name.to_ascii_lowercase());
        let before = self.lines.len();
        self.lines
            .retain(|line| !line.to_ascii_lowercase().starts_with(start.as_bytes()));
        assert!(self.lines.len() < before, "there is no {name}");
        self
    }

    /// Puts this line in the place of the header of that name, which may be missing.
    pub(super) fn set(self, line: &[u8]) -> Self {
        let name = line.split(|byte| *byte == b':').next().expect("a name");
        let name = String::from_utf8_lossy(name).into_owned();
        let start = format!("{}:", name.to_ascii_lowercase());
        let mut lines = self.lines.iter();
        let known = lines.any(|line| line.to_ascii_lowercase().starts_with(start.as_bytes()));
        let rest = if known { self.without(&name) } else { self };
        rest.add(line)
    }

    /// Frames the body as chunks, which are given as they are sent.
    pub(super) fn chunks(self, coded: &[u8]) -> Self {
        let mut wire = self
            .without("Content-Length")
            .add("Transfer-Encoding: chunked");
        wire.body = coded.to_vec();
        wire
    }

    pub(super) fn bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        for line in &self.lines {
            bytes.extend_from_slice(line);
            bytes.extend_from_slice(self.line_end);
        }
        bytes.extend_from_slice(self.line_end);
        bytes.extend_from_slice(&self.body);
        bytes
    }

    pub(super) fn step(&self) -> Step {
        Step::from(Reply::raw(self.bytes()))
    }
}

/// The length of the head in these bytes, the empty line included.
pub(super) fn head_length(bytes: &[u8]) -> usize {
    let mut parts = bytes.windows(4);
    parts.position(|part| part == b"\r\n\r\n").expect("a head") + 4
}
