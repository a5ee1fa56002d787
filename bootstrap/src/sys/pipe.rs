//! Pipes whose end in this process never blocks.

use std::io;
use std::os::fd::{AsRawFd, BorrowedFd, OwnedFd};

use coldspark::internal::pipe;

use super::{checked, spawn_lock};

/// A pipe: a reading end that does not block, for this process, and a writing end that does, for
/// a child.
pub(crate) fn from_child() -> io::Result<(OwnedFd, OwnedFd)> {
    let (read, write) = pipe(0)?;
    set_nonblocking(&read)?;
    Ok((read, write))
}

/// A pipe of the log: as [`from_child`], with a writing end that only blocks after [`set_blocking`].
pub(crate) fn of_log() -> io::Result<(OwnedFd, OwnedFd)> {
    pipe(libc::O_NONBLOCK)
}

fn set_nonblocking(end: &OwnedFd) -> io::Result<()> {
    // SAFETY: fcntl with F_SETFL takes integers and touches no memory; `end` is open. The flag
    // belongs to this end of the pipe alone.
    checked(unsafe { libc::fcntl(end.as_raw_fd(), libc::F_SETFL, libc::O_NONBLOCK) }).map(drop)
}

/// Takes back what a process may have set on a writing end that it shares with the next one: that
/// it does not block (O_NONBLOCK), or keeps each write apart (O_DIRECT).
pub(crate) fn set_blocking(end: &OwnedFd) {
    // SAFETY: fcntl with F_SETFL takes integers and touches no memory; `end` is open. The flags are
    // those of the open file, which this process and its children share; it cannot fail for a pipe.
    unsafe { libc::fcntl(end.as_raw_fd(), libc::F_SETFL, 0) };
}

/// A pipe: a reading end that blocks, for a child, and a writing end that does not, for this
/// process.
pub(crate) fn to_child() -> io::Result<(OwnedFd, OwnedFd)> {
    let (read, write) = pipe(0)?;
    set_nonblocking(&write)?;
    Ok((read, write))
}

/// Makes `slot` refer to what `new` refers to, under its old number; what it was is closed.
pub(crate) fn replace(slot: &OwnedFd, new: OwnedFd) -> io::Result<()> {
    let _no_start = spawn_lock::hold();
    // SAFETY: dup2(2) and fcntl with F_SETFD take integers and touch no memory; both descriptors
    // are open, and `slot` stays open under its number, so its owner stays right. Nothing is
    // started in between that would inherit it. dup3(2) would be one more system call to allow.
    checked(unsafe { libc::dup2(new.as_raw_fd(), slot.as_raw_fd()) })?;
    // SAFETY: as above.
    checked(unsafe { libc::fcntl(slot.as_raw_fd(), libc::F_SETFD, libc::FD_CLOEXEC) }).map(drop)
}

/// How much may be read from a pipe that does not block before something else is done: until it is empty or at
/// its end, and about 1 MiB at most, so that a writer that never stops cannot keep the reader.
pub(crate) struct ReadBudget {
    /// How many bytes may still be read, about.
    left: usize,
}

impl ReadBudget {
    pub(crate) fn new() -> Self {
        Self { left: 1024 * 1024 }
    }

    /// Reads once into the spare capacity of `buffer`, which must not be full. Gives how many bytes
    /// came, 0 at the end of the pipe, and `None` when nothing more may be read.
    pub(crate) fn read(
        &mut self,
        pipe: BorrowedFd<'_>,
        buffer: &mut Vec<u8>,
    ) -> Option<io::Result<usize>> {
        if self.left == 0 {
            return None;
        }
        let spare = buffer.capacity() - buffer.len();
        loop {
            match read(pipe, buffer) {
                Ok(got) => {
                    // If there is room left, the pipe is empty, or gives more at the next wait.
                    let full = got == spare;
                    self.left = if full {
                        self.left.saturating_sub(got)
                    } else {
                        0
                    };
                    return Some(Ok(got));
                }
                Err(error) => match error.kind() {
                    io::ErrorKind::WouldBlock => return None,
                    io::ErrorKind::Interrupted => {}
                    _ => return Some(Err(error)),
                },
            }
        }
    }
}

/// Reads once into the spare capacity of `buffer`, which must not be full; gives how many bytes
/// came, 0 at the end.
fn read(pipe: BorrowedFd<'_>, buffer: &mut Vec<u8>) -> io::Result<usize> {
    let spare = buffer.spare_capacity_mut();
    // SAFETY: `spare` is the allocated, unused tail of `buffer`, exclusively borrowed for the
    // call; read(2) writes at most `spare.len()` bytes to it and reads none. The descriptor is
    // open because it is borrowed.
    let got = unsafe { libc::read(pipe.as_raw_fd(), spare.as_mut_ptr().cast(), spare.len()) };
    let Ok(got) = usize::try_from(got) else {
        return Err(io::Error::last_os_error());
    };
    // SAFETY: read(2) has initialised the first `got` bytes behind the old length, and `got` is
    // at most the spare capacity.
    unsafe { buffer.set_len(buffer.len() + got) };
    Ok(got)
}
