//! The log's settings in the environment: format and level.
//!
//! Read when something is first logged, so that a start without a log line costs nothing.

use std::sync::atomic::{AtomicU8, Ordering};

use tracing::level_filters::LevelFilter;

use super::time;
use crate::settings::variable;

/// A setting that is one of several words, in any case.
pub(super) struct Choice {
    pub(super) name: &'static str,
    pub(super) words: &'static [&'static str],
    default: usize,
}

pub(super) static FORMAT: Choice = Choice {
    name: "AWS_LAMBDA_LOG_FORMAT",
    words: &["Text", "JSON"],
    default: 0,
};

pub(super) static LEVEL: Choice = Choice {
    name: "AWS_LAMBDA_LOG_LEVEL",
    words: &["TRACE", "DEBUG", "INFO", "WARN", "ERROR", "FATAL"],
    default: 2,
};

impl Choice {
    /// Which of the words it is; the default when it is not set or empty. A value that is not among them
    /// is returned as well.
    fn choose(&self, value: Option<String>) -> (usize, Option<String>) {
        let Some(value) = value.filter(|value| !value.is_empty()) else {
            return (self.default, None);
        };
        let same = |word: &&str| value.eq_ignore_ascii_case(word);
        match self.words.iter().position(same) {
            Some(index) => (index, None),
            None => (self.default, Some(value)),
        }
    }
}

/// Which format, by `AWS_LAMBDA_LOG_FORMAT`.
pub(super) fn format() -> (usize, Option<String>) {
    // The names are repeated here, since look-ups of a constant are less code.
    FORMAT.choose(variable("AWS_LAMBDA_LOG_FORMAT"))
}

/// The least level that is logged, by `AWS_LAMBDA_LOG_LEVEL`.
pub(super) fn level() -> (LevelFilter, Option<String>) {
    let (level, unknown) = LEVEL.choose(variable("AWS_LAMBDA_LOG_LEVEL"));
    KNOWN_LEVEL.store(1 + level as u8, Ordering::Relaxed);
    (filter(level), unknown)
}

/// The place of the level among the words, counted from 1; 0 until it was read.
static KNOWN_LEVEL: AtomicU8 = AtomicU8::new(0);

/// The level and the time that a JSON line needs so that no filter drops it: INFO, or the setting if it
/// is above INFO. Lambda counts a line without level or time as INFO.
pub(crate) fn level_and_time() -> (&'static str, String) {
    if KNOWN_LEVEL.load(Ordering::Relaxed) == 0 {
        level();
    }
    let level = usize::from(KNOWN_LEVEL.load(Ordering::Relaxed)) - 1;
    let stamp = time::stamp(time::now());
    (
        LEVEL.words[level.max(LEVEL.default)],
        String::from_utf8_lossy(&stamp).into_owned(),
    )
}

/// Whether lines are JSON.
#[inline(never)]
pub fn is_json() -> bool {
    /// 1 and more: the format is known.
    static KNOWN: AtomicU8 = AtomicU8::new(0);
    let mut known = KNOWN.load(Ordering::Relaxed);
    if known == 0 {
        // Another thread that comes here meanwhile finds the same.
        known = 1 + format().0 as u8;
        KNOWN.store(known, Ordering::Relaxed);
    }
    known == 2
}

/// tracing has no FATAL: Lambda's FATAL is included in its errors.
pub(super) fn filter(level: usize) -> LevelFilter {
    match level {
        0 => LevelFilter::TRACE,
        1 => LevelFilter::DEBUG,
        2 => LevelFilter::INFO,
        3 => LevelFilter::WARN,
        _ => LevelFilter::ERROR,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn levels_are_read_in_any_case() {
        for (value, expected, unknown) in [
            (None, LevelFilter::INFO, None),
            (Some(""), LevelFilter::INFO, None),
            (Some("Debug"), LevelFilter::DEBUG, None),
            (Some("TRACE"), LevelFilter::TRACE, None),
            (Some("warn"), LevelFilter::WARN, None),
            (Some("eRRor"), LevelFilter::ERROR, None),
            (Some("FATAL"), LevelFilter::ERROR, None),
            (Some("nonsense"), LevelFilter::INFO, Some("nonsense")),
            (Some("INFO "), LevelFilter::INFO, Some("INFO ")),
        ] {
            let (level, other) = LEVEL.choose(value.map(str::to_owned));
            assert_eq!(
                (filter(level), other),
                (expected, unknown.map(str::to_owned))
            );
        }
    }

    #[test]
    fn formats_are_read_in_any_case() {
        for (value, expected, unknown) in [
            (None, 0, None),
            (Some(""), 0, None),
            (Some("Text"), 0, None),
            (Some("JSON"), 1, None),
            (Some("jSoN"), 1, None),
            (Some("xml"), 0, Some("xml")),
        ] {
            let (format, other) = FORMAT.choose(value.map(str::to_owned));
            assert_eq!((format, other), (expected, unknown.map(str::to_owned)));
        }
    }
}
