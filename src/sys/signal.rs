//! SIGTERM as something a thread can wait for.

use std::io::{self, Read};
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd};
use std::sync::atomic::{AtomicI32, Ordering};
use std::{fs, ptr};

use super::pipe::pipe;

/// The writing end of the pipe that the signal handler writes to.
static WRITING_END: AtomicI32 = AtomicI32::new(-1);

/// The signal handler for SIGTERM, which makes a pipe readable instead of ending the process. The pipe
/// stays open as long as the process lives, since the handler may run at any time.
#[derive(Clone, Copy)]
pub(crate) struct Termination(&'static fs::File);

impl Termination {
    /// Installs the signal handler. Children are started with the signal's default, because
    /// exec(2) resets it.
    pub(crate) fn catch() -> io::Result<Self> {
        let (read, write) = pipe(0)?;
        WRITING_END.store(write.as_raw_fd(), Ordering::Relaxed);
        let handler: extern "C" fn(libc::c_int) = on_sigterm;
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

    /// A descriptor that is readable from the signal on, until a thread has waited for it.
    pub(crate) fn readable(self) -> BorrowedFd<'static> {
        self.0.as_fd()
    }
}

extern "C" fn on_sigterm(_: libc::c_int) {
    // SAFETY: the pointer is to this thread's errno, which lives as long as the thread; what the
    // handler has interrupted finds it as it was. write(2) is async-signal-safe and only reads
    // the one byte; the descriptor stays open.
    unsafe {
        let errno = libc::__errno_location();
        let before = *errno;
        libc::write(WRITING_END.load(Ordering::Relaxed), c"t".as_ptr().cast(), 1);
        *errno = before;
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;
    use std::os::unix::net::UnixStream;
    use std::sync::{Mutex, MutexGuard, PoisonError, mpsc};
    use std::thread;

    use super::*;

    /// The signal's handler and its pipe are the process's.
    fn alone() -> MutexGuard<'static, ()> {
        static ALONE: Mutex<()> = Mutex::new(());
        ALONE.lock().unwrap_or_else(PoisonError::into_inner)
    }

    #[test]
    #[cfg_attr(miri, ignore = "Miri has no signals")]
    fn a_call_that_the_signal_interrupts_goes_on() {
        let _alone = alone();
        let termination = Termination::catch().unwrap();
        let (mut writer, mut reader) = UnixStream::pair().unwrap();
        let (sender, receiver) = mpsc::channel();
        let reading = thread::spawn(move || {
            // SAFETY: gettid(2) takes nothing.
            sender.send(unsafe { libc::gettid() }).unwrap();
            reader.read(&mut [0]).map_err(|error| error.kind())
        });
        let thread = receiver.recv().unwrap();
        let stat = format!("/proc/self/task/{thread}/stat");
        while !fs::read_to_string(&stat).unwrap().contains(") S ") {
            thread::yield_now();
        }
        // SAFETY: tgkill(2) takes integers; the thread runs until it has read.
        unsafe { libc::syscall(libc::SYS_tgkill, libc::getpid(), thread, libc::SIGTERM) };
        termination.wait().unwrap();
        writer.write_all(b"x").unwrap();
        assert_eq!(reading.join().unwrap(), Ok(1));
        // SAFETY: signal(2) takes integers; the default is a valid disposition.
        unsafe { libc::signal(libc::SIGTERM, libc::SIG_DFL) };
    }

    #[test]
    fn what_was_interrupted_finds_its_errno() {
        let _alone = alone();
        // Nothing that can be written to.
        let pipe = WRITING_END.swap(-1, Ordering::Relaxed);
        // SAFETY: the pointer is to this thread's errno.
        unsafe { *libc::__errno_location() = libc::EXDEV };
        on_sigterm(libc::SIGTERM);
        let after = io::Error::last_os_error().raw_os_error();
        WRITING_END.store(pipe, Ordering::Relaxed);
        assert_eq!(after, Some(libc::EXDEV));
    }
}
