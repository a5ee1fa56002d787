//! The only module with `unsafe`: thin, safe wrappers over the system calls that
//! std has no safe form for, and the memory of the start-up arena.
//!
//! Every block states where its values come from and what keeps it sound.
#![allow(unsafe_code)]

pub(crate) mod abort;
pub(crate) mod arena;
pub(crate) mod descriptors;
pub(crate) mod entropy;
pub(crate) mod entry;
pub(crate) mod environment;
pub(crate) mod pipe;
pub(crate) mod signal;
pub(crate) mod slot;
pub(crate) mod socket;
pub(crate) mod thread;

use std::ffi::CStr;
use std::fs::File;
use std::io;
use std::os::fd::{FromRawFd, OwnedFd};
use std::ptr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// Makes a write to a closed pipe or socket an error instead of a signal.
///
/// std does this before `fn main`; a bootstrap that skips std's start-up must do it itself.
pub(crate) fn ignore_sigpipe() {
    // SAFETY: SIG_IGN is a valid disposition for SIGPIPE and no handler of ours is replaced;
    // signal(2) takes two integers and touches no memory of the program.
    unsafe { libc::signal(libc::SIGPIPE, libc::SIG_IGN) };
}

/// Writes one or several lines to standard output (1) or error (2) with one write(2), unless the system
/// takes only a part. Lines of several threads never mix, even if they are longer than a pipe's atomic
/// writes, and if both outputs are one pipe.
///
/// A failure is dropped: there is nowhere left to report it.
pub fn write_line(fd: libc::c_int, mut line: &[u8]) {
    static WRITING: Mutex<()> = Mutex::new(());
    let _alone = WRITING.lock().unwrap_or_else(PoisonError::into_inner);
    while !line.is_empty() {
        // SAFETY: pointer and length are those of a live borrowed slice, which write(2) only
        // reads. A closed descriptor gives EBADF.
        let written = unsafe { libc::write(fd, line.as_ptr().cast(), line.len()) };
        match usize::try_from(written) {
            Ok(0) => return,
            Ok(n) => line = &line[n.min(line.len())..],
            Err(_) => match io::Error::last_os_error().raw_os_error() {
                Some(libc::EINTR) => {}
                Some(libc::EAGAIN) => await_room(fd),
                _ => return,
            },
        }
    }
}

/// Waits for room in a log that another program has made non-blocking, so that no line is lost or cut.
#[cold]
fn await_room(fd: libc::c_int) {
    let mut polled = libc::pollfd {
        fd,
        events: libc::POLLOUT,
        revents: 0,
    };
    // SAFETY: the pointer is to one live, exclusively borrowed pollfd and the count is 1; neither
    // a limit nor a mask of signals is given.
    unsafe { libc::ppoll(&raw mut polled, 1, ptr::null(), ptr::null()) };
}

/// Opens a file to read it. std's way also checks how it is opened, with an error whose text brings 5 KB.
pub fn open(path: &CStr) -> io::Result<File> {
    // SAFETY: the pointer is to a live, zero-terminated text, which open(2) reads.
    let fd = unsafe { libc::open(path.as_ptr(), libc::O_RDONLY | libc::O_CLOEXEC) };
    if fd < 0 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: open(2) has just made the descriptor, so it is open and belongs to nobody else.
    Ok(File::from(unsafe { OwnedFd::from_raw_fd(fd) }))
}

/// The time since the machine booted, without the time that it was suspended.
pub fn since_boot() -> Duration {
    clock(libc::CLOCK_MONOTONIC)
}

/// The time since 1970 by the wall clock; zero for a clock before that.
pub fn since_epoch() -> Duration {
    clock(libc::CLOCK_REALTIME)
}

/// A time in whole milliseconds. std's own function uses 128 bits.
pub(crate) fn milliseconds(time: Duration) -> u64 {
    time.as_secs() * 1000 + u64::from(time.subsec_millis())
}

/// Reads a clock by a system call: std's clocks bring 4 KB of code, and the time is rarely read.
fn clock(clock: libc::clockid_t) -> Duration {
    let mut time = libc::timespec {
        tv_sec: 0,
        tv_nsec: 0,
    };
    // SAFETY: the number is that of clock_gettime(2), whose arguments are the number of a clock
    // and the address of a live, exclusively borrowed timespec; it keeps nothing.
    let done = unsafe { libc::syscall(libc::SYS_clock_gettime, clock, &raw mut time) };
    debug_assert_eq!(done, 0, "every kernel has both clocks");
    let seconds = u64::try_from(time.tv_sec).unwrap_or_default();
    Duration::new(seconds, time.tv_nsec as u32)
}

/// Waits while another thread ends the process.
pub(crate) fn wait_for_the_end() -> ! {
    loop {
        // `park` would bring 3 KB of thread-locals with it.
        pause(3_600_000);
    }
}

/// Waits so many milliseconds; less when a signal comes. It uses ppoll(2), which the process needs anyway:
/// std's sleep would be one more system call for a filter to allow.
pub(crate) fn pause(milliseconds: u32) {
    let limit = libc::timespec {
        tv_sec: (milliseconds / 1000).into(),
        tv_nsec: (milliseconds % 1000 * 1_000_000).into(),
    };
    // SAFETY: there are no descriptors, so that their pointer is not looked at; the limit lives
    // until the call returns, and no mask of signals is given.
    unsafe { libc::ppoll(ptr::null_mut(), 0, &raw const limit, ptr::null()) };
}

/// Ends the process with `status`, after the C library's clean-up. std's own clean-up, 5 KB of code, is
/// left out; it would write an unfinished line that the function has printed.
///
/// Only the first caller does so; others wait for the end.
pub(crate) fn exit(status: i32) -> ! {
    static ENDING: AtomicBool = AtomicBool::new(false);
    if ENDING.swap(true, Ordering::Relaxed) {
        wait_for_the_end();
    }
    // SAFETY: exit(3) takes an integer and does not return; the swap above let this thread alone
    // come here.
    unsafe { libc::exit(status) }
}

/// Sets a variable of the process's environment, or removes it.
///
/// Rust code on other threads may read the environment meanwhile, since std locks it. C code may
/// not: [`Runtime::trace_environment`](crate::Runtime::trace_environment), the only way to here,
/// tells its users.
pub(crate) fn set_variable(name: &str, value: Option<&str>) {
    // SAFETY: called by the only poller between two events, so that no handler runs; threads that
    // handlers have left behind read the environment through std, whose lock both calls take, or
    // break the rule of the method that a function opts in with. The names are ours, and the
    // values come from a header, which holds no zero byte.
    unsafe {
        match value {
            Some(value) => std::env::set_var(name, value),
            None => std::env::remove_var(name),
        }
    }
}
