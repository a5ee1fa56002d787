//! Which lines are logged: the least level, and levels for targets (`COLDSPARK_LOG`).
//!
//! The setting has the form of `RUST_LOG`: `info,hyper=warn,shop::db=debug`. A level alone replaces
//! `AWS_LAMBDA_LOG_LEVEL` for lines of all other targets. A directive holds for each target that begins with
//! its own; of several such directives the one with the longest target decides. `off` is a level too.

use tracing::Level;
use tracing::level_filters::LevelFilter;

use super::settings::{LEVEL, filter, level};
use crate::escape::quoted_list;
use crate::settings::variable;

/// The least level of lines, for each target.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Levels {
    others: LevelFilter,
    /// Beginnings of targets, the longest first.
    targets: Vec<(String, LevelFilter)>,
    /// Parts of the setting that are no directives.
    bad: Vec<String>,
}

/// The levels by the environment, and the value of `AWS_LAMBDA_LOG_LEVEL` if it is not a level.
pub(super) fn read() -> (Levels, Option<String>) {
    let (others, unknown) = level();
    let directives = variable("COLDSPARK_LOG").unwrap_or_default();
    (Levels::of(others, &directives), unknown)
}

impl Levels {
    fn of(others: LevelFilter, directives: &str) -> Self {
        let mut levels = Self {
            others,
            targets: Vec::new(),
            bad: Vec::new(),
        };
        for directive in directives.split(',').map(str::trim) {
            if !directive.is_empty() && levels.add(directive).is_none() {
                levels.bad.push(directive.to_owned());
            }
        }
        levels
            .targets
            .sort_by_key(|(target, _)| std::cmp::Reverse(target.len()));
        levels
    }

    /// Adds a directive. Returns `None` if the text is not a directive.
    fn add(&mut self, directive: &str) -> Option<()> {
        let Some((target, level)) = directive.split_once('=') else {
            self.others = by_name(directive)?;
            return Some(());
        };
        let (target, level) = (target.trim(), by_name(level.trim())?);
        if target.is_empty() {
            return None;
        }
        // The last directive of a target counts.
        self.targets.retain(|(known, _)| known != target);
        self.targets.push((target.to_owned(), level));
        Some(())
    }

    pub(super) fn allow(&self, target: &str, level: Level) -> bool {
        let mut targets = self.targets.iter();
        let found = targets.find(|(beginning, _)| target.starts_with(beginning.as_str()));
        level <= found.map_or(self.others, |(_, level)| *level)
    }

    /// The least level that some target logs.
    pub(super) fn least(&self) -> LevelFilter {
        let targets = self.targets.iter().map(|(_, level)| *level);
        targets.fold(self.others, LevelFilter::max)
    }

    /// What is wrong with the setting, if it has parts that are no directives.
    pub(super) fn bad(&self) -> Option<String> {
        let bad: Vec<_> = self.bad.iter().map(String::as_str).collect();
        if bad.is_empty() {
            return None;
        }
        let (bad, words) = (quoted_list(&bad), quoted_list(LEVEL.words));
        Some(format!(
            "COLDSPARK_LOG has {bad}, where LEVEL or TARGET=LEVEL is expected, with a level of {words} or \
             \"OFF\"; the rest of it holds"
        ))
    }
}

fn by_name(name: &str) -> Option<LevelFilter> {
    if name.eq_ignore_ascii_case("off") {
        return Some(LevelFilter::OFF);
    }
    let mut words = LEVEL.words.iter();
    words
        .position(|word| name.eq_ignore_ascii_case(word))
        .map(filter)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn levels(directives: &str) -> Levels {
        Levels::of(LevelFilter::INFO, directives)
    }

    #[test]
    fn the_longest_beginning_of_a_target_decides() {
        let levels = levels("hyper=warn, shop=error,shop::db = DEBUG,shop::db::pool=off,h2=Trace");
        for (target, least) in [
            ("hyper", LevelFilter::WARN),
            ("hyper::client", LevelFilter::WARN),
            ("hyper_util", LevelFilter::WARN),
            ("hype", LevelFilter::INFO),
            ("shop", LevelFilter::ERROR),
            ("shop::db", LevelFilter::DEBUG),
            ("shop::db::rows", LevelFilter::DEBUG),
            ("shop::db::pool", LevelFilter::OFF),
            ("my::shop", LevelFilter::INFO),
            ("", LevelFilter::INFO),
            ("h2", LevelFilter::TRACE),
        ] {
            for level in [
                Level::TRACE,
                Level::DEBUG,
                Level::INFO,
                Level::WARN,
                Level::ERROR,
            ] {
                assert_eq!(
                    levels.allow(target, level),
                    level <= least,
                    "{target} {level}"
                );
            }
        }
        assert_eq!(levels.least(), LevelFilter::TRACE);
        assert!(levels.bad.is_empty());
    }

    #[test]
    fn a_level_alone_is_that_of_other_targets() {
        for (directives, others) in [
            ("", LevelFilter::INFO),
            (" , ,", LevelFilter::INFO),
            ("debug", LevelFilter::DEBUG),
            ("off", LevelFilter::OFF),
            ("a=warn,error", LevelFilter::ERROR),
            ("error,warn", LevelFilter::WARN),
            ("fatal", LevelFilter::ERROR),
        ] {
            let levels = levels(directives);
            assert_eq!(
                (levels.others, levels.bad.len()),
                (others, 0),
                "{directives}"
            );
        }
    }

    #[test]
    fn the_last_directive_of_a_target_counts() {
        let levels = levels("a=warn,b=info,a=trace");
        assert!(levels.allow("a", Level::TRACE));
        assert_eq!(levels.targets.len(), 2);
    }

    #[test]
    fn bad_directives_are_kept_apart() {
        let levels = levels("a=wran,=warn,inof,b=,c=d=info,ok=debug");
        assert_eq!(levels.bad, ["a=wran", "=warn", "inof", "b=", "c=d=info"]);
        assert!(levels.allow("ok", Level::DEBUG) && !levels.allow("a", Level::DEBUG));
    }
}
