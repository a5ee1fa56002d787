//! A panic is reported to Lambda before the process ends.
//!
//! With `panic=abort` (the recommended profile) nothing runs after the panic hook, so the hook
//! itself answers, over a connection of its own, and exits. With unwinding the panic is caught
//! where the handler was called and becomes an error like any other; the process stays.

use std::cell::RefCell;
use std::panic::{self, AssertUnwindSafe, PanicHookInfo};
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread;

use once_cell::race::OnceBox;

use crate::api::{ApiError, RuntimeApi};
use crate::error::{Error, kind};
use crate::http::DefaultClient;
use crate::invocation::Metadata;
use crate::settings::Endpoint;
use crate::sys;

const ABORTS: bool = cfg!(panic = "abort");

/// What a panic interrupts. Only one side may leave INIT or INVOCATION: the poller by finishing,
/// or the hook by taking over the answer.
static STAGE: AtomicU8 = AtomicU8::new(IDLE);
const IDLE: u8 = 0;
const INIT: u8 = 1;
const INVOCATION: u8 = 2;
const TAKEN: u8 = 3;

static ENDPOINT: OnceBox<Endpoint> = OnceBox::new();
static CURRENT: Mutex<Current> = Mutex::new(Current {
    request_id: String::new(),
    invocation_id: None,
});

/// The ids under which the hook answers.
struct Current {
    request_id: String,
    invocation_id: Option<String>,
}

thread_local! {
    static LAST: RefCell<Option<Error>> = const { RefCell::new(None) };
}

/// Sets the panic hook; `endpoint` is where it reports.
pub(crate) fn install(endpoint: &Endpoint) {
    ENDPOINT.get_or_init(|| Box::new(endpoint.clone()));
    panic::set_hook(Box::new(hook));
}

/// Runs the init step; a panic in it is its error.
pub(crate) fn during_init<T>(work: impl FnOnce() -> Result<T, Error>) -> Result<T, Error> {
    guard(INIT, work)
}

/// Runs a handler; a panic in it is the error of that invocation.
pub(crate) fn during_invocation<T>(
    metadata: &Metadata<'_>,
    work: impl FnOnce() -> Result<T, Error>,
) -> Result<T, Error> {
    if ABORTS {
        let mut current = CURRENT.lock().unwrap_or_else(PoisonError::into_inner);
        current.request_id.clear();
        current.request_id.push_str(metadata.request_id);
        current.invocation_id = metadata.invocation_id.map(str::to_owned);
    }
    guard(INVOCATION, work)
}

fn guard<T>(stage: u8, work: impl FnOnce() -> Result<T, Error>) -> Result<T, Error> {
    STAGE.store(stage, Ordering::Release);
    let result = panic::catch_unwind(AssertUnwindSafe(work));
    if STAGE.swap(IDLE, Ordering::AcqRel) == TAKEN {
        // A panic on another thread is being reported in this invocation's name; the process
        // ends as soon as that is done.
        loop {
            thread::park();
        }
    }
    result.unwrap_or_else(|_| {
        let last = LAST.with(|last| last.borrow_mut().take());
        Err(last.unwrap_or_else(|| Error::new(kind::PANIC, "panicked")))
    })
}

fn hook(info: &PanicHookInfo<'_>) {
    let error = describe(info);
    sys::write_stderr(format!("ERROR coldspark: {}\n", error.message()).as_bytes());
    if ABORTS {
        if let Err(failed) = report(&error) {
            sys::write_stderr(
                format!("ERROR coldspark: the panic was not reported: {failed}\n").as_bytes(),
            );
        }
        sys::exit(1);
    }
    LAST.with(|last| *last.borrow_mut() = Some(error));
}

fn describe(info: &PanicHookInfo<'_>) -> Error {
    let payload = info.payload();
    let message = payload
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| payload.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("a value that is not text");
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
fn report(error: &Error) -> Result<(), ApiError> {
    let take = |stage| {
        STAGE
            .compare_exchange(stage, TAKEN, Ordering::AcqRel, Ordering::Acquire)
            .is_ok()
    };
    let Some(endpoint) = ENDPOINT.get() else {
        return Ok(());
    };
    let mut api = RuntimeApi::<DefaultClient>::new(endpoint);
    if take(INIT) {
        return api.init_error(error);
    }
    if take(INVOCATION) {
        let current = CURRENT.lock().unwrap_or_else(PoisonError::into_inner);
        let metadata = Metadata::of(&current.request_id, current.invocation_id.as_deref());
        return api.answer(metadata).fail(error);
    }
    Ok(())
}
