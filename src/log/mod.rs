//! Logging: tracing's events as lines on standard error, which Lambda sends to CloudWatch Logs.
//!
//! `AWS_LAMBDA_LOG_FORMAT` chooses the format. A text line is
//! `LEVEL target: span{field=value}: message field=value request_id=id`. A JSON line is an object:
//!
//! | member | value |
//! |---|---|
//! | `timestamp` | RFC 3339, UTC, milliseconds |
//! | `level` | TRACE, DEBUG, INFO, WARN, ERROR |
//! | `requestId`, `tenantId` | of the invocation that the line was logged in, if there is one |
//! | `message`, `target` | of the event |
//! | `fields` | the event's other fields; numbers and truth values as such |
//! | `spans` | the spans around it, the outermost first: `name` and `fields` |
//! | `errorType`, `errorMessage`, `stackTrace` | of a panic or an error that was reported to Lambda |
//!
//! Fields have an object of their own, since one named `level` would change how Lambda filters.
//! In text, control characters other than the tab, and U+2028 and U+2029, are written as `\n`,
//! `\r` or like `\u001b`: what comes from an event must neither break a line nor command a terminal.
//! Each line is one write(2). Events below `AWS_LAMBDA_LOG_LEVEL` cost a comparison. tracing has
//! no FATAL: with that level set, errors are still written (and in JSON dropped by Lambda).
//! Without the feature `spans` (2 KB of code), spans are not shown. With the feature `log`, records of the
//! `log` crate are lines too (`records`). With the feature `levels`, targets have levels of their own
//! (`levels`).
//! A function that sets a global tracing subscriber of its own, in its init step or earlier,
//! keeps it: ours is installed after the step, if there is no subscriber then. Before that, ours writes
//! what the step itself logs (`during_init`).
//!
//! Source: the Lambda developer guide, "Log-level filtering"; the names of the members are those
//! of AWS's own clients.

mod during_init;
mod fields;
#[cfg(fuzzing)]
pub(crate) mod fuzzing;
#[cfg_attr(not(feature = "levels"), path = "no_levels.rs")]
mod levels;
mod line;
mod object;
#[cfg(feature = "log")]
mod records;
mod settings;
#[cfg_attr(not(feature = "spans"), path = "no_spans.rs")]
mod spans;
mod subscriber;
pub(crate) mod time;
mod wrap;

use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};

use tracing::Level;

use self::fields::Fields;
use self::levels::Levels;
use self::line::Line;
use self::settings::{Choice, FORMAT, LEVEL};
use crate::error::Error;
use crate::escape::{quoted, quoted_list};
use crate::sys::slot::Slot;
use crate::{poller, sys};

pub(crate) use self::during_init::during_init;
pub use self::settings::is_json;
pub(crate) use self::settings::level_and_time;
pub use self::wrap::wrap;

