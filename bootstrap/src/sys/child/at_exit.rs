//! The end of this process by itself, as when the Runtime API refuses it: its children end with it.
//!
//! The C library calls this at exit(3), whoever has called that, so that a start executes nothing for it.

use std::time::Duration;

use super::super::poll;
use super::{RUNNING, signal};

/// How long children may take that end at the end of their input, as workers do.
const END_OF_INPUT: Duration = Duration::from_millis(150);
/// How long after that they may take behind SIGTERM.
const TERM: Duration = Duration::from_millis(50);
/// The descriptors that are looked at.
const DESCRIPTORS: std::ops::Range<libc::c_int> = 3..1024;

#[used]
#[unsafe(link_section = ".fini_array")]
static AT_EXIT: extern "C" fn() = end_children;

extern "C" fn end_children() {
    // The shutdown has told and killed them.
    let over = RUNNING
        .lock()
        .map_or(true, |it| it.closed || it.pids.is_empty());
    if over {
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
