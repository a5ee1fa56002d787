//! Opt-in features: their code is linked only into functions that ask for it.
//!
//! They are reached by function pointers, so that the linker drops those that are not used.
//! [`Runtime`](crate::Runtime) fills the pointers, and `run` calls them.

use std::convert::Infallible;

use super::function::Function;
use crate::api::{ApiError, RuntimeApi};
use crate::client::DefaultClient;
use crate::error::Error;
use crate::invocation::{Context, Metadata};
use crate::settings::Endpoint;

/// The features of a function; a null pointer for most functions, which use no feature.
pub(crate) struct Features<S: 'static> {
    pub(crate) pollers: Option<Pollers<S>>,
    pub(crate) shutdown: Option<Shutdown<S>>,
    /// Called before each event.
    pub(crate) before_event: Option<BeforeEvent>,
    /// Not in a box: code that drops hooks would be linked into each function.
    pub(crate) answers: Option<&'static mut AnswerHooks<S>>,
}

/// How many pollers there are, and how they poll when there are several.
pub(crate) struct Pollers<S: 'static> {
    /// The number of pollers; gets the number of connections that each of them needs.
    pub(crate) count: fn(usize) -> usize,
    pub(crate) poll: Poll<S>,
}

/// How SIGTERM is waited for, and the hooks that then run.
pub(crate) struct Shutdown<S: 'static> {
    pub(crate) watch: fn(&'static S, Vec<ShutdownHook<S>>),
    /// Registers the extension that makes Lambda send SIGTERM; called before a snapshot, and again after it.
    pub(crate) register_extension: fn(&'static Endpoint),
    pub(crate) hooks: Vec<ShutdownHook<S>>,
}

/// The hooks before an answer, and those after it, in the order of their registration.
pub(crate) struct AnswerHooks<S: 'static> {
    /// Makes them ready for the run loop and for streams.
    pub(crate) install: fn(&'static AnswerHooks<S>),
    pub(crate) before: Vec<AnswerHook<S>>,
    pub(crate) after: Vec<AnswerHook<S>>,
}

/// A hook gets the context of the invocation, and its result: an error is the one that the caller gets.
pub(crate) type AnswerHook<S> =
    Box<dyn Fn(&Context<'_, S>, Result<(), &Error>) -> Result<(), Error> + Send + Sync>;

/// A hook gets the state that the init step made.
pub(crate) type ShutdownHook<S> = Box<dyn FnOnce(&S) -> Result<(), Error> + Send>;

/// Polls with several threads, of which this one is the first and has this connection.
type Poll<S> = fn(RuntimeApi<DefaultClient>, Function<S>, usize) -> Result<Infallible, ApiError>;
pub(crate) type BeforeEvent = fn(&Metadata<'_>);

impl<S> Features<S> {
    pub(super) const fn none() -> Self {
        Self {
            pollers: None,
            shutdown: None,
            before_event: None,
            answers: None,
        }
    }
}
