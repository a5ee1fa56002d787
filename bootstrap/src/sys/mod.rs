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
use std::time::Duration;
use std::{iter, ptr};

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
    // SAFETY: each of the pointers is to a zero-terminated string that lives as long as the
    // program.
    lines().map(|line| unsafe { CStr::from_ptr(line) })
}

/// The lines of the environment, as pointers to zero-terminated texts that live as long as the program.
fn lines() -> impl Iterator<Item = *const libc::c_char> {
    unsafe extern "C" {
        static environ: *const *const libc::c_char;
    }
    // SAFETY: the C library has set it before `main`; nothing in this program ever changes the
    // environment, so there is no writer to race with.
    let mut next = unsafe { environ };
    iter::from_fn(move || {
        // SAFETY: it is null, or an array of pointers that ends with a null pointer, and `next`
        // has not gone past that one.
        let line = unsafe { next.as_ref() }.filter(|line| !line.is_null())?;
        // SAFETY: this element was not the last one, so there is one behind it.
        next = unsafe { next.add(1) };
        Some(*line)
    })
}

/// The value of a variable of this process's environment, if it is there and not empty. std would copy the
/// name and take a lock first. Most lines differ from the name in one of their first bytes, so the length of a
/// line is computed only when its name has matched.
pub(crate) fn variable(name: &str) -> Option<&'static OsStr> {
    let name = name.as_bytes();
    let value = lines().find_map(|line| value_of(line, name))?;
    (!value.is_empty()).then(|| OsStr::from_bytes(value))
}

/// The value in a line of the environment, if the line has this name; `line` is a zero-terminated text that lives
/// as long as the program.
#[inline(always)]
fn value_of(line: *const libc::c_char, name: &[u8]) -> Option<&'static [u8]> {
    let line = line.cast::<u8>();
    for (at, expected) in name.iter().enumerate() {
        // SAFETY: the zero that ends the text is at `at` or behind it: all bytes before `at` were equal to
        // bytes that are no zeros.
        if *expected == 0 || unsafe { line.add(at).read() } != *expected {
            return None;
        }
    }
    // SAFETY: as above; and behind a byte that is not the zero, the rest is a zero-terminated text too,
    // which lives as long as the program.
    unsafe {
        let end = line.add(name.len());
        (end.read() == b'=').then(|| CStr::from_ptr(end.add(1).cast()).to_bytes())
    }
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
    fn a_line_has_a_value_only_for_its_whole_name() {
        let value = |line: &'static CStr, name: &str| value_of(line.as_ptr(), name.as_bytes());
        assert_eq!(value(c"NAME=a=b", "NAME"), Some(&b"a=b"[..]));
        assert_eq!(value(c"NAME=", "NAME"), Some(&b""[..]));
        for (line, name) in [
            (c"NAME=a", "NAM"),
            (c"NAME=a", "NAMES"),
            (c"NAME", "NAME"),
            (c"NA", "NAME"),
            (c"", "NAME"),
            // Nothing behind the end of the line is read.
            (c"NA", "NA\0ME"),
        ] {
            assert_eq!(value(line, name), None, "{line:?}, {name:?}");
        }
    }

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
