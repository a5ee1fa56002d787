//! Replaces `levels` without the feature `levels`: one level for all targets.

use tracing::Level;
use tracing::level_filters::LevelFilter;

/// The least level of lines.
pub(super) struct Levels(LevelFilter);

/// The level by the environment, and the value of the variable if it is not a level.
pub(super) fn read() -> (Levels, Option<String>) {
    let (level, unknown) = super::settings::level();
    (Levels(level), unknown)
}

impl Levels {
    pub(super) fn allow(&self, _: &str, level: Level) -> bool {
        level <= self.0
    }

    pub(super) fn least(&self) -> LevelFilter {
        self.0
    }

    pub(super) fn bad(&self) -> Option<String> {
        None
    }
}
