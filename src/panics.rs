//! Panics: each is reported to Lambda, even if it ends the process.
//!
//! With `panic=abort` (the recommended profile) nothing runs after the panic hook, so the hook
//! itself answers, over a connection of its own, and exits. With unwinding the panic is caught
//! where the handler was called and becomes an error like any other; the process stays.
//!
//! `ending` answers for the other invocations in hand, when there are several.

use std::any::Any;
use std::cell::{Cell, RefCell};
use std::mem::{self, ManuallyDrop};
use std::panic::{self, AssertUnwindSafe, PanicHookInfo};
use std::ptr;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::api::{ApiError, RuntimeApi};
use crate::client::DefaultClient;
use crate::ending::{self, Farewell};
use crate::error::{Error, Side, error_type};
use crate::poller::{self, Stage};
use crate::{log, settings, sys, waiting};

const ABORTS: bool = cfg!(panic = "abort");

thread_local! {
    /// The last panic of this thread that unwinds.
    static LAST: RefCell<Option<Error>> = const { RefCell::new(None) };
}

type Hook = dyn Fn(&PanicHookInfo<'_>) + Sync + Send;

thread_local! {
    /// Whether this thread is in our hook.
    static IN_HOOK: Cell<bool> = const { Cell::new(false) };
}

/// Sets the panic hook and the log, once, before the function's code runs. A start without such code waits for
/// its first event without them.
pub(crate) fn install_with_log() {
    static INSTALLED: AtomicBool = AtomicBool::new(false);
    if !INSTALLED.load(Ordering::Relaxed) {
        INSTALLED.store(true, Ordering::Relaxed);
        install_hook();
        log::install();
    }
}

/// Sets the panic hook, which then calls the function's own, if there is one.
pub(crate) fn install_hook() {
    let earlier = panic::take_hook();
    // Without a hook, std returns its default one, which would log the panic again.
    let of_std = panic::take_hook();
    // Both come from the same line of std. If the comparison failed, std's hook would write its line too.
    let is_set = !ptr::eq(&*earlier, &*of_std);
    if is_set {
        install_before(earlier);
    } else {
        panic::set_hook(Box::new(|info| hook(info, None)));
    }
}

#[cold]
fn install_before(earlier: Box<Hook>) {
    panic::set_hook(Box::new(move |info| hook(info, Some(&*earlier))));
}

/// Runs the init step; a panic becomes its error.
pub(crate) fn during_init<T>(work: impl FnOnce() -> Result<T, Error>) -> Result<T, Error> {
    within_phase(Stage::Init, work)
}

/// Runs a hook; its error or panic becomes the error that Lambda prescribes for hooks.
pub(crate) fn during_hook(
    side: Side,
    work: impl FnOnce() -> Result<(), Error>,
) -> Result<(), Error> {
    let stage = match side {
        Side::BeforeSnapshot => Stage::BeforeSnapshot,
        Side::AfterRestore => Stage::AfterRestore,
    };
    within_phase(stage, work).map_err(|error| error.of_hook(side))
}

/// Runs a handler or a part of one; a panic in it is an error like any other.
pub(crate) fn within_invocation<T>(work: impl FnOnce() -> Result<T, Error>) -> Result<T, Error> {
    catch(work)
}

/// Runs the code of a phase. It does not return while a panic on another thread is being reported as this
/// phase's error.
fn within_phase<T>(stage: Stage, work: impl FnOnce() -> Result<T, Error>) -> Result<T, Error> {
    let poller = poller::mine();
    poller.change_stage(Stage::Idle, stage);
    let result = catch(work);
    poller.change_stage(stage, Stage::Idle);
    result
}

fn catch<T>(work: impl FnOnce() -> Result<T, Error>) -> Result<T, Error> {
    if ABORTS {
        // The hook does not return, and no code that catches is linked.
        return work();
    }
    panic::catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|payload| {
        let error = caught(&*payload);
        discard(payload);
        Err(error)
    })
}

/// Drops the payload of a panic. It is a value of the function, whose drop may panic as well; the hook
/// logs that, and the second payload is not dropped.
pub(crate) fn discard(payload: Box<dyn Any + Send>) {
    if let Err(another) = panic::catch_unwind(AssertUnwindSafe(|| drop(payload))) {
        mem::forget(another);
    }
}

