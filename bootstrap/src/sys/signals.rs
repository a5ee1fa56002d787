//! SIGCHLD, which this process needs whatever it was started with, and the reaping of orphans.

use std::mem::MaybeUninit;
use std::ptr;
use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};

use super::children;

/// Whether orphans become children of this process.
static ADOPTS_ORPHANS: AtomicBool = AtomicBool::new(false);
/// How many events have begun; it counts to 2.
static EVENTS: AtomicU8 = AtomicU8::new(0);

/// Makes sure that the status of a child can be read when it has ended: a process that was started with SIGCHLD
/// ignored would never learn it. This is called on the first thread.
pub(crate) fn set_up() {
    on_child_end(libc::SIG_DFL);
    // SAFETY: gettid(2) takes nothing. The first thread has the number of the process; the C library knows it
    // without a system call, which getpid(2) would be.
    if unsafe { libc::gettid() } == 1 {
        adopt_orphans();
    }
}

/// Called before each event. Before the second one this asks whether orphans become children of this process,
/// so that the first event does not wait for another system call.
pub(crate) fn before_event() {
    let events = EVENTS.load(Ordering::Relaxed);
    if events > 1 || ADOPTS_ORPHANS.load(Ordering::Relaxed) {
        return;
    }
    EVENTS.store(events + 1, Ordering::Relaxed);
    if events == 1 {
        let mut subreaper: libc::c_int = 0;
        // SAFETY: prctl(2) with PR_GET_CHILD_SUBREAPER writes one integer, which is live and
        // exclusively borrowed.
        unsafe { libc::prctl(libc::PR_GET_CHILD_SUBREAPER, &raw mut subreaper) };
        if subreaper != 0 {
            adopt_orphans();
        }
    }
}

/// Reaps orphans that have ended, if they become children of this process.
pub(crate) fn reap_orphans() {
    if ADOPTS_ORPHANS.load(Ordering::Relaxed) {
        children::reap_orphans();
    }
}

fn adopt_orphans() {
    // The end of each child then interrupts a wait, after which orphans are reaped.
    let handler: extern "C" fn(libc::c_int) = do_nothing;
    on_child_end(handler as *const () as libc::sighandler_t);
    ADOPTS_ORPHANS.store(true, Ordering::Relaxed);
}

extern "C" fn do_nothing(_: libc::c_int) {}

fn on_child_end(handler: libc::sighandler_t) {
    let mut action = MaybeUninit::<libc::sigaction>::zeroed();
    // SAFETY: all-zero bytes are a valid sigaction with an empty mask; the handler is the default or
    // `do_nothing`, whose parameter is right without SA_SIGINFO. The old action is not asked for.
    unsafe {
        let action = action.assume_init_mut();
        action.sa_sigaction = handler;
        action.sa_flags = libc::SA_RESTART | libc::SA_NOCLDSTOP;
        libc::sigaction(libc::SIGCHLD, action, ptr::null_mut());
    }
}
