//! Entry points of the fuzz targets: lines of the log.

use std::cell::RefCell;

use super::line::Line;
use super::{levels, object, subscriber};
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

/// Makes the log the subscriber of tracing, as a runtime does.
pub fn subscribe() {
    assert!(subscriber::subscribe(levels::read().0), "there is no other");
}

/// Keeps a line instead of writing it.
pub(super) fn keep(line: Vec<u8>) {
    LAST.set(line);
}

/// The last line that this thread has logged.
#[must_use]
pub fn last_line() -> Vec<u8> {
    LAST.take()
}
