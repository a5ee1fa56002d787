//! The end of the environment: ends every process. Lambda gives 300 ms to a shutdown; what this leaves of them is
//! for answers that are not sent yet.

use std::mem;
use std::time::Duration;

use coldspark::internal::since_boot;

use crate::pool::Pool;
use crate::process::wait;
use crate::sys;
use crate::sys::children::{self, END_OF_INPUT_LIMIT, SIGKILL_LIMIT, SIGTERM_LIMIT};
use crate::worker::supervisor::Supervisor;

/// Tells the workers that wait for events that there are no more, and ends all processes.
pub(crate) fn end_workers(pool: &Pool<Supervisor>) {
    let idle = mem::take(&mut *pool.idle());
    let dismissed: Vec<_> = idle
        .iter()
        .filter_map(|supervisor| Some((supervisor, supervisor.dismiss()?)))
        .collect();
    let dismissed_children = || dismissed.iter().map(|(_, child)| child);
    // Workers with an event in hand read no lines, so they get SIGTERM at once.
    children::terminate(|pid| dismissed_children().all(|child| child.pid() != pid));
    let begun = since_boot();
    let until = begun + END_OF_INPUT_LIMIT;
    dismissed_children().for_each(|child| drop(wait::await_end(child, until)));
    children::terminate(|pid| {
        dismissed_children().any(|child| child.pid() == pid && !child.has_ended())
    });
    let until = since_boot() + SIGTERM_LIMIT;
    dismissed_children().for_each(|child| drop(wait::await_end(child, until)));
    // All of them are killed before the end of one is waited for.
    children::kill(|pid| dismissed_children().any(|child| child.pid() == pid));
    for (supervisor, child) in dismissed {
        supervisor.end_dismissed(child);
    }
    end_rest(begun + END_OF_INPUT_LIMIT + SIGTERM_LIMIT);
}

/// Ends the processes that have events in hand.
pub(crate) fn end_executables() {
    children::terminate(|_| true);
    end_rest(since_boot() + END_OF_INPUT_LIMIT);
}

/// Waits until the pollers have reaped their processes, and kills those that are left.
fn end_rest(until: Duration) {
    await_all(until);
    children::kill(|_| true);
    // A killed process takes a moment to end.
    await_all(since_boot() + SIGKILL_LIMIT);
}

/// Waits until all children are reaped.
fn await_all(until: Duration) {
    while children::any() && since_boot() < until {
        let _ = sys::poll([], Some(Duration::from_millis(2)));
    }
}