/// The error of a panic that was caught on this thread just now.
pub(crate) fn caught(payload: &(dyn Any + Send)) -> Error {
    let text = text(payload);
    let last = LAST.with(|last| last.borrow_mut().take());
    // The hook may have seen another panic last, which the handler caught; and a panic that is
    // passed on with `resume_unwind` does not come by the hook.
    let own = last.filter(|last| last.message().ends_with(text));
    own.unwrap_or_else(|| Error::new(error_type::PANIC, format!("panicked: {text}")))
}

/// Reports a panic, then calls the earlier hook, which may call ours again if it was set over ours.
fn hook(info: &PanicHookInfo<'_>, earlier: Option<&Hook>) {
    let is_first = !IN_HOOK.replace(true);
    if is_first {
        report_first(info);
    }
    if let Some(earlier) = earlier {
        earlier(info);
    }
    if is_first {
        if ABORTS {
            sys::exit(1);
        }
        IN_HOOK.set(false);
    }
}

fn report_first(info: &PanicHookInfo<'_>) {
    let error = describe(info);
    log::panic(&error);
    if ABORTS {
        // The first panic's report ends the process; others must not interrupt it.
        ending::begin();
        if let Err(failed) = report(error) {
            log::plain(
                "ERROR",
                format_args!("the panic was not reported: {failed}"),
                None,
            );
        }
    } else {
        LAST.with(|last| *last.borrow_mut() = Some(error));
    }
}

/// The message of the panic.
fn text(payload: &(dyn Any + Send)) -> &str {
    payload
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| payload.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("a value that is not text")
}

fn describe(info: &PanicHookInfo<'_>) -> Error {
    let message = text(info.payload());
    let message = match info.location() {
        Some(place) => format!(
            "panicked at {}:{}:{}: {message}",
            place.file(),
            place.line(),
            place.column()
        ),
        None => format!("panicked: {message}"),
    };
    Error::new(error_type::PANIC, message)
}

/// Reports the panic as the error of the event or phase that it interrupts, unless an answer is already
/// on the way, and answers the other pollers' events in hand.
fn report(error: Error) -> Result<(), ApiError> {
    let Some(endpoint) = settings::endpoint() else {
        return Ok(());
    };
    // The process ends before anything else could need this lock.
    let mut api = ManuallyDrop::new(RuntimeApi::<DefaultClient>::new(endpoint));
    let mine = poller::mine();
    waiting::limit(ending::LIMIT);
    if mine.take_phase(Stage::Init) {
        api.init_error(&error)
    } else if mine.take_phase(Stage::BeforeSnapshot) {
        api.init_error(&error.of_hook(Side::BeforeSnapshot))
    } else if mine.take_phase(Stage::Snapshot) {
        // It is unknown whether this is before or after the snapshot.
        api.init_error(&error)
            .or_else(|_| api.restore_error(&error))
    } else if mine.take_phase(Stage::AfterRestore) {
        api.restore_error(&error.of_hook(Side::AfterRestore))
    } else {
        // Without the message, which may hold data of another caller.
        let others = Error::new(
            error_type::PROCESS_ENDED,
            "the process ends because of a panic outside this invocation; the log has it, and \
             the invocation may be tried again",
        );
        let farewell = Farewell {
            panicked: Some((mine, &error)),
            error: &others,
            until: ending::now() + ending::LIMIT,
            waits_for_deadlines: true,
        };
        let (_, sent) = farewell.send(&mut api);
        sent
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::poller::Poller;

    /// Otherwise a panic of an event would be reported as one of the init phase.
    #[test]
    fn only_the_phase_that_a_poller_is_in_is_taken_and_once() {
        let poller = Poller::new();
        poller.change_stage(Stage::Idle, Stage::Init);
        for other in [Stage::BeforeSnapshot, Stage::Snapshot, Stage::AfterRestore] {
            assert!(!poller.take_phase(other), "{other:?}");
        }
        assert!(poller.take_phase(Stage::Init));
        assert!(!poller.take_phase(Stage::Init));
    }
}
