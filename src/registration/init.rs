//! The argument of an init step.

use std::env::{self, VarError};
use std::fmt;
use std::path::PathBuf;

use crate::error::{Error, error_type};
use crate::{panics, settings};

/// The settings and actions that an init step may use.
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
    pub(crate) surroundings: Surroundings<'a>,
}

/// Where the step runs.
pub(crate) enum Surroundings<'a> {
    /// Under a Runtime API, to which this function connects.
    Lambda(&'a dyn Fn()),
    /// In a test, which gives values in place of the environment's.
    Test(&'a TestSettings),
}

/// The values that a test gives in place of the environment's.
#[derive(Debug, Default)]
pub(crate) struct TestSettings {
    pub(crate) task_root: Option<PathBuf>,
    pub(crate) variables: Vec<(String, String)>,
}

/// Runs the step. `start_log` starts the log of the step, which ends when its value is dropped, or when the
/// step sets a subscriber of its own. Only functions with a step refer to this function, so that others do not link it.
pub(crate) fn run<S, L>(
    step: impl FnOnce(&Init<'_>) -> Result<S, Error>,
    init: &Init<'_>,
    start_log: impl FnOnce() -> L,
) -> Result<S, Error> {
    if let Surroundings::Test(_) = init.surroundings {
        // A test has its own log and panic hook.
        return step(init);
    }
    panics::install_hook();
    let log_of_step = start_log();
    let made = step(init);
    drop(log_of_step);
    // Again, so that ours is called before a panic hook that the step has set.
    panics::install_with_log();
    made
}

impl Init<'_> {
    fn of_test(&self) -> Option<&TestSettings> {
        match self.surroundings {
            Surroundings::Lambda(_) => None,
            Surroundings::Test(settings) => Some(settings),
        }
    }

    /// `_HANDLER` as it was given; may be empty.
    #[must_use]
    pub fn handler(&self) -> &str {
        &self.handler
    }

    /// The folder of the function's package (`LAMBDA_TASK_ROOT`, `/var/task` when not set).
    #[must_use]
    pub fn task_root(&self) -> PathBuf {
        self.of_test()
            .and_then(|settings| settings.task_root.clone())
            .unwrap_or_else(settings::task_root)
    }

    /// The value of an environment variable that the function requires.
    ///
    /// ```
    /// # use coldspark::{Error, Init};
    /// fn table(init: &Init<'_>) -> Result<String, Error> {
    ///     init.var("TABLE") // the environment variable TABLE is not set; ...
    /// }
    /// # let _ = coldspark::Runtime::with_init(table);
    /// ```
    ///
    /// # Errors
    /// `Function.MissingVariable` when it is not set, `Function.InvalidVariable` when it is not
    /// UTF-8; the message has its name.
    pub fn var(&self, name: &str) -> Result<String, Error> {
        let settings = self.of_test().into_iter();
        let mut variables = settings.flat_map(|settings| &settings.variables);
        if let Some((_, value)) = variables.find(|(known, _)| known == name) {
            return Ok(value.clone());
        }
        env::var(name).map_err(|error| match error {
            VarError::NotPresent => Error::new(
                error_type::MISSING_VARIABLE,
                format!(
                    "the environment variable {name} is not set; set it in the function's \
                     configuration"
                ),
            ),
            VarError::NotUnicode(_) => Error::new(
                error_type::INVALID_VARIABLE,
                format!("the environment variable {name} is not UTF-8"),
            ),
        })
    }

    /// The most invocations that are in hand at a time: 1, unless the function opted in to more
    /// ([`Runtime::concurrent`](crate::Runtime::concurrent)) and Lambda's setting is higher.
    #[must_use]
    pub fn concurrency(&self) -> usize {
        self.concurrency
    }

    /// Opens the connection to the Runtime API now, for a step that is about to wait for
    /// something else. Without it the connection is made after the step. The ureq client
    /// connects after the step in any case.
    pub fn connect(&self) {
        if let Surroundings::Lambda(connect) = self.surroundings {
            connect();
        }
    }
}

impl fmt::Debug for Init<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Init")
            .field("handler", &self.handler)
            .finish_non_exhaustive()
    }
}
