//! Waits for a child and for what it writes, and for the Runtime API. With one poller each wait also reads
//! the log's pipes and looks for SIGTERM, so that neither needs a thread.

use std::io;
use std::os::fd::BorrowedFd;
use std::sync::OnceLock;
use std::time::Duration;

use coldspark::internal::{BeforeWait, polled_shutdown, set_before_wait, since_boot};

use crate::log::Log;
use crate::sys;
use crate::sys::child::Child;
use crate::sys::signals;

/// The log that every wait reads, with one poller.
static LOG: OnceLock<&'static Log> = OnceLock::new();

/// How often to check whether a child has ended that has no pidfd.
const END_CHECK_INTERVAL: Duration = Duration::from_millis(20);

/// Why a wait ended; several reasons can be true at once.
#[derive(Debug)]
pub(crate) struct Woken {
    /// For each of the pipes, whether it can be read or is at its end.
    pub(crate) readable: [bool; 2],
    /// Whether the child has ended.
    pub(crate) ended: bool,
    /// Whether the limit was reached.
    pub(crate) timed_out: bool,
}

/// Waits until one of the pipes can be read or is at its end, the child has ended, or it is
/// `until`, counted since the boot. It may also return when nothing has happened.
pub(crate) fn wait(
    child: &Child,
    pipes: [Option<BorrowedFd<'_>>; 2],
    until: Option<Duration>,
) -> io::Result<Woken> {
    wait_or_writable(child, pipes, false, until)
}

/// Waits as [`wait`] does; with `writable`, also until the first of the pipes can be written to.
pub(crate) fn wait_or_writable(
    child: &Child,
    pipes: [Option<BorrowedFd<'_>>; 2],
    writable: bool,
    until: Option<Duration>,
) -> io::Result<Woken> {
    let pidfd = child.pidfd();
    let mut left = until.map(left_until);
    let timed_out = left.is_some_and(|left| left.is_zero());
    if pidfd.is_none() {
        left = Some(left.map_or(END_CHECK_INTERVAL, |left| left.min(END_CHECK_INTERVAL)));
    }
    let ready = poll([pipes[0], pipes[1], pidfd], writable, left)?;
    let ended = match pidfd {
        Some(_) => ready[2],
        None => child.has_ended(),
    };
    Ok(Woken {
        readable: [ready[0], ready[1]],
        ended,
        timed_out,
    })
}

/// The time left until this moment. Zero, which asks not to wait at all, needs no clock.
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
/// wait for the Runtime API. It is called with one poller; only the first call has an effect.
pub(crate) fn set_log(log: &'static Log) {
    if LOG.set(log).is_err() {
        return;
    }
    log.set_has_reader();
    static BEFORE_WAIT: BeforeWait = |socket, writable, until| {
        loop {
            let left = until.map(left_until);
            let found = poll([Some(socket), None, None], writable, left);
            if !matches!(found, Ok([false, ..])) || left.is_some_and(|left| left.is_zero()) {
                return;
            }
        }
    };
    polled_shutdown::enable();
    set_before_wait(&BEFORE_WAIT);
}

/// Whether every wait reads the log.
pub(crate) fn has_log() -> bool {
    LOG.get().is_some()
}

/// Waits until one of the descriptors can be read, or with `writable` the first one written to, and says
/// which. It also returns when it has read the log.
///
/// The log's pipes come last, since poll(2) checks descriptors in their order. If it finds a line of a worker, the
/// worker's log is checked after that, so everything that the worker printed before the line is found as well.
fn poll(
    fds: [Option<BorrowedFd<'_>>; 3],
    writable: bool,
    limit: Option<Duration>,
) -> io::Result<[bool; 3]> {
    signals::reap_orphans();
    let Some(log) = LOG.get() else {
        return sys::poll_or_writable(fds, writable, limit);
    };
    let [a, b, c] = fds;
    let [output, error] = log.pipes();
    let sigterm = polled_shutdown::readable();
    let fds = [a, b, c, Some(output), Some(error), sigterm];
    let [a, b, c, output, error, sigterm] = sys::poll_or_writable(fds, writable, limit)?;
    if output || error {
        log.read();
    }
    if sigterm {
        polled_shutdown::run_hooks();
    }
    Ok([a, b, c])
}
