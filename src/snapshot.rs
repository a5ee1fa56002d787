//! SnapStart: the steps before and after the snapshot.
//!
//! ```text
//! init step -> before-snapshot hooks, the last registered first -> connection closed
//!     -> GET restore/next: the snapshot is taken while it waits; 200 in each restored clone
//!     -> connection closed -> after-restore hooks, the first registered first -> loop
//! ```
//!
//! Source: the Lambda developer guide, "Lambda SnapStart runtime hooks for custom runtimes".

use std::time::Duration;

use crate::api::{ApiError, RuntimeApi};
use crate::client::Client;
use crate::error::{Error, Side};
use crate::poller::{self, Stage};
use crate::{fresh, log, panics, sys};

/// Time limit of init step and before-snapshot hooks together, unless the function's timeout is longer.
const INIT_LIMIT: Duration = Duration::from_secs(130);
/// Time limit of a restore, with the after-restore hooks.
const RESTORE_LIMIT: Duration = Duration::from_secs(10);

/// A hook gets the state that the init step made.
pub(crate) type Hook<S> = Box<dyn FnOnce(&S) -> Result<(), Error>>;

/// The hooks around the snapshot, in the order of registration.
pub(crate) struct Hooks<S> {
    pub(crate) before: Vec<Hook<S>>,
    pub(crate) after: Vec<Hook<S>>,
}

impl<S> Hooks<S> {
    pub(crate) const fn new() -> Self {
        Self {
            before: Vec::new(),
            after: Vec::new(),
        }
    }
}

/// Runs the before-snapshot hooks; `begun` is the time since boot when the init phase began. No hook runs
/// after one that failed.
#[cold]
pub(crate) fn before<S>(mut hooks: Vec<Hook<S>>, state: &S, begun: Duration) -> Result<(), Error> {
    hooks.reverse();
    run(Side::BeforeSnapshot, hooks, state)?;
    warn(
        "init step and before-snapshot hooks",
        sys::since_boot() - begun,
        INIT_LIMIT,
        ", or the function's timeout if that is longer",
    );
    Ok(())
}

/// Waits for the snapshot and its restore, without a time limit. No connection survives that, not even the
/// one on which it waits.
#[cold]
pub(crate) fn wait_for_restore<C: Client>(api: &mut RuntimeApi<C>) -> Result<(), ApiError> {
    api.disconnect();
    // A panic of another thread meanwhile is reported as this phase's error.
    let poller = poller::mine();
    poller.change_stage(Stage::Idle, Stage::Snapshot);
    let restored = api.restore_next();
    poller.change_stage(Stage::Snapshot, Stage::Idle);
    api.disconnect();
    restored?;
    fresh::restored();
    Ok(())
}

/// Runs the after-restore hooks. No hook runs after one that failed.
#[cold]
pub(crate) fn after<S>(hooks: Vec<Hook<S>>, state: &S) -> Result<(), Error> {
    let begun = sys::since_boot();
    run(Side::AfterRestore, hooks, state)?;
    let took = sys::since_boot() - begun;
    warn("after-restore hooks", took, RESTORE_LIMIT, "");
    Ok(())
}

#[inline(never)]
fn run<S>(side: Side, hooks: Vec<Hook<S>>, state: &S) -> Result<(), Error> {
    for hook in hooks {
        panics::during_hook(side, || hook(state))?;
    }
    Ok(())
}

fn warn(what: &str, took: Duration, limit: Duration, condition: &str) {
    if let Some(text) = over(what, took, limit, condition) {
        log::warn(format_args!("{text}"));
    }
}

fn over(what: &str, took: Duration, limit: Duration, condition: &str) -> Option<String> {
    (took > limit).then(|| {
        let (took, limit) = (took.as_millis() as u64, limit.as_secs());
        format!("the {what} took {took} ms, and Lambda allows {limit} s{condition}")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hooks_that_take_too_long_are_named_with_time_and_limit() {
        let over = |millis| over("hooks", Duration::from_millis(millis), RESTORE_LIMIT, "");
        assert_eq!(over(10_000), None);
        assert_eq!(
            over(12_340).unwrap(),
            "the hooks took 12340 ms, and Lambda allows 10 s"
        );
    }
}
