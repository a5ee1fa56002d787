//! Installs the filter between fork and exec.

use std::io;
use std::os::unix::process::CommandExt;
use std::process::Command;

/// A step of a filter: `struct sock_filter`.
#[derive(Clone, Copy, Debug)]
pub struct Step {
    /// The instruction.
    pub code: u16,
    /// How many steps to skip when a comparison holds.
    pub yes: u8,
    /// How many steps to skip when it does not.
    pub no: u8,
    /// The operand: the offset to load from, the value to compare with, or the verdict.
    pub value: u32,
}

/// Puts the command under this filter when it starts.
pub fn install(command: &mut Command, steps: Vec<Step>) {
    let steps = steps.into_iter().map(|step| libc::sock_filter {
        code: step.code,
        jt: step.yes,
        jf: step.no,
        k: step.value,
    });
    let mut filter: Vec<libc::sock_filter> = steps.collect();
    let install = move || {
        let program = libc::sock_fprog {
            len: filter.len() as u16,
            filter: filter.as_mut_ptr(),
        };
        // SAFETY: prctl(2) with these options takes integers and a pointer to a filter, which
        // lives in the closure and is copied by the kernel.
        let refused = unsafe {
            libc::prctl(libc::PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0
                || libc::prctl(
                    libc::PR_SET_SECCOMP,
                    libc::SECCOMP_MODE_FILTER,
                    &raw const program,
                ) != 0
        };
        if refused {
            return Err(io::Error::last_os_error());
        }
        Ok(())
    };
    // SAFETY: the closure only makes system calls; it neither allocates nor takes locks.
    unsafe { command.pre_exec(install) };
}
