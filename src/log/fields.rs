//! The fields of tracing's events and spans, encoded as the format needs it.

use std::fmt::{self, Write as _};

use tracing::field::{Field, Visit};

use super::line::add;
use super::settings::json;
use crate::escape::{Escape, Form};

const MESSAGE: &str = "message";

/// Collects the message and the other fields: both are wanted apart, in whatever order they come.
pub(super) struct Fields {
    pub(super) form: Form,
    pub(super) message: Vec<u8>,
    pub(super) others: Vec<u8>,
}

impl Fields {
    pub(super) fn new() -> Self {
        Self {
            form: if json() { Form::Json } else { Form::Line },
            message: Vec::new(),
            others: Vec::new(),
        }
    }

    /// A value that is a number or a truth value stands in JSON as it is, `quote` empty.
    fn add(&mut self, field: &Field, quote: &[u8], value: &dyn fmt::Debug) {
        let form = self.form;
        if field.name() == MESSAGE {
            let out = &mut self.message;
            let _ = write!(Escape { out, form }, "{value:?}");
            return;
        }
        let out = &mut self.others;
        let mut end = quote;
        if form == Form::Json {
            let comma: &[u8] = if out.is_empty() { b"" } else { b"," };
            add(out, &[comma, b"\"", field.name().as_bytes(), b"\":", quote]);
        } else {
            add(out, &[b" ", field.name().as_bytes(), b"="]);
            end = b"";
        }
        let _ = write!(Escape { out, form }, "{value:?}");
        out.extend_from_slice(end);
    }
}

const QUOTE: &[u8] = b"\"";

impl Visit for Fields {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.add(field, QUOTE, value);
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.add(field, QUOTE, &format_args!("{value}"));
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.add(field, b"", &value);
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.add(field, b"", &value);
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.add(field, b"", &value);
    }

    /// By serde_json, whose code for floats is 11 KB smaller than std's. JSON has no form for
    /// what is not finite.
    fn record_f64(&mut self, field: &Field, value: f64) {
        let (text, quote) = if value.is_finite() {
            (serde_json::to_string(&value).unwrap_or_default(), &b""[..])
        } else {
            let sign = if value > 0.0 { "inf" } else { "-inf" };
            (if value.is_nan() { "NaN" } else { sign }.to_owned(), QUOTE)
        };
        self.add(field, quote, &format_args!("{text}"));
    }
}
