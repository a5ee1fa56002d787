//! Shutdown hooks, which run when Lambda ends the environment.
//!
//! Source: the Lambda developer guide, "Understanding the Lambda execution environment
//! lifecycle": SIGTERM only comes when an extension is registered, SIGKILL 500 ms (internal
//! extensions) or 2 s (external ones, of which the runtime has about 300 ms) later.

mod extension;

pub(crate) use extension::register as register_extension;

use std::panic::{self, AssertUnwindSafe};
use std::time::Duration;

use crate::ending::{self, Farewell};
use crate::error::{Error, error_type};
use crate::registration::ShutdownHook;
use crate::slots::SHUTDOWN;
use crate::sys::signal::Termination;
use crate::sys::{self, thread};
use crate::{log, panics};

/// Time limit for the hooks and the answers after them.
const LIMIT: Duration = Duration::from_millis(300);
/// The part of it that is reserved for the end itself: the last check of the answers, and exit(3).
const END: Duration = Duration::from_millis(30);
/// The least time for answers.
const LEAST: Duration = Duration::from_millis(50);

/// Starts a thread that waits for SIGTERM, runs the hooks and ends the process.
pub(crate) fn watch<S: Sync>(state: &'static S, hooks: Vec<ShutdownHook<S>>) {
    let started = Termination::catch().and_then(|termination| {
        let work = move || {
            if termination.wait().is_ok() {
                shut_down(state, hooks);
            }
        };
        match SHUTDOWN.is_enabled() {
            false => thread::spawn(work),
            true => {
                SHUTDOWN.fill(termination, Box::new(work));
                Ok(())
            }
        }
    });
    if let Err(error) = started {
        log::warn(format_args!(
            "SIGTERM will end the process without its shutdown hooks: {error}"
        ));
    }
}

/// For a program that polls for SIGTERM in its own waits: the thread for the hooks is then started only when
/// the signal has come, and costs the init phase nothing.
pub mod polled {
    use std::os::fd::BorrowedFd;

    use crate::log;
    use crate::slots::SHUTDOWN;
    use crate::sys::{self, thread};

    /// Declares in the init step that this program polls [`readable`] whenever it waits.
    pub fn enable() {
        SHUTDOWN.enable();
    }

    /// Says until the end of the init step whether to register the extension that makes Lambda
    /// send SIGTERM.
    pub fn register_extension(registers: bool) {
        SHUTDOWN.register_extension(registers);
    }

    /// A descriptor that is readable when SIGTERM has come; `None` before the signal is caught, and after
    /// [`run_hooks`] was called.
    #[must_use]
    pub fn readable() -> Option<BorrowedFd<'static>> {
        SHUTDOWN.readable()
    }

    /// Starts a thread that runs the hooks and ends the process; the pollers go on meanwhile.
    pub fn run_hooks() {
        let Some(hooks) = SHUTDOWN.take() else {
            return;
        };
        if thread::spawn(hooks).is_err() {
            log::warn(format_args!(
                "SIGTERM has come, and there is no thread for the shutdown hooks"
            ));
            sys::exit(1);
        }
    }
}

/// Runs the hooks, the last registered first, and ends the process.
fn shut_down<S>(state: &S, mut hooks: Vec<ShutdownHook<S>>) -> ! {
    let begun = sys::since_boot();
    let mut status = 0;
    hooks.reverse();
    for hook in hooks {
        match panic::catch_unwind(AssertUnwindSafe(|| hook(state))) {
            Ok(Ok(())) => {}
            Ok(Err(error)) => {
                log::error(format_args!("a shutdown hook failed: {error}"));
                status = 1;
            }
            // The panic hook has logged it.
            Err(payload) => {
                panics::discard(payload);
                status = 1;
            }
        }
    }
    let took = sys::since_boot() - begun;
    if took > LIMIT {
        log::warn(format_args!(
            "the shutdown hooks took {} ms, and Lambda allows about {} ms before it kills",
            took.as_millis() as u64,
            LIMIT.as_millis() as u64
        ));
    }
    send_farewell(begun);
    sys::exit(status)
}

/// Answers the events in hand, and waits for answers on the way, within the time that the hooks have left.
fn send_farewell(begun: Duration) {
    ending::begin();
    let error = Error::new(
        error_type::PROCESS_ENDED,
        "Lambda ends the environment; the invocation may be tried again",
    );
    let farewell = Farewell {
        panicked: None,
        error: &error,
        until: sys::milliseconds((begun + LIMIT - END).max(sys::since_boot() + LEAST)),
        waits_for_deadlines: false,
    };
    let cut = farewell.send_and_log();
    if cut > 0 {
        log::warn(format_args!(
            "{cut} answers on their way were cut after {} ms, because Lambda allows about {} ms in all",
            sys::milliseconds(sys::since_boot() - begun),
            LIMIT.as_millis() as u64
        ));
    }
}
