//! The end of the environment: every process is told, and no process is left.

use std::mem;
use std::time::Duration;

use coldspark::internal::since_boot;

use crate::pool::Pool;
use crate::process::wait;
use crate::sys;
use crate::sys::child;
use crate::worker::supervisor::Supervisor;

/// How long a worker may take to end by itself, after the end of its lines; Lambda gives the
/// whole shutdown about 300 ms.
const GRACE: Duration = Duration::from_millis(150);
/// How long after that a process may take that was sent SIGTERM.
const TERM: Duration = Duration::from_millis(50);

/// How long to wait for killed processes to end. The rest of the 300 ms is for answers that are not
/// sent yet.
const KILLED: Duration = Duration::from_millis(20);

/// Tells the workers that wait for events that there are no more, and ends what runs.
pub(crate) fn workers(pool: &Pool<Supervisor>) {
    let idle = mem::take(&mut *pool.idle());
    let dismissed: Vec<_> = idle
        .iter()
        .filter_map(|supervisor| Some((supervisor, supervisor.dismiss()?)))
        .collect();
    let children = || dismissed.iter().map(|(_, child)| child);
    // Workers with an event in hand read no lines.
    child::terminate(|pid| children().all(|child| child.pid() != pid));
    let begun = since_boot();
    let until = begun + GRACE;
    children().for_each(|child| drop(wait::await_end(child, until)));
    child::terminate(|pid| children().any(|child| child.pid() == pid && !child.has_ended()));
    let until = since_boot() + TERM;
    children().for_each(|child| drop(wait::await_end(child, until)));
    // All before one is waited for.
    child::kill(|pid| children().any(|child| child.pid() == pid));
    for (supervisor, child) in dismissed {
        supervisor.lose(child);
    }
    rest(begun + GRACE + TERM);
}

/// Ends the processes that have events in hand.
pub(crate) fn executables() {
    child::terminate(|_| true);
    rest(since_boot() + GRACE);
}

/// Waits until the pollers have reaped their processes, and kills what is left.
fn rest(until: Duration) {
    await_none(until);
    child::kill(|_| true);
    // A kill takes a moment, and is done when they are reaped.
    await_none(since_boot() + KILLED);
}

fn await_none(until: Duration) {
    while child::any() && since_boot() < until {
        let _ = sys::poll([], Some(Duration::from_millis(2)));
    }
}
