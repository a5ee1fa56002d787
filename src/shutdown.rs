//! What a function does when Lambda ends its environment.
//!
//! Source: the Lambda developer guide, "Understanding the Lambda execution environment
//! lifecycle": SIGTERM only comes when an extension is registered, SIGKILL 500 ms (internal
//! extensions) or 2 s (external ones, of which the runtime has about 300 ms) later.

use std::panic::{self, AssertUnwindSafe};
use std::time::Duration;

use crate::error::{Error, kind};
use crate::invocation::flight;
use crate::sys::signal::Termination;
use crate::sys::{self, thread};
use crate::{log, panics};

/// What the hooks may take together.
const LIMIT: Duration = Duration::from_millis(300);

/// A hook gets the state that the init step made.
pub(crate) type Hook<S> = Box<dyn FnOnce(&S) -> Result<(), Error> + Send>;

/// Has a thread wait for SIGTERM, run the hooks and end the process.
pub(crate) fn watch<S: Sync>(state: &'static S, hooks: Vec<Hook<S>>) {
    let started = Termination::catch().and_then(|mut termination| {
        thread::spawn(move || {
            if termination.wait().is_ok() {
                shut_down(state, hooks);
            }
        })
    });
    if let Err(error) = started {
        log::install();
        log::warn(format_args!(
            "SIGTERM will end the process without its shutdown hooks: {error}"
        ));
    }
}

/// Runs the hooks, the last registered first, and ends the process.
fn shut_down<S>(state: &S, mut hooks: Vec<Hook<S>>) -> ! {
    log::install();
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
            Err(_) => status = 1,
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
    // Their callers could not tell that they are not whole.
    let error = Error::new(
        kind::PROCESS_ENDED,
        "Lambda ends the environment; the invocation may be tried again",
    );
    panics::end_streams(&error, "");
    // An answer that is on the way still counts.
    flight::settle(None);
    sys::exit(status)
}
