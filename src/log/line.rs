//! One line of the log, in either format.

use tracing::Level;

use super::settings::is_json;
use super::time;
use crate::escape::{self, Form};
use crate::poller;

/// The parts of a line. Texts as bytes are escaped as the format needs it.
#[derive(Default)]
pub(super) struct Line<'a> {
    pub(super) level: &'a str,
    pub(super) target: &'a str,
    pub(super) message: &'a [u8],
    /// In JSON the members of an object; in text `name=value` for each.
    pub(super) fields: &'a [u8],
    /// In JSON the elements of a list; in text `name{fields}:` for each.
    pub(super) spans: &'a [u8],
    /// In JSON further members of the line.
    pub(super) error: &'a [u8],
}

// Each line is one piece for `fill`.
const JSON: &[u8] = b"{\"timestamp\":\"\x00\",\"level\":\"\x01\"
,\"requestId\":\"\x02\"
,\"tenantId\":\"\x03\"
,\"message\":\"
\x05
\"
,\"target\":\"\x04\"
,\"fields\":{\x06}
,\"spans\":[\x07]
,\x08
}";
const TEXT: &[u8] = b"\x01 \n\x04:\n \x07\n \x05\n \x06\n request_id=\x02";

impl Line<'_> {
    /// Writes it to standard error, in one piece.
    pub(super) fn write(&self) {
        let mut out = Vec::with_capacity(256);
        {
            let event = poller::event_in_hand();
            self.encode(
                &mut out,
                is_json(),
                [event.request_id(), event.tenant_id().unwrap_or_default()],
            );
        }
        #[cfg(not(fuzzing))]
        crate::sys::write_line(2, &out);
        #[cfg(fuzzing)]
        super::fuzzing::keep(out);
    }

    /// Appends it; `ids` are those of the request and the tenant, empty where there is no id.
    pub(super) fn encode(&self, out: &mut Vec<u8>, json: bool, [request, tenant]: [&str; 2]) {
        let (mut target, mut tenant_id) = (Vec::new(), Vec::new());
        let form = if json { Form::Json } else { Form::Line };
        escape::append(&mut target, self.target, form);
        escape::append(&mut tenant_id, tenant, Form::Json);
        let parts = [
            &time::stamp(time::now()),
            self.level.as_bytes(),
            // A segment of a path needs no escape.
            request.as_bytes(),
            &tenant_id,
            &target,
            self.message,
            self.fields,
            self.spans,
            self.error,
        ];
        fill(out, if json { JSON } else { TEXT }, &parts);
        out.push(b'\n');
    }
}

/// Appends a template. Each of its lines is a piece; a byte under 9 in a piece is replaced by the part of
/// that number. A piece whose part is empty is left out. Separate code for each piece would be many times
/// larger.
#[inline(never)]
pub(super) fn fill(out: &mut Vec<u8>, template: &[u8], parts: &[&[u8]]) {
    for piece in template.split(|byte| *byte == b'\n') {
        let part = piece.iter().find_map(|byte| parts.get(usize::from(*byte)));
        if part.is_some_and(|part| part.is_empty()) {
            continue;
        }
        for byte in piece {
            match parts.get(usize::from(*byte)) {
                Some(part) => out.extend_from_slice(part),
                None => out.push(*byte),
            }
        }
    }
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
