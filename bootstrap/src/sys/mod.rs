//! The only module with `unsafe`: thin, safe wrappers over system calls for which std has no safe function.
//! Every descriptor is made close-on-exec; the start of a child names what the child gets.
#![allow(unsafe_code)]

pub(crate) mod child;
pub(crate) mod children;
pub(crate) mod cpu_clock;
pub(crate) mod pipe;
pub(crate) mod read_ahead;
pub(crate) mod schedule;
pub(crate) mod scratch_file;
pub(crate) mod signals;
pub(crate) mod socket;
pub(crate) mod spawn;
mod spawn_lock;

use std::ffi::{CStr, OsStr};
use std::io;
use std::os::fd::{AsRawFd, BorrowedFd, FromRawFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::ptr;
use std::time::Duration;

use coldspark::internal::variables;

/// The result of a call that gives -1 for a failure.
fn checked(result: libc::c_int) -> io::Result<libc::c_int> {
    if result < 0 {
        return Err(io::Error::last_os_error());
    }
    Ok(result)
}

/// The descriptor that a system call has just made, or its error.
fn owned(result: libc::c_int) -> io::Result<OwnedFd> {
    let fd = checked(result)?;
    // SAFETY: every caller passes the result of a call that makes a new descriptor; it was not
    // negative, so it is open, and nothing else knows its number.
    Ok(unsafe { OwnedFd::from_raw_fd(fd) })
}

/// The lines of this process's environment, `NAME=value`.
pub(crate) fn environment() -> impl Iterator<Item = &'static CStr> {
    // SAFETY: nothing in this program ever changes the environment.
    variables().map(|variable| unsafe { variable.unchanged() })
}

/// The value of a variable of this process's environment, if it is there and not empty. std would copy the
/// name and take a lock first.
pub(crate) fn variable(name: &str) -> Option<&'static OsStr> {
    let value = variables().find_map(|variable| variable.value(name))?;
    // SAFETY: nothing in this program ever changes the environment.
    let value = unsafe { value.unchanged() }.to_bytes();
    (!value.is_empty()).then(|| OsStr::from_bytes(value))
}

/// Waits until one of the descriptors can be read or is at its end, or the time is over; says
/// which are. `None` waits without a limit. An interrupted wait says that no descriptor is ready.
pub(crate) fn poll<const N: usize>(
    fds: [Option<BorrowedFd<'_>>; N],
    limit: Option<Duration>,
) -> io::Result<[bool; N]> {
    poll_or_writable(fds, false, limit)
}

/// Waits as [`poll`] does; with `writable`, also until the first descriptor can be written to.
pub(crate) fn poll_or_writable<const N: usize>(
    fds: [Option<BorrowedFd<'_>>; N],
    writable: bool,
    limit: Option<Duration>,
) -> io::Result<[bool; N]> {
    let mut polled = fds.map(|fd| libc::pollfd {
        // poll(2) skips negative descriptors.
        fd: fd.map_or(-1, |fd| fd.as_raw_fd()),
        events: libc::POLLIN,
        revents: 0,
    });
    for first in polled.iter_mut().take(writable.into()) {
        first.events |= libc::POLLOUT;
    }
    let limit = limit.map(|limit| libc::timespec {
        tv_sec: i64::try_from(limit.as_secs()).unwrap_or(i64::MAX),
        tv_nsec: limit.subsec_nanos().into(),
    });
    let limit = limit.as_ref().map_or(ptr::null(), ptr::from_ref);
    // SAFETY: the pointer and the count are those of a live, exclusively borrowed array, which
    // ppoll(2) writes `revents` to; the descriptors are open because they are borrowed. The limit,
    // if there is one, lives until the call returns; no mask of signals is given. After a freeze,
    // poll(2) would go on by restart_syscall(2), one more call to allow.
    let found = unsafe { libc::ppoll(polled.as_mut_ptr(), N as libc::nfds_t, limit, ptr::null()) };
    match checked(found) {
        Ok(_) => Ok(polled.map(|polled| polled.revents != 0)),
        Err(error) if error.kind() == io::ErrorKind::Interrupted => Ok([false; N]),
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variables_are_those_of_the_process() {
        let path = std::env::var_os("PATH").unwrap();
        assert_eq!(variable("PATH"), Some(&*path));
        assert_eq!(variable("PAT"), None);
        assert_eq!(
            environment().count(),
            std::env::vars_os().count(),
            "lines of the environment"
        );
    }
}
