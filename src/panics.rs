//! A panic is reported to Lambda before the process ends.
//!
//! With `panic=abort` (the recommended profile) nothing runs after the panic hook, so the hook
//! itself answers, over a connection of its own, and exits. With unwinding the panic is caught
//! where the handler was called and becomes an error like any other; the process stays.

use std::any::Any;
use std::cell::RefCell;
use std::panic::{self, AssertUnwindSafe, PanicHookInfo};
use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};
use std::thread;
use std::time::Duration;

use once_cell::race::OnceBox;

use crate::api::{ApiError, RuntimeApi};
use crate::client::DefaultClient;
use crate::error::{Error, Side, kind};
use crate::invocation::{self, Metadata};
use crate::{log, settings, sys};

const ABORTS: bool = cfg!(panic = "abort");

/// What a panic interrupts. Only one side may leave a stage but IDLE: the poller by finishing, or
/// the hook by taking over the answer.
static STAGE: AtomicU8 = AtomicU8::new(IDLE);
const IDLE: u8 = 0;
const INIT: u8 = 1;
const INVOCATION: u8 = 2;
const BEFORE_SNAPSHOT: u8 = 3;
const AFTER_RESTORE: u8 = 4;
const TAKEN: u8 = 5;

/// Set by the first panic when panics abort.
static REPORTING: AtomicBool = AtomicBool::new(false);

/// Set by the first handler that streams.
static END_STREAMS: OnceBox<fn(&Error, &str) -> bool> = OnceBox::new();

thread_local! {
    static LAST: RefCell<Option<Error>> = const { RefCell::new(None) };
}

/// Sets the panic hook.
pub(crate) fn install() {
    panic::set_hook(Box::new(hook));
}

/// Runs the init step; a panic in it is its error.
pub(crate) fn during_init<T>(work: impl FnOnce() -> Result<T, Error>) -> Result<T, Error> {
    guard(INIT, work)
}

/// Runs a hook; its error or panic becomes the error that Lambda wants for it.
pub(crate) fn during_hook(
    side: Side,
    work: impl FnOnce() -> Result<(), Error>,
) -> Result<(), Error> {
    let stage = match side {
        Side::BeforeSnapshot => BEFORE_SNAPSHOT,
        Side::AfterRestore => AFTER_RESTORE,
    };
    guard(stage, work).map_err(|error| error.of_hook(side))
}

/// Runs a handler; a panic in it is the error of that invocation.
pub(crate) fn during_invocation<T, E: From<Error>>(
    metadata: &Metadata<'_>,
    work: impl FnOnce() -> Result<T, E>,
) -> Result<T, E> {
    invocation::set_current(metadata);
    guard(INVOCATION, work)
}

/// Runs a part of a handler; a panic in it is an error that the other part can still see to.
pub(crate) fn within_invocation<T>(work: impl FnOnce() -> Result<T, Error>) -> Result<T, Error> {
    catch(work)
}

/// Sets what ends the streamed responses that have begun, with this error, when a panic ends the
/// process. It says whether that of this request id was one of them.
pub(crate) fn end_streams_by(end: fn(&Error, &str) -> bool) {
    END_STREAMS.get_or_init(|| Box::new(end));
}

fn guard<T, E: From<Error>>(stage: u8, work: impl FnOnce() -> Result<T, E>) -> Result<T, E> {
    STAGE.store(stage, Ordering::Release);
    let result = catch(work);
    finish();
    result
}

/// Ends a stage, unless a panic on another thread is being reported in its name.
fn finish() {
    if STAGE.swap(IDLE, Ordering::AcqRel) == TAKEN {
        wait_for_the_end();
    }
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

/// Another thread ends the process as soon as it has reported a panic.
fn wait_for_the_end() -> ! {
    loop {
        // `park` would bring 3 KB of thread-locals with it.
        thread::sleep(Duration::from_secs(3600));
    }
}

fn hook(info: &PanicHookInfo<'_>) {
    let error = describe(info);
    log::plain("ERROR", format_args!("{}", error.message()), Some(&error));
    if ABORTS {
        // The first panic ends the process when it is reported; others must not cut that short.
        if REPORTING.swap(true, Ordering::AcqRel) {
            wait_for_the_end();
        }
        if let Err(failed) = report(error) {
            let text = format_args!("the panic was not reported: {failed}");
            log::plain("ERROR", text, None);
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

/// Answers in the name of whatever the panic interrupts, unless it has just been answered.
fn report(error: Error) -> Result<(), ApiError> {
    let take = |stage| {
        STAGE
            .compare_exchange(stage, TAKEN, Ordering::AcqRel, Ordering::Acquire)
            .is_ok()
    };
    let Some(endpoint) = settings::endpoint() else {
        return Ok(());
    };
    let mut api = RuntimeApi::<DefaultClient>::new(endpoint);
    if take(INIT) {
        return api.init_error(&error);
    }
    if take(INVOCATION) {
        let current = invocation::current();
        let ended = END_STREAMS
            .get()
            .map(|end| end(&error, current.request_id()));
        if ended == Some(true) {
            return Ok(());
        }
        let metadata = Metadata::of(current.request_id(), current.invocation_id());
        return api.answer(metadata).fail(&error);
    }
    if take(BEFORE_SNAPSHOT) {
        return api.init_error(&error.of_hook(Side::BeforeSnapshot));
    }
    if take(AFTER_RESTORE) {
        return api.restore_error(&error.of_hook(Side::AfterRestore));
    }
    Ok(())
}
