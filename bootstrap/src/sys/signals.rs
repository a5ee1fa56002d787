//! The signals that this process relies on, whatever it was started with; and whether orphans become
//! its children.

use std::mem::MaybeUninit;
use std::ptr;
use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};

use super::children;

/// Whether orphans become children of this process.
static ADOPTS: AtomicBool = AtomicBool::new(false);
/// How many events have begun, as far as it matters: 0, 1, or more.
static EVENTS: AtomicU8 = AtomicU8::new(0);

/// Makes sure that children stay to be reaped when they end: a process that ignores SIGCHLD, which a
/// program inherits, never learns of a status. Called on the first thread.
pub(crate) fn set_up() {
    on_child_end(libc::SIG_DFL);
    // SAFETY: gettid(2) takes nothing; the first thread has the number of the process. The C library
    // knows it from the start, other than the process's own.
    if unsafe { libc::gettid() } == 1 {
        adopt();
    }
}

/// Called before each event. Before the second one this asks whether orphans become children of this
/// process, so that the first one does not wait for a system call more.
pub(crate) fn before_event() {
    let events = EVENTS.load(Ordering::Relaxed);
    if events > 1 || ADOPTS.load(Ordering::Relaxed) {
        return;
    }
    EVENTS.store(events + 1, Ordering::Relaxed);
    if events == 1 {
        let mut subreaper: libc::c_int = 0;
        // SAFETY: prctl(2) with PR_GET_CHILD_SUBREAPER writes one integer, which is live and
        // exclusively borrowed.
        unsafe { libc::prctl(libc::PR_GET_CHILD_SUBREAPER, &raw mut subreaper) };
        if subreaper != 0 {
            adopt();
        }
    }
}

/// Reaps orphans that have ended, where they are this process's.
pub(crate) fn reap_orphans() {
    if ADOPTS.load(Ordering::Relaxed) {
        children::reap_orphans();
    }
}

fn adopt() {
    // Each end then interrupts a wait, behind which orphans are reaped.
    let handler: extern "C" fn(libc::c_int) = nothing;
    on_child_end(handler as *const () as libc::sighandler_t);
    ADOPTS.store(true, Ordering::Relaxed);
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
