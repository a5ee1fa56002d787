//! The end of this process by itself, as when the Runtime API refuses it: its children end with it.
//!
//! The C library calls this at exit(3), wherever that is called, so that a start executes nothing for it.

use std::time::Duration;

use super::super::poll;
use super::{any, is_closed, signal};

/// How long children have that end when their input ends, as workers do.
const END_OF_INPUT: Duration = Duration::from_millis(150);
/// How long the others have to end after SIGTERM.
const TERM: Duration = Duration::from_millis(50);
/// The descriptors that may be pipes to children.
const DESCRIPTORS: std::ops::Range<libc::c_int> = 3..1024;

#[used]
#[unsafe(link_section = ".fini_array")]
static AT_EXIT: extern "C" fn() = end_children;

extern "C" fn end_children() {
    // A shutdown has ended them already.
    if is_closed() || !any() {
        return;
    }
    end_input();
    for (span, number) in [(END_OF_INPUT, libc::SIGTERM), (TERM, libc::SIGKILL)] {
        let _ = poll([], Some(span));
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
