//! SIGTERM as something a thread can wait for.

use std::io::{self, Read};
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, FromRawFd, OwnedFd};
use std::sync::atomic::{AtomicI32, Ordering};
use std::{fs, ptr};

/// The writing end of the pipe that the signal handler writes to.
static TOLD: AtomicI32 = AtomicI32::new(-1);

/// SIGTERM no longer ends the process; it is told here. The pipe is open as long as the process
/// lives, since the handler may run at any time.
#[derive(Clone, Copy)]
pub(crate) struct Termination(&'static fs::File);

impl Termination {
    /// Installs the signal handler. Children are started with the signal's default, because
    /// exec(2) resets it.
    pub(crate) fn catch() -> io::Result<Self> {
        let mut ends = [-1; 2];
        // SAFETY: the pointer is to two live, exclusively borrowed integers, which pipe2(2) writes.
        if unsafe { libc::pipe2(ends.as_mut_ptr(), libc::O_CLOEXEC) } != 0 {
            return Err(io::Error::last_os_error());
        }
        // SAFETY: pipe2(2) has just made both, and nothing else knows their numbers.
        let [read, write] = ends.map(|end| unsafe { OwnedFd::from_raw_fd(end) });
        TOLD.store(write.as_raw_fd(), Ordering::Relaxed);
        let handler: extern "C" fn(libc::c_int) = told;
        let mut action = MaybeUninit::<libc::sigaction>::zeroed();
        // SAFETY: all-zero bytes are a valid sigaction with an empty mask; the handler has the
        // form that goes without SA_SIGINFO, and only does what is allowed in a signal handler.
        // The old action is not asked for.
        let result = unsafe {
            let action = action.assume_init_mut();
            action.sa_sigaction = handler as *const () as libc::sighandler_t;
            action.sa_flags = libc::SA_RESTART;
            libc::sigaction(libc::SIGTERM, action, ptr::null_mut())
        };
        if result != 0 {
            return Err(io::Error::last_os_error());
        }
        std::mem::forget(write);
        Ok(Self(Box::leak(Box::new(fs::File::from(read)))))
    }

    /// Waits until the signal comes.
    pub(crate) fn wait(mut self) -> io::Result<()> {
        self.0.read_exact(&mut [0])
    }

    /// What can be read when the signal has come, and until somebody has waited for it.
    pub(crate) fn told(self) -> BorrowedFd<'static> {
        self.0.as_fd()
    }
}

extern "C" fn told(_: libc::c_int) {
    // SAFETY: the pointer is to this thread's errno, which lives as long as the thread; what the
    // handler has interrupted finds it as it was. write(2) is async-signal-safe and only reads
    // the one byte; the descriptor stays open.
    unsafe {
        let errno = libc::__errno_location();
        let before = *errno;
        libc::write(TOLD.load(Ordering::Relaxed), c"t".as_ptr().cast(), 1);
        *errno = before;
    }
}
