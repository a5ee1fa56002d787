//! A pipe by pipe2(2).

use std::io;
use std::os::fd::{FromRawFd, OwnedFd};

/// A pipe whose ends are closed in programs that this one starts: the reading end, and the writing
/// end. They block unless the flags say O_NONBLOCK.
///
/// # Errors
/// Those of pipe2(2).
pub fn pipe(flags: libc::c_int) -> io::Result<(OwnedFd, OwnedFd)> {
    let mut ends = [-1; 2];
    // SAFETY: the pointer is to two live, exclusively borrowed integers, which pipe2(2) writes.
    if unsafe { libc::pipe2(ends.as_mut_ptr(), libc::O_CLOEXEC | flags) } != 0 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: pipe2(2) has just made both, and nothing else knows their numbers.
    let [read, write] = ends.map(|end| unsafe { OwnedFd::from_raw_fd(end) });
    Ok((read, write))
}
