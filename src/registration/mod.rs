//! A function's registration: its handlers by name, its init step, its hooks, and its features.
//! It is data only; `run` acts on it.

mod features;
mod function;
mod init;
mod name;

pub use init::Init;
pub(crate) use init::{Surroundings, TestSettings};

pub(crate) use features::{AnswerHook, AnswerHooks, Features, Pollers, Shutdown, ShutdownHook};
pub(crate) use function::Function;
pub(crate) use init::run as run_init;

use std::borrow::Cow;

use crate::error::{Error, error_type};
use crate::escape::{quoted, quoted_list};
use crate::handler::Handler;
use crate::log;
use crate::snapshot::Hooks;
use name::Name;

/// The registration of a function.
pub(crate) struct Registration<S: 'static> {
    step: Step<S>,
    handlers: Vec<(Name, Box<dyn Handler<S>>)>,
    /// The fallback handler, for an unknown name in `_HANDLER`.
    pub(crate) fallback: Option<Box<dyn Handler<S>>>,
    pub(crate) hooks: Hooks<S>,
    pub(crate) features: Option<Box<Features<S>>>,
}

/// The init step, which makes the state.
pub(crate) enum Step<S> {
    /// There is no step, and this is the state.
    Done(S),
    Pending(Box<InitStep<S>>),
}

pub(crate) type InitStep<S> = dyn FnOnce(&Init<'_>) -> Result<S, Error>;

/// The handler that `_HANDLER` has chosen, with its init step, hooks and features.
pub(crate) struct Chosen<S: 'static> {
    pub(crate) handler: Box<dyn Handler<S>>,
    pub(crate) step: Step<S>,
    pub(crate) hooks: Hooks<S>,
    pub(crate) features: Option<Box<Features<S>>>,
}

impl<S> Registration<S> {
    pub(crate) const fn new(step: Step<S>) -> Self {
        Self {
            step,
            handlers: Vec::new(),
            fallback: None,
            hooks: Hooks::new(),
            features: None,
        }
    }

    #[inline(always)]
    pub(crate) fn add(&mut self, name: Cow<'static, str>, handler: Box<dyn Handler<S>>) {
        self.handlers.push((Name::new(name), handler));
    }

    /// The features, for a caller that adds one. The first call makes them.
    pub(crate) fn features(&mut self) -> &mut Features<S> {
        self.features
            .get_or_insert_with(|| Box::new(Features::none()))
    }

    /// Chooses the handler by `name`, the value of `_HANDLER`. If that is another name than the only handler's,
    /// and `logs_details`, it is logged.
    pub(crate) fn choose(mut self, name: &str, logs_details: bool) -> Result<Chosen<S>, Error> {
        let mut found = self.handlers.iter().position(|(known, _)| known.is(name));
        if found.is_none() && self.handlers.len() == 1 {
            if name.is_empty() {
                found = Some(0);
            } else if self.fallback.is_none() {
                if logs_details {
                    log_other_name(name, self.handlers[0].0.text());
                }
                found = Some(0);
            }
        }
        let handler = match (found, self.fallback) {
            (Some(index), _) => self.handlers.swap_remove(index).1,
            (None, Some(fallback)) => fallback,
            (None, None) => {
                let names = self.handlers.iter().map(|(known, _)| known.text());
                return Err(no_such_handler(name, &names.collect::<Vec<_>>()));
            }
        };
        Ok(Chosen {
            handler,
            step: self.step,
            hooks: self.hooks,
            features: self.features,
        })
    }
}

/// Logs that `_HANDLER` is not the name of the only handler, which answers all the same.
#[cold]
#[inline(never)]
fn log_other_name(name: &str, only: &str) {
    let name = quoted(name);
    log::debug(format_args!(
        "_HANDLER is {name}; the only handler, \"{only}\", answers"
    ));
}

#[cold]
fn no_such_handler(name: &str, names: &[&str]) -> Error {
    let (name, names) = (quoted(name), quoted_list(names));
    Error::new(
        error_type::NO_SUCH_HANDLER,
        format!(
            "_HANDLER is {name}, and this function has the handlers {names}; set the \
             function's handler to one of them"
        ),
    )
}
