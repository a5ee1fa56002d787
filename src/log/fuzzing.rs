//! Entry points of the fuzz targets: lines of the log.

use std::cell::RefCell;

use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Metadata, Subscriber};

use super::fields::Fields;
use super::line::{self, Line};
use super::{object, spans};
use crate::escape::{self, Form};

/// Whether this is a JSON object.
pub fn is_object(text: &[u8]) -> bool {
    object::is_object(text)
}

/// The text as the inside of a JSON string, or, without `json`, as a part of one line.
pub fn escaped(text: &str, json: bool) -> String {
    let mut out = Vec::new();
    let form = if json { Form::Json } else { Form::Line };
    escape::append(&mut out, text, form);
    String::from_utf8(out).expect("what is UTF-8 stays UTF-8")
}

/// A line in JSON of a level, a target and a message, without fields.
pub fn line(level: &str, target: &str, message: &str, ids: [&str; 2]) -> Vec<u8> {
    let mut out = Vec::new();
    let message = escaped(message, true);
    let line = Line {
        level,
        target,
        message: message.as_bytes(),
        ..Line::default()
    };
    line.encode(&mut out, true, ids);
    out
}

thread_local! {
    static LAST: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
}

/// The subscriber of the log, whose lines are kept instead of written.
pub struct Kept {
    json: bool,
}

impl Kept {
    /// In the format that `AWS_LAMBDA_LOG_FORMAT` says.
    #[must_use]
    pub fn new() -> Self {
        Self {
            json: super::is_json(),
        }
    }

    /// The last line of this thread.
    #[must_use]
    pub fn last() -> Vec<u8> {
        LAST.take()
    }
}

impl Default for Kept {
    fn default() -> Self {
        Self::new()
    }
}

impl Subscriber for Kept {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }

    fn new_span(&self, attributes: &Attributes<'_>) -> Id {
        spans::new(attributes)
    }

    fn record(&self, id: &Id, values: &Record<'_>) {
        spans::record(id, values);
    }

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, event: &Event<'_>) {
        let mut fields = Fields::new();
        event.record(&mut fields);
        let mut out = Vec::new();
        let line = Line {
            level: line::name(*event.metadata().level()),
            target: event.metadata().target(),
            message: &fields.message,
            fields: fields.others(),
            spans: &spans::of(event),
            error: b"",
        };
        line.encode(&mut out, self.json, ["id", ""]);
        LAST.set(out);
    }

    fn enter(&self, id: &Id) {
        spans::enter(id);
    }

    fn exit(&self, id: &Id) {
        spans::exit(id);
    }

    fn clone_span(&self, id: &Id) -> Id {
        spans::clone(id);
        id.clone()
    }

    fn try_close(&self, id: Id) -> bool {
        spans::close(&id)
    }
}
