//! What a function is made of: its handlers by name and its init step.

mod hooks;
mod init;
mod name;
mod opt_in;

pub use init::Init;
pub(crate) use opt_in::{Announce, OptIn};

use std::borrow::Cow;

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::error::{Error, error_type};
use crate::escape::{list, quoted};
use crate::handler::{Handler, Json, Raw};
use crate::invocation::Context;
use crate::snapshot::Hooks;
use crate::stream::{Stream, Writer};
use crate::{log, run};
use name::Name;

/// A function: its handlers by name, and the init step that runs before the first event.
///
/// `_HANDLER`, the function's handler setting, chooses the handler by its exact name. A handler
/// that is the only one answers whatever the setting is, since deployment tools put names of their
/// own there; another name than its own is logged at level DEBUG.
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
pub struct Runtime<S: 'static = ()> {
    step: Step<S>,
    handlers: Handlers<S>,
    any: Option<Box<dyn Handler<S>>>,
    hooks: Hooks<S>,
    opt_in: Option<Box<OptIn<S>>>,
}

pub(crate) enum Step<S> {
    Done(S),
    Pending(Box<InitStep<S>>),
}

pub(crate) type InitStep<S> = dyn FnOnce(&Init<'_>) -> Result<S, Error>;
pub(crate) type Chosen<S> = (
    Box<dyn Handler<S>>,
    Step<S>,
    Hooks<S>,
    Option<Box<OptIn<S>>>,
);
type Handlers<S> = Vec<(Name, Box<dyn Handler<S>>)>;

impl Runtime<()> {
    /// A function without an init step.
    #[must_use]
    pub fn new() -> Self {
        Self {
            step: Step::Done(()),
            handlers: Vec::new(),
            any: None,
            hooks: Hooks::new(),
            opt_in: None,
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
            step: Step::Pending(Box::new(|init| init::run(step, init))),
            handlers: Vec::new(),
            any: None,
            hooks: Hooks::new(),
            opt_in: None,
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
        self.handlers.push((Name::new(name.into()), handler));
        self
    }

    /// Registers a handler over bytes. What it borrows from the event is not copied.
    ///
    /// ```no_run
    /// coldspark::Runtime::new().raw("upper", |event, _| Ok(event.to_ascii_uppercase().into())).run()
    /// ```
    #[must_use]
    pub fn raw<F>(mut self, name: impl Into<Cow<'static, str>>, handler: F) -> Self
    where
        F: for<'e> Fn(&'e [u8], &Context<'e, S>) -> Result<Cow<'e, [u8]>, Error>
            + Send
            + Sync
            + 'static,
        S: 'static,
    {
        self.handlers
            .push((Name::new(name.into()), Box::new(Raw(handler))));
        self
    }

    /// Registers a handler over HTTP requests and responses: events of API Gateway (payload format
    /// 1.0 and 2.0), function URLs and Application Load Balancers, each answered in its own form
    /// ([`http`](mod@crate::http)). Needs the feature `http`.
    ///
    /// A request that HTTP does not allow (a header with a line end, say) is answered with status
    /// 400, and the handler is not called. Another event, or one with invalid Base64, is answered
    /// with the error `Runtime.InvalidEvent`; a response that cannot be sent with
    /// `Runtime.InvalidResponse`, or `Function.ResponseSizeTooLarge`. The client sees any error of
    /// a handler as status 502 of the front end.
    ///
    /// ```no_run
    /// use coldspark::http::{Response, header};
    ///
    /// coldspark::Runtime::new()
    ///     .http("web", |request, _| {
    ///         let text = format!("{} {}", request.method(), request.uri());
    ///         Ok(Response::builder()
    ///             .header(header::CONTENT_TYPE, "text/plain")
    ///             .body(text)?)
    ///     })
    ///     .run()
    /// ```
    #[cfg(feature = "http")]
    #[must_use]
    pub fn http<B, F>(mut self, name: impl Into<Cow<'static, str>>, handler: F) -> Self
    where
        F: for<'e> Fn(
                ::http::Request<crate::http::Body>,
                &Context<'e, S>,
            ) -> Result<::http::Response<B>, Error>
            + Send
            + Sync
            + 'static,
        B: Into<crate::http::Body> + 'static,
        S: 'static,
    {
        let handler = Box::new(crate::http::Http::new(handler));
        self.handlers.push((Name::new(name.into()), handler));
        self
    }

    /// Registers a handler over bytes that writes its response while the caller reads it: see
    /// [`stream`](crate::stream), where an example is.
    #[must_use]
    pub fn stream<F>(mut self, name: impl Into<Cow<'static, str>>, handler: F) -> Self
    where
        F: for<'e> Fn(&'e [u8], &Context<'e, S>, &mut Writer<'_>) -> Result<(), Error>
            + Send
            + Sync
            + 'static,
        S: 'static,
    {
        let handler = Box::new(Stream(handler));
        self.handlers.push((Name::new(name.into()), handler));
        self
    }

    /// Sets the handler over bytes that answers when `_HANDLER` names none of the others; its
    /// value is in [`Init::handler`].
    ///
    /// ```no_run
    /// coldspark::Runtime::with_init(|init| Ok(init.handler().to_owned()))
    ///     .any(|_, context| Ok(context.state().clone().into_bytes().into()))
    ///     .run()
    /// ```
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

    /// The same for a handler that writes its response; the last one that is set answers.
    #[must_use]
    pub fn any_stream<F>(mut self, handler: F) -> Self
    where
        F: for<'e> Fn(&'e [u8], &Context<'e, S>, &mut Writer<'_>) -> Result<(), Error>
            + Send
            + Sync
            + 'static,
        S: 'static,
    {
        self.any = Some(Box::new(Stream(handler)));
        self
    }

    /// Runs the function: never returns, and exits with status 1 when it cannot go on.
    ///
    /// Until the first event it reads the environment without std's lock: a thread that was
    /// started earlier must not change it meanwhile (which is `unsafe` in any case).
    pub fn run(self) -> ! {
        run::run(self)
    }

    /// The handler that `name`, the value of `_HANDLER`, chooses, and the step that makes its
    /// state.
    pub(crate) fn choose(mut self, name: &str) -> Result<Chosen<S>, Error> {
        let mut found = self.handlers.iter().position(|(known, _)| known.is(name));
        if found.is_none() && self.handlers.len() == 1 {
            if name.is_empty() {
                found = Some(0);
            } else if self.any.is_none() {
                answers_to(name, self.handlers[0].0.text());
                found = Some(0);
            }
        }
        if let Some(index) = found {
            let handler = self.handlers.swap_remove(index).1;
            return Ok((handler, self.step, self.hooks, self.opt_in));
        }
        if let Some(any) = self.any {
            return Ok((any, self.step, self.hooks, self.opt_in));
        }
        let names: Vec<_> = self
            .handlers
            .iter()
            .map(|(known, _)| known.text())
            .collect();
        Err(no_such_handler(name, &names))
    }
}

/// Logs that the only handler answers to another name than its own.
#[cold]
#[inline(never)]
fn answers_to(name: &str, own: &str) {
    let name = quoted(name);
    log::debug(format_args!(
        "_HANDLER is {name}; the only handler, \"{own}\", answers"
    ));
}

#[cold]
fn no_such_handler(name: &str, names: &[&str]) -> Error {
    let (name, names) = (quoted(name), list(names));
    Error::new(
        error_type::NO_SUCH_HANDLER,
        format!(
            "_HANDLER is {name}, and this function has the handlers {names}; set the \
             function's handler to one of them"
        ),
    )
}
