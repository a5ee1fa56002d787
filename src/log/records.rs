//! Records of the `log` crate, as lines of the log.
//!
//! Ours is the logger of the process unless the function has set one before. The `log` crate accepts one
//! logger for ever, so it is set before the init step, whose records would be lost otherwise. A subscriber
//! of the function's own, which it may set in that step, gets the records as events.

use std::sync::LazyLock;

use log::kv::{self, Key, Value, VisitSource, VisitValue};
use log::{LevelFilter, Log, Metadata, Record};
use tracing::dispatcher;
use tracing::subscriber::NoSubscriber;

use super::during_init::InitSubscriber;
use super::fields::{Fields, float};
use super::levels::{self, Levels};
use super::line::{self, Line};
use super::spans;
use super::subscriber::Lines;
use crate::escape::Form;

struct Records {
    levels: Levels,
}

/// Its levels are those of the environment at the first use.
static RECORDS: LazyLock<Records> = LazyLock::new(|| Records {
    levels: levels::read().0,
});

/// Sets our logger, if the process has no logger yet. Later calls change nothing.
pub(super) fn install() {
    if log::set_logger(&*RECORDS).is_ok() {
        log::set_max_level(filter(RECORDS.levels.least()));
    }
}

/// Lets a subscriber of the function's own say which records it gets.
pub(super) fn follow_subscriber() {
    if is_foreign() {
        log::set_max_level(filter(tracing::level_filters::LevelFilter::current()));
    }
}

/// Whether the subscriber of this thread is neither ours nor absent.
fn is_foreign() -> bool {
    dispatcher::get_default(|current| {
        !(current.is::<Lines>() || current.is::<InitSubscriber>() || current.is::<NoSubscriber>())
    })
}

fn filter(filter: tracing::level_filters::LevelFilter) -> LevelFilter {
    match filter.into_level() {
        None => LevelFilter::Off,
        Some(tracing::Level::ERROR) => LevelFilter::Error,
        Some(tracing::Level::WARN) => LevelFilter::Warn,
        Some(tracing::Level::INFO) => LevelFilter::Info,
        Some(tracing::Level::DEBUG) => LevelFilter::Debug,
        Some(tracing::Level::TRACE) => LevelFilter::Trace,
    }
}

fn level(level: log::Level) -> tracing::Level {
    match level {
        log::Level::Error => tracing::Level::ERROR,
        log::Level::Warn => tracing::Level::WARN,
        log::Level::Info => tracing::Level::INFO,
        log::Level::Debug => tracing::Level::DEBUG,
        log::Level::Trace => tracing::Level::TRACE,
    }
}

/// Whether a record comes from ureq while the library itself calls with ureq. At level TRACE such records
/// show all that is sent and received, and so events, credentials and answers.
fn is_of_the_client(target: &str) -> bool {
    let of = target.split_once(':').map_or(target, |(of, _)| of);
    cfg!(any(feature = "ureq", feature = "aws")) && ["ureq", "ureq_proto"].contains(&of)
}

impl Records {
    /// The function that writes a record of this level and target; `None` when it is not written.
    fn writer_for(&self, metadata: &Metadata<'_>) -> Option<fn(&Record<'_>)> {
        let target = metadata.target();
        if is_of_the_client(target) {
            None
        } else if is_foreign() {
            Some(pass_on)
        } else if self.levels.allow(target, level(metadata.level())) {
            Some(write)
        } else {
            None
        }
    }
}

impl Log for Records {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        self.writer_for(metadata).is_some()
    }

    fn log(&self, record: &Record<'_>) {
        if let Some(write) = self.writer_for(record.metadata()) {
            write(record);
        }
    }

    fn flush(&self) {}
}

/// In JSON, a line has the place in the source as well.
fn write(record: &Record<'_>) {
    let mut fields = Fields::new();
    fields.write_message(*record.args());
    // It only fails if the visitor fails.
    let _ = record.key_values().visit(&mut fields);
    if fields.form == Form::Json {
        if let Some(file) = record.file() {
            fields.add("file", true, format_args!("{file}"));
        }
        if let Some(line) = record.line() {
            fields.add("line", false, format_args!("{line}"));
        }
    }
    Line {
        level: line::name(level(record.level())),
        target: record.target(),
        message: &fields.message,
        fields: fields.others(),
        spans: &spans::of_thread(),
        error: b"",
    }
    .write();
}

/// An event with the fields that `tracing-log` would give it.
fn pass_on(record: &Record<'_>) {
    macro_rules! event {
        ($level:ident) => {
            tracing::event!(
                target: "log",
                tracing::Level::$level,
                log.target = record.target(),
                log.module_path = record.module_path(),
                log.file = record.file(),
                log.line = record.line(),
                "{}",
                record.args()
            )
        };
    }
    match record.level() {
        log::Level::Error => event!(ERROR),
        log::Level::Warn => event!(WARN),
        log::Level::Info => event!(INFO),
        log::Level::Debug => event!(DEBUG),
        log::Level::Trace => event!(TRACE),
    }
}

impl<'a> VisitSource<'a> for Fields {
    fn visit_pair(&mut self, key: Key<'a>, value: Value<'a>) -> Result<(), kv::Error> {
        value.visit(Pair(self, key.as_str()))
    }
}

/// A field, whose value is visited.
struct Pair<'a>(&'a mut Fields, &'a str);

impl VisitValue<'_> for Pair<'_> {
    fn visit_any(&mut self, value: Value<'_>) -> Result<(), kv::Error> {
        self.0.add(self.1, true, format_args!("{value}"));
        Ok(())
    }

    fn visit_u64(&mut self, value: u64) -> Result<(), kv::Error> {
        self.0.add(self.1, false, format_args!("{value}"));
        Ok(())
    }

    fn visit_i64(&mut self, value: i64) -> Result<(), kv::Error> {
        self.0.add(self.1, false, format_args!("{value}"));
        Ok(())
    }

    fn visit_bool(&mut self, value: bool) -> Result<(), kv::Error> {
        self.0.add(self.1, false, format_args!("{value}"));
        Ok(())
    }

    fn visit_f64(&mut self, value: f64) -> Result<(), kv::Error> {
        let (text, quoted) = float(value);
        self.0.add(self.1, quoted, format_args!("{text}"));
        Ok(())
    }
}
