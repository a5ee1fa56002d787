//! Logging: tracing's events as lines on standard error, which Lambda sends to CloudWatch Logs.
//!
//! A line is `LEVEL target: message field=value ...`, written with one write(2). Events below
//! `AWS_LAMBDA_LOG_LEVEL` (default INFO) cost a comparison. Spans are accepted and not shown.
//! A function that sets a global tracing subscriber of its own, in its init step or earlier,
//! keeps it.

use std::fmt::{self, Write as _};
use std::sync::atomic::{AtomicBool, Ordering};

use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Level, Metadata, Subscriber, level_filters::LevelFilter};

use crate::error::Error;
use crate::settings;
use crate::sys;

static INSTALLED: AtomicBool = AtomicBool::new(false);

/// Makes our subscriber the global one, once, unless there is one already.
///
/// Called before anything may be logged, and not at start-up: polling needs no log.
pub(crate) fn install() {
    if INSTALLED.load(Ordering::Relaxed) || INSTALLED.swap(true, Ordering::Relaxed) {
        return;
    }
    if !tracing::dispatcher::has_been_set() {
        let lines = Lines {
            level: level(settings::variable("AWS_LAMBDA_LOG_LEVEL").as_deref()),
        };
        // An error would mean that another thread has just set one; theirs then stands.
        let _ = tracing::subscriber::set_global_default(lines);
    }
}

/// Logs why an invocation failed.
pub(crate) fn failure(request_id: &str, error: &Error) {
    tracing::error!(request_id, "{error}");
}

/// Writes an error without tracing, for the panic hook: the panic may have come from a subscriber.
pub(crate) fn plain_error(message: fmt::Arguments<'_>) {
    let mut line = String::from("ERROR coldspark: ");
    let _ = OneLine(&mut line).write_fmt(message);
    line.push('\n');
    sys::write_stderr(line.as_bytes());
}

fn level(setting: Option<&str>) -> LevelFilter {
    let is = |name| setting.is_some_and(|setting| setting.eq_ignore_ascii_case(name));
    if is("trace") {
        LevelFilter::TRACE
    } else if is("debug") {
        LevelFilter::DEBUG
    } else if is("warn") {
        LevelFilter::WARN
    } else if is("error") || is("fatal") {
        LevelFilter::ERROR
    } else {
        LevelFilter::INFO
    }
}

struct Lines {
    level: LevelFilter,
}

impl Subscriber for Lines {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        *metadata.level() <= self.level
    }

    fn max_level_hint(&self) -> Option<LevelFilter> {
        Some(self.level)
    }

    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, event: &Event<'_>) {
        let metadata = event.metadata();
        let mut line = String::with_capacity(128);
        line.push_str(name(*metadata.level()));
        line.push(' ');
        line.push_str(metadata.target());
        line.push(':');
        let mut message = Message(&mut line);
        event.record(&mut message);
        event.record(&mut Fields(&mut line));
        line.push('\n');
        sys::write_stderr(line.as_bytes());
    }

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}

fn name(level: Level) -> &'static str {
    match level {
        Level::TRACE => "TRACE",
        Level::DEBUG => "DEBUG",
        Level::INFO => "INFO",
        Level::WARN => "WARN",
        Level::ERROR => "ERROR",
    }
}

const MESSAGE: &str = "message";

/// Writes the message, which stands first whatever the order of the fields is.
struct Message<'a>(&'a mut String);

impl Visit for Message<'_> {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        if field.name() == MESSAGE {
            self.0.push(' ');
            let _ = write!(OneLine(self.0), "{value:?}");
        }
    }

    /// A message is never a number; the default would bring std's formatting of one.
    fn record_f64(&mut self, _: &Field, _: f64) {}
}

/// Writes every field but the message.
struct Fields<'a>(&'a mut String);

impl Visit for Fields<'_> {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        if field.name() != MESSAGE {
            self.0.push(' ');
            self.0.push_str(field.name());
            self.0.push('=');
            let _ = write!(OneLine(self.0), "{value:?}");
        }
    }

    /// By serde_json, whose code for floats is 11 KB smaller than std's.
    fn record_f64(&mut self, field: &Field, value: f64) {
        let text = if value.is_finite() {
            serde_json::to_string(&value).unwrap_or_default()
        } else if value.is_nan() {
            "NaN".to_owned()
        } else {
            if value > 0.0 { "inf" } else { "-inf" }.to_owned()
        };
        self.record_str(field, &text);
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.record_debug(field, &format_args!("{value}"));
    }
}

/// Keeps an event on its line: a line break would make two events in CloudWatch.
struct OneLine<'a>(&'a mut String);

impl fmt::Write for OneLine<'_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        for character in text.chars() {
            match character {
                '\n' => self.0.push_str("\\n"),
                '\r' => self.0.push_str("\\r"),
                other => self.0.push(other),
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn levels_are_read_in_any_case_and_default_to_info() {
        for (setting, expected) in [
            (None, LevelFilter::INFO),
            (Some("INFO"), LevelFilter::INFO),
            (Some("nonsense"), LevelFilter::INFO),
            (Some("Debug"), LevelFilter::DEBUG),
            (Some("TRACE"), LevelFilter::TRACE),
            (Some("warn"), LevelFilter::WARN),
            (Some("FATAL"), LevelFilter::ERROR),
        ] {
            assert_eq!(level(setting), expected, "{setting:?}");
        }
    }

    #[test]
    fn a_message_stays_on_its_line() {
        let mut line = String::new();
        write!(OneLine(&mut line), "a\nb\r\nc").unwrap();
        assert_eq!(line, "a\\nb\\r\\nc");
    }
}
