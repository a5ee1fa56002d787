//! One line of the log, in either format.

use tracing::Level;

use super::settings::json;
use super::time;
use crate::escape::{self, Form};
use crate::{invocation, sys};

/// What a line is made of. Its texts are escaped as the format needs it.
#[derive(Default)]
pub(super) struct Line<'a> {
    pub(super) level: &'a str,
    pub(super) target: &'a str,
    pub(super) message: &'a [u8],
    /// In JSON the members of an object; in text ` name=value` for each.
    pub(super) fields: &'a [u8],
    /// In JSON the elements of a list; in text `name{fields}: ` for each.
    pub(super) spans: &'a [u8],
    /// Only in JSON: an object whose members the line takes over.
    pub(super) error: &'a [u8],
}

impl Line<'_> {
    /// Writes it to standard error, in one piece.
    pub(super) fn write(&self) {
        let mut out = Vec::with_capacity(256);
        if json() {
            self.json(&mut out);
        } else {
            self.text(&mut out);
        }
        out.push(b'\n');
        sys::write_line(2, &out);
    }

    fn text(&self, out: &mut Vec<u8>) {
        let current = invocation::current();
        let id = current.request_id();
        let name = if id.is_empty() { "" } else { " request_id=" };
        add(
            out,
            &[
                self.level.as_bytes(),
                b" ",
                self.target.as_bytes(),
                b": ",
                self.spans,
                self.message,
                self.fields,
                name.as_bytes(),
                id.as_bytes(),
            ],
        );
    }

    fn json(&self, out: &mut Vec<u8>) {
        {
            let current = invocation::current();
            let ids = [current.request_id(), current.tenant_id()];
            begin(out, self.level.as_bytes(), ids);
        }
        add(out, &[self.message, b"\",\"target\":\"", self.target.as_bytes(), b"\""]);
        for (open, members, close) in [
            (&b",\"fields\":{"[..], self.fields, &b"}"[..]),
            (b",\"spans\":[", self.spans, b"]"),
            (b",", self.error, b""),
        ] {
            if !members.is_empty() {
                add(out, &[open, members, close]);
            }
        }
        out.push(b'}');
    }
}

pub(super) fn add(out: &mut Vec<u8>, parts: &[&[u8]]) {
    for part in parts {
        out.extend_from_slice(part);
    }
}

/// The start of a JSON line, up to where the text of its message stands; `ids` are those of the
/// request and the tenant, empty where there is none.
pub(super) fn begin(out: &mut Vec<u8>, level: &[u8], ids: [&str; 2]) {
    add(
        out,
        &[b"{\"timestamp\":\"", &time::stamp(time::now()), b"\",\"level\":\"", level],
    );
    for (name, id) in [&b"\",\"requestId\":\""[..], b"\",\"tenantId\":\""].into_iter().zip(ids) {
        if !id.is_empty() {
            out.extend_from_slice(name);
            escape::append(out, id, Form::Json);
        }
    }
    out.extend_from_slice(b"\",\"message\":\"");
}

pub(super) fn name(level: Level) -> &'static str {
    match level {
        Level::TRACE => "TRACE",
        Level::DEBUG => "DEBUG",
        Level::INFO => "INFO",
        Level::WARN => "WARN",
        Level::ERROR => "ERROR",
    }
}
