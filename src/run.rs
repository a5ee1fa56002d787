//! The run loop: init, then next, handle, answer.

use std::borrow::Cow;
use std::cell::RefCell;
use std::fmt;
use std::path::PathBuf;

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::api::{ApiError, Invocation, MAX_RESPONSE, RuntimeApi};
use crate::error::{Error, kind};
use crate::handler::{Handler, Json, Raw};
use crate::http::{Client, DefaultClient};
use crate::invocation::Context;
use crate::settings::{self, InvalidEndpoint, Settings};
use crate::{log, panics, sys};

/// A function: its handlers by name, and the init step that runs before the first event.
///
/// `_HANDLER`, the function's handler setting, chooses the handler by its exact name; when there
/// is only one, it also answers an empty `_HANDLER`.
///
/// ```no_run
/// use coldspark::{Context, Error, Runtime};
/// use std::collections::HashMap;
///
/// type Prices = HashMap<String, u64>;
///
/// fn main() {
///     Runtime::with_init(|init| {
///         let text = std::fs::read(init.task_root().join("prices.json"))?;
///         Ok(serde_json::from_slice::<Prices>(&text)?)
///     })
///     .json("price", |article: String, context: &Context<'_, Prices>| {
///         context.state().get(&article).copied().ok_or_else(|| {
///             Error::new("Article.Unknown", format!("no article {article:?}"))
///         })
///     })
///     .run()
/// }
/// ```
pub struct Runtime<S = ()> {
    step: Step<S>,
    handlers: Handlers<S>,
    any: Option<Box<dyn Handler<S>>>,
}

enum Step<S> {
    Done(S),
    Pending(Box<InitStep<S>>),
}

