//! A whole function, called in the process.

use std::fmt;
use std::path::PathBuf;

use super::response::{self, Response};
use crate::api::{MAX_RESPONSE, response_too_large};
use crate::error::Error;
use crate::handler::{Handler, Outcome};
use crate::invocation::{Context, Metadata};
use crate::panics;
use crate::registration::{Chosen, Init, Step, Surroundings, TestSettings};
use crate::runtime::Runtime;

/// A function as Lambda calls it, in the process of a test: its init step has run, and one of its
/// handlers was chosen.
///
/// Hooks do not run, and neither log nor panic hook is set: those are of the test.
pub struct Function<S: 'static = ()> {
    handler: Box<dyn Handler<S>>,
    state: S,
}

/// A function before its init phase, by [`Function::builder`].
#[must_use]
pub struct FunctionBuilder<S: 'static = ()> {
    runtime: Runtime<S>,
    settings: TestSettings,
}

impl<S> FunctionBuilder<S> {
    /// [`Init::task_root`]: the folder with the files of the package.
    pub fn task_root(mut self, folder: impl Into<PathBuf>) -> Self {
        self.settings.task_root = Some(folder.into());
        self
    }

    /// A variable for [`Init::var`], before those of the environment.
    pub fn var(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.settings.variables.push((name.into(), value.into()));
        self
    }

    /// Chooses the handler that `_HANDLER` would choose with this value, and runs the init step.
    ///
    /// # Errors
    /// What would be reported as the error of the init phase: `Runtime.NoSuchHandler`, the error of
    /// the step, or its panic.
    pub fn init(self, handler: &str) -> Result<Function<S>, Error> {
        let Chosen {
            handler: chosen,
            step,
            ..
        } = self.runtime.0.choose(handler, false)?;
        let init = Init {
            handler: handler.to_owned(),
            concurrency: 1,
            surroundings: Surroundings::Test(&self.settings),
        };
        let state = match step {
            Step::Done(state) => state,
            Step::Pending(step) => panics::within_invocation(|| step(&init))?,
        };
        Ok(Function {
            handler: chosen,
            state,
        })
    }
}

impl<S> Function<S> {
    /// Begins a function whose init step needs other settings than the test's environment.
    ///
    /// ```
    /// use coldspark::{Runtime, testing};
    ///
    /// let runtime = Runtime::with_init(|init| init.var("TABLE"))
    ///     .bytes("where", |_, context| Ok(context.state().clone()));
    /// let function = testing::Function::builder(runtime).var("TABLE", "orders").init("where")?;
    /// assert_eq!(function.call("{}")?.body(), b"orders");
    /// # Ok::<(), coldspark::Error>(())
    /// ```
    pub fn builder(runtime: Runtime<S>) -> FunctionBuilder<S> {
        FunctionBuilder {
            runtime,
            settings: TestSettings::default(),
        }
    }

    /// Chooses the handler that `_HANDLER` would choose with this value, and runs the init step.
    ///
    /// # Errors
    /// What would be reported as the error of the init phase: `Runtime.NoSuchHandler`, the error of
    /// the step, or its panic.
    pub fn new(runtime: Runtime<S>, handler: &str) -> Result<Self, Error> {
        Self::builder(runtime).init(handler)
    }

    /// Sends it an event, with the ids and the deadline of [`context()`](super::context()).
    ///
    /// # Errors
    /// The error that Lambda would give the caller: for an event of the wrong shape, the handler's error or
    /// panic, or a response that is too large.
    pub fn call(&self, event: impl AsRef<[u8]>) -> Result<Response, Error> {
        self.call_as(event, &super::context().build())
    }

    /// Sends it an event with these ids and this deadline. The state is the function's own.
    ///
    /// ```
    /// use coldspark::{Runtime, testing};
    ///
    /// let runtime = Runtime::new().bytes("whose", |_, context| {
    ///     Ok(context.tenant_id().unwrap_or("nobody's").to_owned())
    /// });
    /// let function = testing::Function::new(runtime, "whose")?;
    /// let context = testing::context().tenant_id("blue").build();
    /// assert_eq!(function.call_as("{}", &context)?.body(), b"blue");
    /// # Ok::<(), coldspark::Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`call`](Self::call).
    pub fn call_as(
        &self,
        event: impl AsRef<[u8]>,
        metadata: &Metadata<'_>,
    ) -> Result<Response, Error> {
        let context = Context::new(*metadata, &self.state);
        let event = event.as_ref();
        let mut scratch = Vec::new();
        let scratch = &mut scratch;
        let (result, streamed) = response::collecting(|| {
            panics::within_invocation(|| self.handler.call(event, &context, scratch))
        });
        match result? {
            Outcome::Response(body) if body.len() > MAX_RESPONSE => {
                Err(response_too_large(body.len() as u64))
            }
            Outcome::Response(body) => Ok(Response::whole(body.into_owned())),
            Outcome::Streamed(_) => Ok(streamed),
        }
    }

    /// The state that the init step made.
    #[must_use]
    pub fn state(&self) -> &S {
        &self.state
    }
}

impl<S: fmt::Debug> fmt::Debug for Function<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Function")
            .field("state", &self.state)
            .finish_non_exhaustive()
    }
}

impl<S> fmt::Debug for FunctionBuilder<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FunctionBuilder")
            .field("settings", &self.settings)
            .finish_non_exhaustive()
    }
}
