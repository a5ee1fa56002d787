//! The function's hooks around each answer: before it is sent, and after the Runtime API has taken it.
//!
//! ```text
//! handler -> the error is logged -> before -> claim, POST -> answered -> after -> next
//! ```
//!
//! A streamed response calls the hooks before its end itself, since the run loop does not see that end.

use std::any::Any;
use std::cell::RefCell;

use crate::error::{Error, error_type};
use crate::handler::{AROUND_ANSWER, AroundAnswer};
use crate::invocation::{Context, Metadata};
use crate::registration::{AnswerHook, AnswerHooks};
use crate::{log, panics};

thread_local! {
    /// The error that this poller answers its event with. The hooks after the answer get it.
    static FAILED: RefCell<Option<Error>> = const { RefCell::new(None) };
}

/// Makes the hooks ready for the run loop and for streams.
pub(crate) fn install<S>(hooks: &'static AnswerHooks<S>) {
    let around: Box<dyn AroundAnswer> = Box::new(Around(hooks));
    AROUND_ANSWER.fill(Box::leak(Box::new(around)));
}

struct Around<S: 'static>(&'static AnswerHooks<S>);

impl<S: 'static> AroundAnswer for Around<S> {
    fn before(&self, metadata: Metadata<'_>, state: &dyn Any, result: Result<(), &Error>) {
        if let Some(context) = with_state_of_type(metadata, state) {
            let what = "a hook before the answer failed: ";
            run(what, &self.0.before, &context, result);
        }
        if !self.0.after.is_empty() {
            FAILED.set(result.err().cloned());
        }
    }

    fn after(&self, metadata: Metadata<'_>, state: &dyn Any, taken: bool) {
        let mut failed = FAILED.take();
        if !taken {
            failed = Some(Error::new(
                error_type::ANSWER_NOT_TAKEN,
                "the Runtime API has not taken the answer; the log has the reason",
            ));
        }
        if let Some(context) = with_state_of_type(metadata, state) {
            let what = "a hook after the answer failed: ";
            let result = failed.as_ref().map_or(Ok(()), Err);
            run(what, &self.0.after, &context, result);
        }
    }
}

/// The context with the state in its own type. There is always one: a process has one function, and so one type
/// of state.
fn with_state_of_type<'a, S: 'static>(
    metadata: Metadata<'a>,
    state: &'a dyn Any,
) -> Option<Context<'a, S>> {
    Some(Context::new(metadata, state.downcast_ref()?))
}

/// Runs hooks in the order of their registration. An error of a hook is logged, and changes neither the answer
/// nor what the others do.
fn run<S: 'static>(
    what: &str,
    hooks: &[AnswerHook<S>],
    context: &Context<'_, S>,
    result: Result<(), &Error>,
) {
    for hook in hooks {
        if let Err(error) = panics::within_invocation(|| hook(context, result)) {
            log::failure(what, &error);
        }
    }
}
