//! The only module with `unsafe`: thin, safe wrappers over the system calls that
//! std has no safe form for, and the memory of the start-up arena.
//!
//! Every block states where its values come from and what keeps it sound.
#![allow(unsafe_code)]

pub(crate) mod arena;
pub(crate) mod entropy;
pub(crate) mod entry;
pub(crate) mod signal;
pub(crate) mod socket;
pub(crate) mod thread;

use std::io;
use std::sync::atomic::{AtomicBool, Ordering};

/// Makes a write to a closed pipe or socket an error instead of a signal.
///
/// std does this before `fn main`; a bootstrap that skips std's start-up must do it itself.
pub(crate) fn ignore_sigpipe() {
    // SAFETY: SIG_IGN is a valid disposition for SIGPIPE and no handler of ours is replaced;
    // signal(2) takes two integers and touches no memory of the program.
    unsafe { libc::signal(libc::SIGPIPE, libc::SIG_IGN) };
}

/// Writes `line` to standard error with one write(2), so that lines of several threads never mix.
///
/// A failure is dropped: there is nowhere left to report it.
pub(crate) fn write_stderr(mut line: &[u8]) {
    while !line.is_empty() {
        // SAFETY: pointer and length are those of a live borrowed slice, which write(2) only reads.
        let written = unsafe { libc::write(2, line.as_ptr().cast(), line.len()) };
        match usize::try_from(written) {
            Ok(0) => return,
            Ok(n) => line = &line[n.min(line.len())..],
            Err(_) if io::Error::last_os_error().kind() == io::ErrorKind::Interrupted => {}
            Err(_) => return,
        }
    }
}

/// Ends the process with `status`, after the C library's clean-up. std's own is left out: with it
/// come 5 KB of code. It would write a line that the function printed without its end.
///
/// Only the first caller does so; others wait for the end.
pub(crate) fn exit(status: i32) -> ! {
    static ENDING: AtomicBool = AtomicBool::new(false);
    while ENDING.swap(true, Ordering::Relaxed) {
        std::thread::park();
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
