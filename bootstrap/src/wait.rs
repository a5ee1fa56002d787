//! Waits for a child and for what it writes.

use std::io;
use std::os::fd::BorrowedFd;
use std::time::Duration;

use coldspark::layer::since_boot;

use crate::sys;
use crate::sys::child::Child;

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
    let ended = child.ended();
    let mut left = until.map(|until| until.saturating_sub(since_boot()));
    let timed_out = left.is_some_and(|left| left.is_zero());
    if ended.is_none() {
        left = Some(left.map_or(TICK, |left| left.min(TICK)));
    }
    let ready = sys::poll([pipes[0], pipes[1], ended], left)?;
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
