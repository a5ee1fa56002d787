//! The end of this process by itself, as when the Runtime API refuses it: its children end with it.
//!
//! The C library calls this at exit(3), wherever that is called, so that a start executes nothing for it.

use super::super::poll;
use super::{END_OF_INPUT_LIMIT, SIGTERM_LIMIT, any, shutdown_has_begun, signal};

/// The descriptors that may be pipes to children.
const DESCRIPTORS: std::ops::Range<libc::c_int> = 3..1024;

#[used]
#[unsafe(link_section = ".fini_array")]
static AT_EXIT: extern "C" fn() = end_children;

extern "C" fn end_children() {
    // A shutdown has ended them already.
    if shutdown_has_begun() || !any() {
        return;
    }
    end_input();
    for (limit, number) in [
        (END_OF_INPUT_LIMIT, libc::SIGTERM),
        (SIGTERM_LIMIT, libc::SIGKILL),
    ] {
        let _ = poll([], Some(limit));
        signal(number, |_| true);
    }
}

/// Closes the pipes to the children.
fn end_input() {
    for fd in DESCRIPTORS {
        // SAFETY: fcntl with F_GETFL and dup2(2) take integers and touch no memory. A descriptor that is
        // replaced stays open under its number, so that its owner stays right; the writes of other threads
        // fail or go nowhere, and the process ends.
        unsafe {
            let flags = libc::fcntl(fd, libc::F_GETFL);
            if flags >= 0 && flags & libc::O_ACCMODE == libc::O_WRONLY {
                libc::dup2(libc::STDIN_FILENO, fd);
            }
        }
    }
}
