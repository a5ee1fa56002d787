//! A report of a failed allocation that aborts the process.
//!
//! Only a nightly std has a hook for it, and std's own line has no request id. The allocator cannot know
//! whether the process will abort: code that uses `try_reserve` goes on. So SIGABRT is caught, from the
//! first failed allocation on; without one this costs nothing.

use std::mem::{self, MaybeUninit};
use std::ptr;
use std::sync::atomic::{AtomicBool, AtomicPtr, AtomicUsize, Ordering};

/// What to call when the process aborts, a `fn(usize)`.
static REPORT: AtomicPtr<()> = AtomicPtr::new(ptr::null_mut());
/// The size of the last failed allocation, and its thread; 0 without one.
static SIZE: AtomicUsize = AtomicUsize::new(0);
static THREAD: AtomicUsize = AtomicUsize::new(0);

/// Sets the function that is called, with the size, on a thread that aborts by a failed allocation.
pub(crate) fn set_report(report: fn(usize)) {
    REPORT.store(report as *mut (), Ordering::Release);
}

/// Notes that an allocation of so many bytes failed on this thread.
#[cold]
#[inline(never)]
pub(super) fn note_failed_allocation(size: usize) {
    static CAUGHT: AtomicBool = AtomicBool::new(false);
    SIZE.store(size, Ordering::Relaxed);
    THREAD.store(this_thread(), Ordering::Relaxed);
    if REPORT.load(Ordering::Relaxed).is_null() || CAUGHT.swap(true, Ordering::Relaxed) {
        return;
    }
    let handler: extern "C" fn(libc::c_int) = on_sigabrt;
    let mut before = MaybeUninit::<libc::sigaction>::zeroed();
    let mut action = MaybeUninit::<libc::sigaction>::zeroed();
    // SAFETY: all-zero bytes are a valid sigaction with an empty mask, and both are live and
    // exclusively borrowed; the handler has the form that goes without SA_SIGINFO. A handler of the
    // function's own stays.
    unsafe {
        libc::sigaction(libc::SIGABRT, ptr::null(), before.as_mut_ptr());
        if before.assume_init().sa_sigaction == libc::SIG_DFL {
            let action = action.assume_init_mut();
            action.sa_sigaction = handler as *const () as libc::sighandler_t;
            libc::sigaction(libc::SIGABRT, action, ptr::null_mut());
        }
    }
}

/// The signal's handler. abort(3) raises the signal on its own thread, and ends the process when this
/// returns.
extern "C" fn on_sigabrt(_: libc::c_int) {
    let report = REPORT.load(Ordering::Acquire);
    if THREAD.swap(0, Ordering::Relaxed) != this_thread() || report.is_null() {
        return;
    }
    // SAFETY: only `set_report` sets the pointer, to a function of this type. The thread is at
    // abort(3), and in no allocator: the allocation that failed has returned to its caller.
    let report: fn(usize) = unsafe { mem::transmute(report) };
    report(SIZE.load(Ordering::Relaxed));
}

/// A value that no other live thread has.
fn this_thread() -> usize {
    // SAFETY: every thread has an errno.
    unsafe { libc::__errno_location() }.addr()
}
