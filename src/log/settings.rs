//! What the environment says of the log: its format and its level.
//!
//! Read when something is first logged, so that a start without a log line costs nothing.

use std::sync::atomic::{AtomicU8, Ordering};

use tracing::level_filters::LevelFilter;

use crate::settings::variable;

const FORMAT: &str = "AWS_LAMBDA_LOG_FORMAT";
const LEVEL: &str = "AWS_LAMBDA_LOG_LEVEL";

/// tracing knows no FATAL: what Lambda calls so is among the errors.
const LEVELS: [(&str, LevelFilter); 6] = [
    ("trace", LevelFilter::TRACE),
    ("debug", LevelFilter::DEBUG),
    ("info", LevelFilter::INFO),
    ("warn", LevelFilter::WARN),
    ("error", LevelFilter::ERROR),
    ("fatal", LevelFilter::ERROR),
];

/// A setting with a value that it cannot have; the default holds.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Unknown {
    pub(super) name: &'static str,
    pub(super) value: String,
    pub(super) instead: &'static str,
}

/// Whether lines are JSON.
pub fn json() -> bool {
    const JSON: u8 = 1;
    const TEXT: u8 = 2;
    static FORMAT: AtomicU8 = AtomicU8::new(0);
    let known = FORMAT.load(Ordering::Relaxed);
    if known != 0 {
        return known == JSON;
    }
    // Whoever else comes here meanwhile finds the same.
    let json = format().unwrap_or(false);
    FORMAT.store(if json { JSON } else { TEXT }, Ordering::Relaxed);
    json
}

/// Whether `AWS_LAMBDA_LOG_FORMAT` says JSON, in any case.
pub(super) fn format() -> Result<bool, Unknown> {
    parse_format(variable(FORMAT))
}

/// The least level that is logged, by `AWS_LAMBDA_LOG_LEVEL`, in any case.
pub(super) fn level() -> Result<LevelFilter, Unknown> {
    parse_level(variable(LEVEL))
}

fn parse_format(value: Option<String>) -> Result<bool, Unknown> {
    match value {
        Some(value) if value.eq_ignore_ascii_case("json") => Ok(true),
        Some(value) if !value.is_empty() && !value.eq_ignore_ascii_case("text") => Err(Unknown {
            name: FORMAT,
            value,
            instead: "JSON or Text; lines are text",
        }),
        _ => Ok(false),
    }
}

fn parse_level(value: Option<String>) -> Result<LevelFilter, Unknown> {
    let Some(value) = value.filter(|value| !value.is_empty()) else {
        return Ok(LevelFilter::INFO);
    };
    for (name, level) in LEVELS {
        if value.eq_ignore_ascii_case(name) {
            return Ok(level);
        }
    }
    Err(Unknown {
        name: LEVEL,
        value,
        instead: "TRACE, DEBUG, INFO, WARN, ERROR or FATAL; INFO and above are logged",
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn levels_are_read_in_any_case() {
        for (value, expected) in [
            (None, Some(LevelFilter::INFO)),
            (Some(""), Some(LevelFilter::INFO)),
            (Some("Debug"), Some(LevelFilter::DEBUG)),
            (Some("TRACE"), Some(LevelFilter::TRACE)),
            (Some("warn"), Some(LevelFilter::WARN)),
            (Some("FATAL"), Some(LevelFilter::ERROR)),
            (Some("nonsense"), None),
            (Some("INFO "), None),
        ] {
            let parsed = parse_level(value.map(str::to_owned));
            assert_eq!(parsed.ok(), expected, "{value:?}");
        }
    }

    #[test]
    fn formats_are_read_in_any_case() {
        for (value, expected) in [
            (None, Some(false)),
            (Some(""), Some(false)),
            (Some("Text"), Some(false)),
            (Some("JSON"), Some(true)),
            (Some("jSoN"), Some(true)),
            (Some("xml"), None),
        ] {
            let parsed = parse_format(value.map(str::to_owned));
            assert_eq!(parsed.ok(), expected, "{value:?}");
        }
    }
}
