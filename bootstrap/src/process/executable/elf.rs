//! Why a program in the ELF format cannot be executed: it is for another processor, or its loader is missing.

use std::path::PathBuf;

use super::is_executable;

/// What a file in this format begins with.
pub(super) const MAGIC: &[u8] = b"\x7fELF";

#[cfg(target_arch = "x86_64")]
const MACHINE: (u16, &str) = (62, "x86_64");
#[cfg(target_arch = "aarch64")]
const MACHINE: (u16, &str) = (183, "arm64");

/// Why this processor cannot execute a program that begins so, if it cannot.
pub(super) fn problem(elf: &[u8]) -> Option<String> {
    let machine = number(elf, 18, 2);
    if elf.get(4) != Some(&2) || machine != Some(MACHINE.0.into()) {
        let machine = match machine {
            Some(62) => "x86_64".to_owned(),
            Some(183) => "arm64".to_owned(),
            Some(machine) => format!("ELF machine {machine}"),
            None => "an unknown architecture".to_owned(),
        };
        return Some(format!(
            "is a program for {machine}, and this function runs on {}; build it for that, or \
             change the function's architecture",
            MACHINE.1
        ));
    }
    let path = interpreter(elf)?;
    if is_executable(&path) {
        return None;
    }
    Some(format!(
        "is linked dynamically and asks for {}, which is not there; link it statically, or build \
         it on Amazon Linux 2023",
        path.to_string_lossy()
    ))
}

/// The path in PT_INTERP, if there is one.
pub(crate) fn interpreter(elf: &[u8]) -> Option<PathBuf> {
    const PT_INTERP: usize = 3;
    let table = number(elf, 32, 8)?;
    let size = number(elf, 54, 2)?;
    let count = number(elf, 56, 2)?;
    for index in 0..count {
        let header = table.checked_add(index.checked_mul(size)?)?;
        if number(elf, header, 4)? == PT_INTERP {
            let start = number(elf, header.checked_add(8)?, 8)?;
            let path = elf.get(start..)?.split(|byte| *byte == 0).next()?;
            return Some(PathBuf::from(String::from_utf8_lossy(path).into_owned()));
        }
    }
    None
}

/// A little-endian number of up to 8 bytes.
fn number(bytes: &[u8], start: usize, length: usize) -> Option<usize> {
    let bytes = bytes.get(start..start.checked_add(length)?)?;
    Some(
        bytes
            .iter()
            .rev()
            .fold(0, |value, byte| value << 8 | usize::from(*byte)),
    )
}
