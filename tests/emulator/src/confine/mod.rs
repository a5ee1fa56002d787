//! Starts programs that are killed at the first system call outside a list (seccomp(2)).
//!
//! The filter goes by the place a call comes from: the code of a static program without
//! relocation is at fixed addresses, so that its own calls can be told from those of the processes
//! that it starts, which inherit the filter and have their code elsewhere.

mod filter;
mod list;
#[allow(unsafe_code)]
mod sys;
mod text;

use std::io;
use std::path::Path;
use std::process::Command;

use crate::left_to_another_form;
use crate::under_test::runner;

pub use filter::Others;
pub use list::{Call, List};
pub use sys::{Step, install};

/// Whether a filter is one of the program under test. Under a runner it would filter the runner's own calls, and
/// the test is left to another form.
#[must_use]
pub fn can_filter() -> bool {
    let can = runner().is_none();
    if !can {
        left_to_another_form("qemu's own calls would be filtered");
    }
    can
}

/// Lets the kernel kill `command` when the code of `program`, which it runs, makes a call that is
/// not in the list.
///
/// # Errors
/// When the program is not a static one at fixed addresses.
pub fn confine(
    command: &mut Command,
    program: &Path,
    list: &List,
    others: Others,
) -> io::Result<()> {
    let text = text::range(program)?;
    sys::install(command, filter::build(list, text, others));
    Ok(())
}
