//! A panic is reported to Lambda before the process ends.
//!
//! With `panic=abort` (the recommended profile) nothing runs after the panic hook, so the hook
//! itself answers, over a connection of its own, and exits. With unwinding the panic is caught
//! where the handler was called and becomes an error like any other; the process stays.
//!
//! `concurrency` answers for the other invocations in hand, when there are several.

use std::any::Any;
use std::cell::RefCell;
use std::panic::{self, AssertUnwindSafe, PanicHookInfo};
use std::sync::atomic::{AtomicBool, Ordering};

use once_cell::race::OnceBox;

use crate::api::{ApiError, RuntimeApi};
use crate::client::DefaultClient;
use crate::error::{Error, Side, kind};
use crate::invocation::Metadata;
use crate::invocation::flight::{self, Flight, Stage};
use crate::{log, settings, sys};

const ABORTS: bool = cfg!(panic = "abort");

/// Set by the first panic when panics abort.
static REPORTING: AtomicBool = AtomicBool::new(false);

/// Set by the first handler that streams.
static END_STREAMS: OnceBox<fn(&Error, &str) -> bool> = OnceBox::new();

/// Answers for the other pollers than this one, if there are any.
pub(crate) type Others = fn(&mut RuntimeApi<DefaultClient>, &Flight) -> Result<(), ApiError>;
static OTHERS: OnceBox<Others> = OnceBox::new();

thread_local! {
    static LAST: RefCell<Option<Error>> = const { RefCell::new(None) };
}

/// Sets the panic hook.
pub(crate) fn install() {
    panic::set_hook(Box::new(hook));
}

/// From now on there are several pollers, and a panic that ends the process is told to all.
pub(crate) fn report_to(others: Others) {
    OTHERS.get_or_init(|| Box::new(others));
}

/// Runs the init step; a panic in it is its error.
pub(crate) fn during_init<T>(work: impl FnOnce() -> Result<T, Error>) -> Result<T, Error> {
    guard(flight::INIT, flight::IDLE, work)
}

/// Runs a hook; its error or panic becomes the error that Lambda wants for it.
pub(crate) fn during_hook(
    side: Side,
    work: impl FnOnce() -> Result<(), Error>,
) -> Result<(), Error> {
    let stage = match side {
        Side::BeforeSnapshot => flight::BEFORE_SNAPSHOT,
        Side::AfterRestore => flight::AFTER_RESTORE,
    };
    guard(stage, flight::IDLE, work).map_err(|error| error.of_hook(side))
}

/// Runs a handler; a panic in it is the error of that invocation, whose answer is then on the way.
pub(crate) fn during_invocation<T, E: From<Error>>(
    metadata: &Metadata<'_>,
    work: impl FnOnce() -> Result<T, E>,
) -> Result<T, E> {
    flight::mine().set_current(metadata);
    guard(flight::INVOCATION, flight::ANSWERING, work)
}

/// Runs a part of a handler; a panic in it is an error that the other part can still see to.
pub(crate) fn within_invocation<T>(work: impl FnOnce() -> Result<T, Error>) -> Result<T, Error> {
    catch(work)
}

/// Sets what ends the streamed responses that have begun, with this error, when the process ends.
/// It says whether that of this request id was one of them.
pub(crate) fn end_streams_by(end: fn(&Error, &str) -> bool) {
    END_STREAMS.get_or_init(|| Box::new(end));
}

/// Ends the streamed responses that have begun, with this error; says whether that of this request
/// id was one of them.
pub(crate) fn end_streams(error: &Error, request_id: &str) -> bool {
    END_STREAMS.get().is_some_and(|end| end(error, request_id))
}

fn guard<T, E: From<Error>>(
    stage: Stage,
    next: Stage,
    work: impl FnOnce() -> Result<T, E>,
) -> Result<T, E> {
    let flight = flight::mine();
    flight.enter(stage);
    let result = catch(work);
    if !flight.leave_for(next) {
        // A panic on another thread is being reported to this invocation's caller.
        sys::wait_for_the_end();
    }
    result
}

fn catch<T, E: From<Error>>(work: impl FnOnce() -> Result<T, E>) -> Result<T, E> {
    if ABORTS {
        // The hook does not come back, and what would catch is not linked.
        return work();
    }
    panic::catch_unwind(AssertUnwindSafe(work))
        .unwrap_or_else(|payload| Err(caught(&*payload).into()))
}

/// The error of a panic that was caught on this thread just now.
pub(crate) fn caught(payload: &(dyn Any + Send)) -> Error {
    let text = text(payload);
    let last = LAST.with(|last| last.borrow_mut().take());
    // The hook may have seen another panic last, which the handler caught; and a panic that is
    // passed on with `resume_unwind` does not come by the hook.
    let own = last.filter(|last| last.message().ends_with(text));
    own.unwrap_or_else(|| Error::new(kind::PANIC, format!("panicked: {text}")))
}

fn hook(info: &PanicHookInfo<'_>) {
    let error = describe(info);
    log::plain("ERROR", format_args!("{}", error.message()), Some(&error));
    if ABORTS {
        // The first panic ends the process when it is reported; others must not cut that short.
        if REPORTING.swap(true, Ordering::AcqRel) {
            sys::wait_for_the_end();
        }
        if let Err(failed) = report(error) {
            log::plain(
                "ERROR",
                format_args!("the panic was not reported: {failed}"),
                None,
            );
        }
        sys::exit(1);
    }
    LAST.with(|last| *last.borrow_mut() = Some(error));
}

/// What was said to `panic!`.
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
    Error::new(kind::PANIC, message)
}

/// Answers in the name of whatever the panic interrupts, unless it has just been answered, and of
/// what other pollers have in hand.
fn report(error: Error) -> Result<(), ApiError> {
    let Some(endpoint) = settings::endpoint() else {
        return Ok(());
    };
    let mut api = RuntimeApi::<DefaultClient>::new(endpoint);
    let mine = flight::mine();
    let reported = if mine.take_over(flight::INIT) {
        api.init_error(&error)
    } else if mine.take_over(flight::INVOCATION) {
        fail(&mut api, mine, &error)
    } else if mine.take_over(flight::BEFORE_SNAPSHOT) {
        api.init_error(&error.of_hook(Side::BeforeSnapshot))
    } else if mine.take_over(flight::AFTER_RESTORE) {
        api.restore_error(&error.of_hook(Side::AfterRestore))
    } else {
        Ok(())
    };
    match OTHERS.get() {
        Some(others) => reported.and(others(&mut api, mine)),
        None => reported,
    }
}

/// Answers an invocation with an error, in the name of its poller.
pub(crate) fn fail(
    api: &mut RuntimeApi<DefaultClient>,
    flight: &Flight,
    error: &Error,
) -> Result<(), ApiError> {
    let current = flight.current();
    if end_streams(error, current.request_id()) {
        return Ok(());
    }
    let metadata = Metadata::of(current.request_id(), current.invocation_id());
    api.answer(metadata).fail(error)
}