/// What the log does by way of tracing.
struct Tracing {
    /// Makes our subscriber the global one; `false` if there is another.
    subscribe: fn(Levels) -> bool,
    /// Whether there is a global subscriber.
    is_subscribed: fn() -> bool,
    /// A warning for the subscriber.
    warn: fn(fmt::Arguments<'_>),
    /// An error for the subscriber.
    error: fn(fmt::Arguments<'_>),
    /// An error that is reported to Lambda, for a subscriber that is not ours.
    failure: fn(fmt::Arguments<'_>),
}

/// Empty in the layer.
static TRACING: Slot<Tracing> = Slot::empty();

/// Fills the slot: lines reach the subscriber of tracing then, and ours can become it.
#[inline]
pub(crate) fn use_tracing() {
    TRACING.fill(&BY_TRACING);
}

static BY_TRACING: Tracing = Tracing {
    subscribe: subscriber::subscribe,
    is_subscribed: tracing::dispatcher::has_been_set,
    warn: subscriber::warn,
    error: subscriber::error,
    failure: subscriber::failure,
};

static INSTALLED: AtomicBool = AtomicBool::new(false);
/// Whether ours is the only subscriber, so that lines may be written without tracing.
static OURS: AtomicBool = AtomicBool::new(false);

const TARGET: &str = "coldspark";

/// Makes our subscriber the global one, once, unless there is one already.
///
/// It is not called at start-up, since polling needs no log, but before the function's code may log
/// (`panics::install_with_log`), and before an error is logged here. The init step runs first, since a subscriber
/// that it sets takes precedence; warnings need no subscriber.
pub(crate) fn install() {
    if INSTALLED.load(Ordering::Relaxed) || INSTALLED.swap(true, Ordering::Relaxed) {
        return;
    }
    sys::abort::set_report(allocation_failed);
    // Read while the environment cannot change yet, and remembered.
    is_json();
    let (levels, bad_level) = levels::read();
    let bad_directives = levels.bad();
    if TRACING
        .get()
        .is_none_or(|tracing| (tracing.subscribe)(levels))
    {
        OURS.store(true, Ordering::Relaxed);
        if let Some(message) = bad_directives {
            plain("WARN", format_args!("{message}"), None);
        }
        for (choice, unknown) in [(&LEVEL, bad_level), (&FORMAT, settings::format().1)] {
            if let Some(value) = unknown {
                warn_of_bad_setting(choice, &value);
            }
        }
    }
    #[cfg(feature = "log")]
    {
        records::install();
        records::follow_subscriber();
    }
}

#[cold]
fn warn_of_bad_setting(Choice { name, words, .. }: &Choice, value: &str) {
    let (value, words) = (quoted(value), quoted_list(words));
    plain(
        "WARN",
        format_args!("{name} is {value}, which is not one of {words}; the default holds"),
        None,
    );
}

/// Logs a warning that has no place in an answer, also before there is a subscriber. It is one function,
/// since each event of tracing costs bytes.
#[cold]
#[inline(never)]
pub fn warn(message: fmt::Arguments<'_>) {
    match TRACING.get().filter(|tracing| (tracing.is_subscribed)()) {
        Some(tracing) if survives(|| (tracing.warn)(message)) => {}
        _ if levels::read().0.allow(TARGET, Level::WARN) => plain("WARN", message, None),
        _ => {}
    }
}

/// Logs a detail of the start, before there is a subscriber.
pub(crate) fn debug(message: fmt::Arguments<'_>) {
    if levels::read().0.allow(TARGET, Level::DEBUG) {
        plain("DEBUG", message, None);
    }
}

/// Logs why the process ends, or that its end went wrong.
#[cold]
#[inline(never)]
pub(crate) fn error(message: fmt::Arguments<'_>) {
    install();
    match TRACING.get() {
        Some(tracing) if survives(|| (tracing.error)(message)) => {}
        _ => plain("ERROR", message, None),
    }
}

/// Passes a line to the function's subscriber; false if that panicked. A line of the runtime must not cost the
/// event its answer. With `panic=abort` the panic hook reports the panic as the event's error.
#[inline(always)]
fn survives(pass_on: impl FnOnce()) -> bool {
    #[cfg(panic = "unwind")]
    {
        let result = std::panic::catch_unwind(std::panic::AssertUnwindSafe(pass_on));
        // Its drop may panic as well.
        result.map_err(std::mem::forget).is_ok()
    }
    #[cfg(not(panic = "unwind"))]
    {
        pass_on();
        true
    }
}

/// Logs a failed allocation: std's own line does not have the ids of the event.
#[cold]
fn allocation_failed(size: usize) {
    if poller::is_event_unlocked() {
        plain(
            "ERROR",
            format_args!("the process aborts: an allocation of {size} bytes failed"),
            None,
        );
    }
}

#[cfg(panic = "unwind")]
thread_local! {
    /// The last panic of this thread, as it was logged.
    static PANIC: std::cell::RefCell<String> = const { std::cell::RefCell::new(String::new()) };
}

/// Logs a panic, without tracing: its subscriber may be the cause.
pub(crate) fn panic(error: &Error) {
    plain("ERROR", format_args!("{}", error.message()), Some(error));
    #[cfg(panic = "unwind")]
    PANIC.with(|last| error.message().clone_into(&mut last.borrow_mut()));
}

/// Whether the error is the panic that this thread has just logged; for a hook, the panic's message is
/// the end of the error's.
fn is_logged(error: &Error) -> bool {
    #[cfg(panic = "unwind")]
    return PANIC.with(|last| {
        let last = std::mem::take(&mut *last.borrow_mut());
        !last.is_empty() && error.message().ends_with(&last)
    });
    #[cfg(not(panic = "unwind"))]
    {
        let _ = error;
        false
    }
}

/// Logs an error that will be reported to Lambda, preceded by `what`, unless it is a panic that is
/// already in our log.
pub(crate) fn failure(what: &str, error: &Error) {
    install();
    match TRACING.get().filter(|_| !OURS.load(Ordering::Relaxed)) {
        Some(tracing) if survives(|| (tracing.failure)(format_args!("{what}{error}"))) => {}
        None if is_logged(error) => {}
        _ => plain("ERROR", format_args!("{what}{error}"), Some(error)),
    }
}

/// Writes a line without tracing, for the panic hook: the panic may have come from a subscriber.
pub(crate) fn plain(level: &str, message: fmt::Arguments<'_>, error: Option<&Error>) {
    let mut text = Fields::new();
    text.write_message(message);
    let error = match error {
        Some(error) if is_json() => error.to_json(),
        _ => Vec::new(),
    };
    Line {
        level,
        target: TARGET,
        message: &text.message,
        // Without the braces.
        error: error.get(1..error.len().max(2) - 1).unwrap_or_default(),
        ..Line::default()
    }
    .write();
}
