//! What this process relies on of signals, whatever it was started with; and whether it is the one
//! that orphans become children of.

use std::mem::MaybeUninit;
use std::ptr;
use std::sync::atomic::{AtomicU8, Ordering};

use super::child;

/// Whether orphans become children of this process. It asks at the second event, so that the first
/// one does not wait for a system call more.
static ORPHANS: AtomicU8 = AtomicU8::new(NO_EVENT);
const NO_EVENT: u8 = 0;
const ONE_EVENT: u8 = 1;
const ELSEWHERE: u8 = 2;
const OURS: u8 = 3;

/// Sets that children stay to be reaped when they end; who ignores SIGCHLD, which a program
/// inherits, never learns of a status. Called on the first thread.
pub(crate) fn begin() {
    on_child_end(libc::SIG_DFL);
    // SAFETY: gettid(2) takes nothing; the first thread has the number of the process. The C library
    // knows it from the start, other than the process's own.
    if unsafe { libc::gettid() } == 1 {
        adopt();
    }
}

/// Looks, before the second event, whether orphans are this process's.
pub(crate) fn event() {
    match ORPHANS.load(Ordering::Relaxed) {
        NO_EVENT => ORPHANS.store(ONE_EVENT, Ordering::Relaxed),
        ONE_EVENT => {
            let mut subreaper: libc::c_int = 0;
            // SAFETY: prctl(2) with PR_GET_CHILD_SUBREAPER writes one integer, which is live and
            // exclusively borrowed.
            unsafe { libc::prctl(libc::PR_GET_CHILD_SUBREAPER, &raw mut subreaper) };
            match subreaper {
                0 => ORPHANS.store(ELSEWHERE, Ordering::Relaxed),
                _ => adopt(),
            }
        }
        _ => {}
    }
}

/// Reaps orphans that have ended, where they are this process's.
pub(crate) fn reap_orphans() {
    if ORPHANS.load(Ordering::Relaxed) == OURS {
        child::reap_orphans();
    }
}

fn adopt() {
    // Each end then interrupts a wait, behind which orphans are reaped.
    let handler: extern "C" fn(libc::c_int) = nothing;
    on_child_end(handler as *const () as libc::sighandler_t);
    ORPHANS.store(OURS, Ordering::Relaxed);
}

extern "C" fn nothing(_: libc::c_int) {}

fn on_child_end(handler: libc::sighandler_t) {
    let mut action = MaybeUninit::<libc::sigaction>::zeroed();
    // SAFETY: all-zero bytes are a valid sigaction with an empty mask; the handler is the default or
    // `nothing`, which has the form that goes without SA_SIGINFO. The old action is not asked for.
    unsafe {
        let action = action.assume_init_mut();
        action.sa_sigaction = handler;
        action.sa_flags = libc::SA_RESTART | libc::SA_NOCLDSTOP;
        libc::sigaction(libc::SIGCHLD, action, ptr::null_mut());
    }
}
