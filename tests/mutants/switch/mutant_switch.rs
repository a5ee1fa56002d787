//! Which mutant is chosen: a number that `tests/mutants/built.py` writes into the built programs.

use std::sync::atomic::{AtomicU32, Ordering};

#[repr(C)]
struct Switch {
    /// Where the number is, for those who read the file of the program.
    mark: [u8; 28],
    chosen: AtomicU32,
}

static SWITCH: Switch = Switch {
    mark: *b"coldspark: mutant in use is:",
    chosen: AtomicU32::new(0),
};

/// Whether the mutant of this number is chosen; 0 is the code as it was written.
#[must_use]
#[inline(never)]
pub fn is(number: u32) -> bool {
    SWITCH.chosen.load(Ordering::Relaxed) == number && SWITCH.mark[0] != 0
}
