//! Starts programs that are killed at the first system call outside a list (seccomp(2)).
//!
//! The filter goes by the place a call comes from: the code of a static program without
//! relocation is at fixed addresses, so that its own calls are told from those of the processes
//! that it starts, which inherit the filter and have their code elsewhere.

mod filter;
mod list;
#[allow(unsafe_code)]
mod sys;
mod text;

use std::collections::BTreeSet;
use std::io;
use std::path::Path;
use std::process::Command;

pub use filter::Others;
pub use list::{Call, List};
pub use sys::{Step, install};

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

/// The names of the calls in a trace of qemu's user emulation (`QEMU_STRACE`).
#[must_use]
pub fn traced(trace: &str) -> BTreeSet<String> {
    let names = trace.lines().filter_map(|line| {
        let (process, call) = line.split_once(' ')?;
        let (name, _) = call.split_once('(')?;
        let word = |text: &str| text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
        let number = process.bytes().all(|byte| byte.is_ascii_digit());
        (number && !name.is_empty() && word(name)).then(|| name.to_owned())
    });
    names.collect()
}
