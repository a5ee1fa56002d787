//! The fields of tracing's events and spans, encoded as the format needs it.

use std::fmt::{self, Write as _};

use tracing::field::{Field, Visit};

use super::settings::is_json;
use crate::escape::{self, Escape, Form};

/// Collects the message and the other fields separately, whatever their order.
pub(super) struct Fields {
    pub(super) form: Form,
    pub(super) message: Vec<u8>,
    /// Each has a comma or a blank before it.
    pub(super) others: Vec<u8>,
    /// The target of a record of the `log` crate that `tracing-log` has converted to an event.
    pub(super) target: Option<String>,
    /// A span has no message, so its field of that name is one like the others.
    is_span: bool,
}

impl Fields {
    pub(super) fn new() -> Self {
        Self {
            form: if is_json() { Form::Json } else { Form::Line },
            message: Vec::new(),
            others: Vec::new(),
            target: None,
            is_span: false,
        }
    }

    #[cfg(feature = "spans")]
    pub(super) fn of_span() -> Self {
        Self {
            is_span: true,
            ..Self::new()
        }
    }

    /// Writes the message.
    pub(super) fn write_message(&mut self, message: fmt::Arguments<'_>) {
        let (out, form) = (&mut self.message, self.form);
        let _ = Escape { out, form }.write_fmt(message);
    }

    /// The fields without the message and without braces.
    pub(super) fn others(&self) -> &[u8] {
        self.others.get(1..).unwrap_or_default()
    }

    fn field(&mut self, field: &Field, quoted: bool, value: fmt::Arguments<'_>) {
        match field.name() {
            "message" if !self.is_span => self.write_message(value),
            "log.target" => self.target = Some(value.to_string()),
            // The place in the source, which lines of tracing's own events do not have either.
            "log.module_path" | "log.file" | "log.line" => {}
            name => self.add(name, quoted, value),
        }
    }

    /// In JSON, a number or a truth value stands as it is; other values are `quoted`.
    pub(super) fn add(&mut self, name: &str, quoted: bool, value: fmt::Arguments<'_>) {
        let (out, form) = (&mut self.others, self.form);
        let json = form == Form::Json;
        out.extend_from_slice(if json { b",\"" } else { b" " });
        escape::append(out, name, form);
        out.extend_from_slice(if json { b"\":" } else { b"=" });
        let quoted = quoted && json;
        if quoted {
            out.push(b'"');
        }
        let _ = Escape { out, form }.write_fmt(value);
        if quoted {
            out.push(b'"');
        }
    }
}

impl Visit for Fields {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.field(field, true, format_args!("{value:?}"));
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.field(field, true, format_args!("{value}"));
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.field(field, false, format_args!("{value}"));
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.field(field, false, format_args!("{value}"));
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.field(field, false, format_args!("{value}"));
    }

    fn record_f64(&mut self, field: &Field, value: f64) {
        let (text, quoted) = float(value);
        self.field(field, quoted, format_args!("{text}"));
    }
}

/// The text of a float, and whether it is quoted: JSON has only finite numbers. It is written by serde_json,
/// whose code for floats is 11 KB smaller than std's.
pub(super) fn float(value: f64) -> (String, bool) {
    if value.is_finite() {
        return (serde_json::to_string(&value).unwrap_or_default(), false);
    }
    let sign = if value > 0.0 { "inf" } else { "-inf" };
    let text = if value.is_nan() { "NaN" } else { sign };
    (text.to_owned(), true)
}
