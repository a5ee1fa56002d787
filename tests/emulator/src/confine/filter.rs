//! The filter as a program for the kernel's virtual machine (seccomp(2), `struct seccomp_data`).

use std::ops::Range;

use super::List;
use super::sys::Step;

/// How the filter treats calls that do not come from the program's own code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Others {
    /// They end the process too; only the execve(2) that starts the program is let through.
    Killed,
    /// They are allowed: the processes that the program starts make them.
    Allowed,
}

const LOAD: u16 = 0x20;
const IF_EQUAL: u16 = 0x15;
const IF_AT_LEAST: u16 = 0x35;
const RETURN: u16 = 0x06;

/// Where `struct seccomp_data` has them.
const NUMBER: u32 = 0;
const ARCHITECTURE: u32 = 4;
const ADDRESS_LOW: u32 = 8;
const ADDRESS_HIGH: u32 = 12;

const ALLOW: u32 = 0x7fff_0000;
const KILL_PROCESS: u32 = 0x8000_0000;

#[cfg(target_arch = "x86_64")]
const THIS: (u32, u32) = (0xc000_003e, 59);
#[cfg(target_arch = "aarch64")]
const THIS: (u32, u32) = (0xc000_00b7, 221);

/// Lets the calls of the list through from anywhere, and others as `others` says unless they come
/// from `text`.
pub(super) fn build(list: &List, text: Range<u32>, others: Others) -> Vec<Step> {
    let (architecture, execve) = THIS;
    let step = |code, yes, no, value| Step {
        code,
        yes,
        no,
        value,
    };
    let mut program = vec![
        step(LOAD, 0, 0, ARCHITECTURE),
        step(IF_EQUAL, 1, 0, architecture),
        step(RETURN, 0, 0, KILL_PROCESS),
        step(LOAD, 0, 0, NUMBER),
    ];
    for call in &list.0 {
        program.push(step(IF_EQUAL, 0, 1, call.number));
        program.push(step(RETURN, 0, 0, ALLOW));
    }
    program.extend([
        step(LOAD, 0, 0, ADDRESS_HIGH),
        step(IF_EQUAL, 0, 4, 0),
        step(LOAD, 0, 0, ADDRESS_LOW),
        step(IF_AT_LEAST, 0, 2, text.start),
        step(IF_AT_LEAST, 1, 0, text.end),
        step(RETURN, 0, 0, KILL_PROCESS),
    ]);
    match others {
        Others::Allowed => program.push(step(RETURN, 0, 0, ALLOW)),
        Others::Killed => program.extend([
            step(LOAD, 0, 0, NUMBER),
            step(IF_EQUAL, 0, 1, execve),
            step(RETURN, 0, 0, ALLOW),
            step(RETURN, 0, 0, KILL_PROCESS),
        ]),
    }
    program
}
