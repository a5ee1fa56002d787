//! The fields of tracing's events and spans, encoded as the format needs it.

use std::fmt::{self, Write as _};

use tracing::field::{Field, Visit};

use super::settings::json;
use crate::escape::{self, Escape, Form};

/// Collects the message and the other fields separately, whatever their order.
pub(super) struct Fields {
    pub(super) form: Form,
    pub(super) message: Vec<u8>,
    /// Each has a comma or a blank before it.
    pub(super) others: Vec<u8>,
    /// The target of a record of the `log` crate that `tracing-log` has converted to an event.
    pub(super) target: Option<String>,
}

impl Fields {
    pub(super) fn new() -> Self {
        Self {
            form: if json() { Form::Json } else { Form::Line },
            message: Vec::new(),
            others: Vec::new(),
            target: None,
        }
    }

    /// Writes the message.
    pub(super) fn say(&mut self, message: fmt::Arguments<'_>) {
        let (out, form) = (&mut self.message, self.form);
        let _ = Escape { out, form }.write_fmt(message);
    }

    /// The fields without the message and without braces.
    pub(super) fn others(&self) -> &[u8] {
        self.others.get(1..).unwrap_or_default()
    }

    /// In JSON, a number or a truth value stands as it is; other values are `quoted`.
    fn add(&mut self, field: &Field, quoted: bool, value: fmt::Arguments<'_>) {
        match field.name() {
            "message" => return self.say(value),
            "log.target" => return self.target = Some(value.to_string()),
            // The place in the source, which lines of tracing's own events do not have either.
            "log.module_path" | "log.file" | "log.line" => return,
            _ => {}
        }
        let (out, form) = (&mut self.others, self.form);
        let json = form == Form::Json;
        out.extend_from_slice(if json { b",\"" } else { b" " });
        escape::append(out, field.name(), form);
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
        self.add(field, true, format_args!("{value:?}"));
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.add(field, true, format_args!("{value}"));
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.add(field, false, format_args!("{value}"));
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.add(field, false, format_args!("{value}"));
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.add(field, false, format_args!("{value}"));
    }

    /// A float, written by serde_json, whose code for floats is 11 KB smaller than std's. JSON has only
    /// finite numbers.
    fn record_f64(&mut self, field: &Field, value: f64) {
        if value.is_finite() {
            let text = serde_json::to_string(&value).unwrap_or_default();
            return self.add(field, false, format_args!("{text}"));
        }
        let sign = if value > 0.0 { "inf" } else { "-inf" };
        self.record_str(field, if value.is_nan() { "NaN" } else { sign });
    }
}
