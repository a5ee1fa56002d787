//! The lock for the start of a process: one process starts at a time, and no process while descriptors or the list of
//! children are changed.

use std::sync::{Mutex, MutexGuard, PoisonError};

/// While it is held, no process is started.
pub(super) fn hold() -> MutexGuard<'static, ()> {
    static STARTING: Mutex<()> = Mutex::new(());
    STARTING.lock().unwrap_or_else(PoisonError::into_inner)
}
