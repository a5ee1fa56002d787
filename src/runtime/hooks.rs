//! Hooks before a SnapStart snapshot and after a restore.

use super::Runtime;
use crate::error::Error;

impl<S> Runtime<S> {
    /// Registers a hook that runs at the end of the init phase, before Lambda takes a SnapStart
    /// snapshot of the process: the place to close connections, for instance. Hooks run in the
    /// reverse order of their registration; without SnapStart they never run.
    ///
    /// The first error (or panic) ends the init phase: it is reported to Lambda as
    /// `Runtime.BeforeSnapshotError` with its own type in the message, the process exits with
    /// status 1, and publishing the function's version fails. Init step and hooks together may
    /// take 130 s, or the function's timeout if that is longer.
    ///
    /// ```no_run
    /// # use coldspark::Runtime;
    /// # struct Pool;
    /// # impl Pool { fn new() -> Self { Pool } fn close(&self) {} fn open(&self) -> std::io::Result<()> { Ok(()) } }
    /// Runtime::with_init(|_| Ok(Pool::new()))
    ///     .before_snapshot(|pool| Ok(pool.close()))
    ///     .after_restore(|pool| Ok(pool.open()?))
    ///     .raw("hello", |event, _| Ok(event.into()))
    ///     .run()
    /// ```
    #[must_use]
    pub fn before_snapshot(mut self, hook: impl FnOnce(&S) -> Result<(), Error> + 'static) -> Self {
        self.0.hooks.before.push(Box::new(hook));
        self
    }

    /// Registers a hook that runs in each environment that was restored from a SnapStart
    /// snapshot, before its first event: the place to open connections again. Hooks run in the order of
    /// their registration; without SnapStart they never run.
    ///
    /// The first error (or panic) ends the restore: it is reported to Lambda as
    /// `Runtime.AfterRestoreError` with its own type in the message, the process exits with
    /// status 1, and the waiting invocation fails. A restore may take 10 s with its hooks. Work that can
    /// wait for the first event is better done then ([`fresh::PerRestore`]).
    ///
    /// [`fresh::PerRestore`]: crate::fresh::PerRestore
    #[must_use]
    pub fn after_restore(mut self, hook: impl FnOnce(&S) -> Result<(), Error> + 'static) -> Self {
        self.0.hooks.after.push(Box::new(hook));
        self
    }
}
