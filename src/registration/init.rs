//! What an init step is given.

use std::fmt;
use std::path::PathBuf;

use crate::error::Error;
use crate::{log, panics, settings};

/// What an init step may know and do.
///
/// ```
/// use coldspark::{Error, Init};
///
/// fn load(init: &Init<'_>) -> Result<Vec<String>, Error> {
///     init.connect(); // while the disk is read
///     let name = format!("{}.txt", init.handler());
///     let text = std::fs::read_to_string(init.task_root().join(name))?;
///     let mut words = Vec::with_capacity(1024 * init.concurrency());
///     words.extend(text.lines().map(str::to_owned));
///     Ok(words)
/// }
/// # let _ = coldspark::Runtime::with_init(load);
/// ```
pub struct Init<'a> {
    pub(crate) handler: String,
    pub(crate) concurrency: usize,
    pub(crate) connect: &'a dyn Fn(),
}

/// Runs the step, with a log that gives way to what the step sets. Only functions with a step
/// name it, so that others are not linked with that.
pub(crate) fn run<S>(
    step: impl FnOnce(&Init<'_>) -> Result<S, Error>,
    init: &Init<'_>,
) -> Result<S, Error> {
    panics::install();
    let lines = log::during_init();
    let made = step(init);
    drop(lines);
    // Again, before a panic hook that the step may have set.
    panics::prepare();
    made
}

impl Init<'_> {
    /// `_HANDLER` as it was given; may be empty.
    #[must_use]
    pub fn handler(&self) -> &str {
        &self.handler
    }

    /// The folder of the function's package (`LAMBDA_TASK_ROOT`, `/var/task` when not set).
    #[must_use]
    pub fn task_root(&self) -> PathBuf {
        settings::task_root()
    }

    /// How many invocations the function will have in hand at most: 1, unless it opted in to more
    /// ([`Runtime::concurrent`](crate::Runtime::concurrent)) and Lambda's setting says more.
    #[must_use]
    pub fn concurrency(&self) -> usize {
        self.concurrency
    }

    /// Opens the connection to the Runtime API now, for a step that is about to wait for
    /// something else. Without it the connection is made after the step. The ureq client
    /// connects after the step in any case.
    pub fn connect(&self) {
        (self.connect)();
    }
}

impl fmt::Debug for Init<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Init")
            .field("handler", &self.handler)
            .finish_non_exhaustive()
    }
}
