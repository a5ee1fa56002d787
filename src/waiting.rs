//! Waits for the Runtime API: the call before a wait, and time limits.
//!
//! Only the last calls of a process have a limit: each thread that makes them has its own.

use std::cell::Cell;
use std::io;
use std::net::TcpStream;
use std::os::fd::{AsFd, BorrowedFd};
use std::ptr;
use std::time::Duration;

use crate::error::io_error;
use crate::slots::{BEFORE_UNLIMITED_WAIT, BEFORE_WAIT, BeforeWait};
use crate::sys::slot::Slot;
use crate::sys::{milliseconds, since_boot, socket};

thread_local! {
    /// When this thread's waits end, in milliseconds since boot; zero without a limit.
    static UNTIL: Cell<u64> = const { Cell::new(0) };
}

/// Ends every wait of this thread after `left` milliseconds; the call that waits then fails with
/// [`WouldBlock`](io::ErrorKind::WouldBlock). It is for the last calls of a process.
pub(crate) fn limit(left: u64) {
    static LIMITED: BeforeWait = limited;
    UNTIL.set(milliseconds(since_boot()) + left);
    if let Some(before) = BEFORE_WAIT.replace(&LIMITED) {
        if !ptr::eq(before, &LIMITED) {
            BEFORE_UNLIMITED_WAIT.replace(before);
        }
    }
}

/// Limits a write to this socket by this thread's limit, if it has one.
#[cold]
pub(crate) fn limit_writes(stream: &TcpStream) {
    if let Some(left) = left() {
        socket::set_time_limit(stream.as_fd(), true, left);
    }
}

/// The milliseconds that are left to this thread, at least 1, since 0 means no limit for a socket. `None` when
/// it has no limit.
fn left() -> Option<u64> {
    let until = UNTIL.get();
    (until != 0).then(|| until.saturating_sub(milliseconds(since_boot())).max(1))
}

fn limited(socket: BorrowedFd<'_>, or_writable: bool, until: Option<Duration>) {
    match left() {
        None => call(&BEFORE_UNLIMITED_WAIT, socket, or_writable, until),
        Some(left) => socket::set_time_limit(socket, or_writable, left),
    }
}

/// Calls the slot's function before a wait until the socket is readable (or, with `or_writable`, writable) or
/// `until` is reached.
#[inline]
pub(crate) fn prepare(stream: &TcpStream, or_writable: bool, until: Option<Duration>) {
    call(&BEFORE_WAIT, stream.as_fd(), or_writable, until);
}

#[inline]
fn call(
    slot: &Slot<BeforeWait>,
    socket: BorrowedFd<'_>,
    or_writable: bool,
    until: Option<Duration>,
) {
    if let Some(before_wait) = slot.get() {
        before_wait(socket, or_writable, until);
    }
}

/// Receives into the spare capacity of `buffer`, waiting for it, and returns how many bytes came; 0
/// is the end of the stream.
pub(crate) fn receive(stream: &TcpStream, buffer: &mut Vec<u8>) -> io::Result<usize> {
    prepare(stream, false, None);
    socket::receive(stream, buffer)
}

/// Waits until a non-blocking socket is readable (which may be its end) or, with `or_writable`, writable;
/// returns whether it is readable. The time limits are the thread's and `until`, counted since boot.
///
/// # Errors
/// `TimedOut` at `until`, `WouldBlock` at the thread's limit.
pub(crate) fn await_peer(
    stream: &TcpStream,
    or_writable: bool,
    until: Option<Duration>,
) -> io::Result<bool> {
    prepare(stream, or_writable, until);
    loop {
        let own_limit = until.map(|until| until.saturating_sub(since_boot()));
        let limit = [own_limit, left().map(Duration::from_millis)];
        let limit = limit.into_iter().flatten().min();
        match socket::poll(stream, or_writable, limit) {
            Ok(Some(readable)) => return Ok(readable),
            Ok(None) if limit == own_limit => return Err(late()),
            Ok(None) => return Err(io::ErrorKind::WouldBlock.into()),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}

/// The error of a wait that reached `until`.
pub(crate) fn late() -> io::Error {
    io_error(
        io::ErrorKind::TimedOut,
        "the response was not read before the deadline",
    )
}