type InitStep<S> = dyn FnOnce(&Init<'_>) -> Result<S, Error>;
type Handlers<S> = Vec<(Cow<'static, str>, Box<dyn Handler<S>>)>;

impl Runtime<()> {
    /// A function without an init step.
    #[must_use]
    pub fn new() -> Self {
        Self {
            step: Step::Done(()),
            handlers: Vec::new(),
            any: None,
        }
    }
}

impl Default for Runtime<()> {
    fn default() -> Self {
        Self::new()
    }
}

impl<S> Runtime<S> {
    /// A function whose init step makes the state that its handlers share
    /// ([`Context::state`]).
    ///
    /// The step runs in the init phase, which ends with the first call for an event. Its error is
    /// reported to Lambda with its type and message, and the process exits with status 1. Lambda
    /// may run init again for the first invocation, so its side effects must be repeatable.
    pub fn with_init(step: impl FnOnce(&Init<'_>) -> Result<S, Error> + 'static) -> Self {
        Self {
            step: Step::Pending(Box::new(step)),
            handlers: Vec::new(),
            any: None,
        }
    }

    /// Registers a handler over types of serde: the event is read as JSON, the response written
    /// as JSON.
    ///
    /// An event of another shape is answered with the error `Runtime.InvalidEvent`, which says
    /// where; the next event is then served.
    #[must_use]
    pub fn json<T, R, F>(mut self, name: impl Into<Cow<'static, str>>, handler: F) -> Self
    where
        F: for<'e> Fn(T, &Context<'e, S>) -> Result<R, Error> + Send + Sync + 'static,
        T: DeserializeOwned + 'static,
        R: Serialize + 'static,
        S: 'static,
    {
        let handler = Box::new(Json::new(handler));
        self.handlers.push((name.into(), handler));
        self
    }

    /// Registers a handler over bytes. What it borrows from the event is not copied.
    #[must_use]
    pub fn raw<F>(mut self, name: impl Into<Cow<'static, str>>, handler: F) -> Self
    where
        F: for<'e> Fn(&'e [u8], &Context<'e, S>) -> Result<Cow<'e, [u8]>, Error>
            + Send
            + Sync
            + 'static,
        S: 'static,
    {
        self.handlers.push((name.into(), Box::new(Raw(handler))));
        self
    }

    /// Sets the handler over bytes that answers when `_HANDLER` names none of the others; its
    /// value is in [`Init::handler`].
    #[must_use]
    pub fn any<F>(mut self, handler: F) -> Self
    where
        F: for<'e> Fn(&'e [u8], &Context<'e, S>) -> Result<Cow<'e, [u8]>, Error>
            + Send
            + Sync
            + 'static,
        S: 'static,
    {
        self.any = Some(Box::new(Raw(handler)));
        self
    }

    /// Runs the function: never returns, and exits with status 1 when it cannot go on.
    pub fn run(self) -> ! {
        sys::ignore_sigpipe();
        let Err(stop) = self.serve();
        log::install();
        match stop {
            Stop::Settings(error) => tracing::error!("{error}"),
            Stop::Init(error, None) => tracing::error!("the init phase failed: {error}"),
            Stop::Init(error, Some(unreported)) => {
                tracing::error!(
                    "the init phase failed: {error}; reporting it failed too: {unreported}"
                );
            }
            Stop::Api(error) => tracing::error!("{error}; the process ends"),
        }
        sys::exit(1)
    }

    fn serve(self) -> Result<std::convert::Infallible, Stop> {
        let settings = Settings::from_env().map_err(Stop::Settings)?;
        panics::install(&settings.endpoint);
        let mut api = RuntimeApi::<DefaultClient>::new(&settings.endpoint);
        let (handler, state) = self.start(settings.handler, &mut api).map_err(|error| {
            let unreported = api.init_error(&error).err();
            Stop::Init(error, unreported)
        })?;
        poll(&mut api, &*handler, &state).map_err(Stop::Api)
    }

    /// The init phase: chooses the handler, runs the init step.
    fn start<C: Client>(
        self,
        name: String,
        api: &mut RuntimeApi<C>,
    ) -> Result<(Box<dyn Handler<S>>, S), Error> {
        let handler = choose(self.handlers, self.any, &name)?;
        let state = match self.step {
            Step::Done(state) => state,
            Step::Pending(step) => {
                log::install();
                let api = RefCell::new(api);
                let init = Init {
                    handler: name,
                    connect: &|| api.borrow_mut().connect(),
                };
                panics::during_init(|| step(&init))?
            }
        };
        Ok((handler, state))
    }
}

/// Why the process ends.
enum Stop {
    /// There is no Runtime API to talk to.
    Settings(InvalidEndpoint),
    /// The init phase failed; it was reported unless there is a second error.
    Init(Error, Option<ApiError>),
    /// The Runtime API does not let it go on.
    Api(ApiError),
}

fn choose<S>(
    mut handlers: Handlers<S>,
    any: Option<Box<dyn Handler<S>>>,
    name: &str,
) -> Result<Box<dyn Handler<S>>, Error> {
    let found = handlers.iter().position(|(known, _)| known == name);
    let only = name.is_empty() && handlers.len() == 1;
    if let Some(index) = found.or(only.then_some(0)) {
        return Ok(handlers.swap_remove(index).1);
    }
    if let Some(any) = any {
        return Ok(any);
    }
    let names: Vec<_> = handlers.iter().map(|(known, _)| &**known).collect();
    Err(Error::new(
        kind::NO_SUCH_HANDLER,
        format!(
            "_HANDLER is {name:?}, and this function has the handlers {names:?}; set the function's \
             handler to one of them"
        ),
    ))
}

fn poll<C: Client, S>(
    api: &mut RuntimeApi<C>,
    handler: &dyn Handler<S>,
    state: &S,
) -> Result<std::convert::Infallible, ApiError> {
    let mut scratch = Vec::new();
    loop {
        let Invocation {
            event,
            metadata,
            answer,
            broken,
        } = api.next()?;
        log::install();
        scratch.clear();
        let context = Context::new(metadata, state);
        let result = match broken {
            None => {
                panics::during_invocation(&metadata, || handler.call(event, &context, &mut scratch))
            }
            Some(reason) => Err(Error::new(
                kind::INVALID_EVENT,
                format!("the event did not come whole: {reason}"),
            )),
        };
        let response = result.and_then(fits);
        let answered = match &response {
            Ok(body) => answer.respond(body),
            Err(error) => {
                tracing::error!(request_id = metadata.request_id, "{error}");
                answer.fail(error)
            }
        };
        match answered {
            Ok(()) => {}
            Err(error) if error.is_fatal() => return Err(error),
            Err(error) => {
                tracing::warn!(
                    request_id = metadata.request_id,
                    "the answer was not taken: {error}"
                );
            }
        }
    }
}

/// Refuses a response that the Runtime API would refuse, so that the caller learns the sizes.
fn fits(body: Cow<'_, [u8]>) -> Result<Cow<'_, [u8]>, Error> {
    if body.len() <= MAX_RESPONSE {
        return Ok(body);
    }
    Err(Error::new(
        kind::RESPONSE_TOO_LARGE,
        format!(
            "the response has {} bytes, and Lambda takes at most {MAX_RESPONSE}; return less, or \
             put it into S3 and return where it is",
            body.len()
        ),
    ))
}

/// What an init step may know and do.
pub struct Init<'a> {
    handler: String,
    connect: &'a dyn Fn(),
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
