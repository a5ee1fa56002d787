//! Waits for a child and for what it writes, and for the Runtime API; where there is one poller,
//! with the log's pipes and SIGTERM looked at meanwhile, so that neither needs a thread.

use std::io;
use std::os::fd::BorrowedFd;
use std::sync::OnceLock;
use std::time::Duration;

use coldspark::internal::{BeforeWait, set_before_wait, shutdown_by_hand, since_boot};

use crate::log::Log;
use crate::sys;
use crate::sys::child::Child;
use crate::sys::signals;

/// The log that every wait reads.
static WATCHED: OnceLock<&'static Log> = OnceLock::new();

/// How often a child is looked at whose end no descriptor tells.
const TICK: Duration = Duration::from_millis(20);

/// Why a wait ended; all of it can be true at once.
#[derive(Debug)]
pub(crate) struct Woken {
    /// Which of the pipes can be read, or are at their end.
    pub(crate) readable: [bool; 2],
    pub(crate) ended: bool,
    pub(crate) timed_out: bool,
}

/// Waits until one of the pipes can be read or is at its end, the child has ended, or it is
/// `until`, counted since the boot. May also return for nothing.
pub(crate) fn wait(
    child: &Child,
    pipes: [Option<BorrowedFd<'_>>; 2],
    until: Option<Duration>,
) -> io::Result<Woken> {
    wait_or_room(child, pipes, false, until)
}

/// The same; with `room`, also until the first one takes bytes.
pub(crate) fn wait_or_room(
    child: &Child,
    pipes: [Option<BorrowedFd<'_>>; 2],
    room: bool,
    until: Option<Duration>,
) -> io::Result<Woken> {
    let ended = child.ended();
    let mut left = until.map(left_until);
    let timed_out = left.is_some_and(|left| left.is_zero());
    if ended.is_none() {
        left = Some(left.map_or(TICK, |left| left.min(TICK)));
    }
    let ready = poll([pipes[0], pipes[1], ended], room, left)?;
    let ended = if ended.is_some() {
        ready[2]
    } else {
        child.has_ended()
    };
    Ok(Woken {
        readable: [ready[0], ready[1]],
        ended,
        timed_out,
    })
}

/// The time left; a moment that is long past, as for a look without waiting, needs no clock.
fn left_until(until: Duration) -> Duration {
    match until.is_zero() {
        true => until,
        false => until.saturating_sub(since_boot()),
    }
}

/// Waits until the child has ended or `until` is reached, and returns whether it has ended.
pub(crate) fn await_end(child: &Child, until: Duration) -> io::Result<bool> {
    loop {
        let woken = wait(child, [None, None], Some(until))?;
        if woken.ended || woken.timed_out || since_boot() >= until {
            return Ok(woken.ended);
        }
    }
}

/// From now on every wait of this process also reads this log and looks for SIGTERM, and so does its
/// wait for the Runtime API. For when there is one poller; only the first call has an effect.
pub(crate) fn watch(log: &'static Log) {
    if WATCHED.set(log).is_err() {
        return;
    }
    log.is_read();
    static BEFORE_WAIT: BeforeWait = |socket, room, until| {
        loop {
            let left = until.map(left_until);
            let found = poll([Some(socket), None, None], room, left);
            if !matches!(found, Ok([false, ..])) || left.is_some_and(|left| left.is_zero()) {
                return;
            }
        }
    };
    shutdown_by_hand::enable();
    set_before_wait(&BEFORE_WAIT);
}

/// Whether every wait reads the log.
pub(crate) fn reads_log() -> bool {
    WATCHED.get().is_some()
}

/// Waits until one of the descriptors can be read, or with `room` the first one written to, and
/// says which; or until something was attended to.
///
/// The log's pipes are the last ones, and poll(2) looks at one after the other: what was printed
/// before something that was found was found with it.
fn poll(
    fds: [Option<BorrowedFd<'_>>; 3],
    room: bool,
    limit: Option<Duration>,
) -> io::Result<[bool; 3]> {
    signals::reap_orphans();
    let Some(log) = WATCHED.get() else {
        return sys::poll_or_room(fds, room, limit);
    };
    let [a, b, c] = fds;
    let [output, error] = log.pipes();
    let told = shutdown_by_hand::readable();
    let fds = [a, b, c, Some(output), Some(error), told];
    let [a, b, c, output, error, told] = sys::poll_or_room(fds, room, limit)?;
    if output || error {
        log.read();
    }
    if told {
        shutdown_by_hand::run_hooks();
    }
    Ok([a, b, c])
}
