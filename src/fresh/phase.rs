//! Whether a unique value may be made now, and how often the process was restored.

use std::panic::Location;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

use super::FreshError;
use crate::settings;

static RESTORES: AtomicU32 = AtomicU32::new(0);
/// The environment says that no snapshot will be taken.
static NO_SNAPSHOT: AtomicBool = AtomicBool::new(false);

/// How often the process was restored from a snapshot: 0 in the init phase and without SnapStart.
///
/// The number is the same in every environment that was restored from one snapshot. When it changes,
/// values must be made anew, which [`PerRestore`](super::PerRestore) does by itself.
///
/// ```
/// assert_eq!(coldspark::fresh::restore_count(), 0);
/// ```
#[must_use]
pub fn restore_count() -> u32 {
    RESTORES.load(Ordering::Acquire)
}

/// Counts a restore: from here on this process differs from other clones.
pub(crate) fn restored() {
    RESTORES.fetch_add(1, Ordering::AcqRel);
}

/// Refuses a value that a snapshot would multiply.
pub(super) fn check(
    call: &'static str,
    place: &'static Location<'static>,
) -> Result<(), FreshError> {
    if before_snapshot() {
        return Err(FreshError::InInitPhase { call, place });
    }
    Ok(())
}

/// Whether a value that is kept now would be in a snapshot.
pub(crate) fn before_snapshot() -> bool {
    if NO_SNAPSHOT.load(Ordering::Relaxed) || restore_count() > 0 {
        return false;
    }
    // Read here and not at start-up: a function that draws nothing pays nothing, and a draw before
    // `Runtime::run` is detected too.
    let snapshot = settings::snap_start();
    NO_SNAPSHOT.store(!snapshot, Ordering::Relaxed);
    snapshot
}
