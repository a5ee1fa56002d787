//! Waiting for the Runtime API: what is done before a wait, and how long a wait may take.
//!
//! Waits have no limit but for the last calls of a process: each thread that makes those has a
//! limit of its own.

use std::cell::Cell;
use std::io;
use std::net::TcpStream;
use std::os::fd::{AsFd, BorrowedFd};
use std::ptr;
use std::time::Duration;

use crate::slots::{BEFORE_LIMITED_WAIT, BEFORE_WAIT, BeforeWait};
use crate::sys::slot::Slot;
use crate::sys::{milliseconds, since_boot, socket};

thread_local! {
    /// When this thread's waits end, in milliseconds since boot; zero without a limit.
    static UNTIL: Cell<u64> = const { Cell::new(0) };
}

/// Ends every wait of this thread so many milliseconds from now; the call that waits then fails
/// with [`WouldBlock`](io::ErrorKind::WouldBlock). For the last calls of a process.
pub(crate) fn limit(left: u64) {
    static LIMITED: BeforeWait = limited;
    UNTIL.set(milliseconds(since_boot()) + left);
    if let Some(before) = BEFORE_WAIT.replace(&LIMITED) {
        if !ptr::eq(before, &LIMITED) {
            BEFORE_LIMITED_WAIT.replace(before);
        }
    }
}

/// Lets a write to this socket wait no longer than this thread's limit, if it has one.
#[cold]
pub(crate) fn limit_writes(stream: &TcpStream) {
    if let Some(left) = left() {
        socket::set_time_limit(stream.as_fd(), true, left);
    }
}

/// What is left of this thread's limit in milliseconds, at least one: a socket takes nothing for no
/// limit. None without one.
fn left() -> Option<u64> {
    let until = UNTIL.get();
    (until != 0).then(|| until.saturating_sub(milliseconds(since_boot())).max(1))
}

fn limited(socket: BorrowedFd<'_>, room: bool, until: Option<Duration>) {
    match left() {
        None => call(&BEFORE_LIMITED_WAIT, socket, room, until),
        Some(left) => socket::set_time_limit(socket, room, left),
    }
}

/// Does what is to be done before a wait until the socket can be read, or with `room` takes bytes
/// again, or it is `until`.
#[inline]
pub(crate) fn prepare(stream: &TcpStream, room: bool, until: Option<Duration>) {
    call(&BEFORE_WAIT, stream.as_fd(), room, until);
}

#[inline]
fn call(slot: &Slot<BeforeWait>, socket: BorrowedFd<'_>, room: bool, until: Option<Duration>) {
    if let Some(before_wait) = slot.get() {
        before_wait(socket, room, until);
    }
}

/// Receives into the spare capacity of `buffer`, waiting for it, and returns how many bytes came; 0
/// is the end of the stream.
pub(crate) fn receive(stream: &TcpStream, buffer: &mut Vec<u8>) -> io::Result<usize> {
    prepare(stream, false, None);
    socket::receive(stream, buffer)
}

/// Waits until a socket that does not block has something to read, which may be its end, or with
/// `room` takes bytes again; says whether there is something to read. There is no time limit but
/// that of the thread and `until`, counted since boot.
///
/// # Errors
/// `TimedOut` when it is `until`, `WouldBlock` when the time of the thread is over.
pub(crate) fn await_peer(
    stream: &TcpStream,
    room: bool,
    until: Option<Duration>,
) -> io::Result<bool> {
    prepare(stream, room, until);
    loop {
        let own = until.map(|until| until.saturating_sub(since_boot()));
        let limit = [own, left().map(Duration::from_millis)];
        let limit = limit.into_iter().flatten().min();
        match socket::poll(stream, room, limit) {
            Ok(Some(readable)) => return Ok(readable),
            Ok(None) if limit == own => return Err(late()),
            Ok(None) => return Err(io::ErrorKind::WouldBlock.into()),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}

/// The peer has let all the time pass.
pub(crate) fn late() -> io::Error {
    io::Error::new(
        io::ErrorKind::TimedOut,
        "nobody has read the response until the deadline",
    )
}
