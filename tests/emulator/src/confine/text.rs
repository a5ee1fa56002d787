//! Where a program's code is.

use std::fs;
use std::io;
use std::ops::Range;
use std::path::Path;

/// The addresses of the code of a static ELF program that is not relocated.
pub(super) fn range(program: &Path) -> io::Result<Range<u32>> {
    const EXECUTABLE_TYPE: usize = 2;
    const LOAD: usize = 1;
    const EXECUTE: usize = 1;
    let elf = fs::read(program)?;
    let number = |start: usize, length: usize| -> io::Result<usize> {
        let bytes = elf.get(start..start + length).ok_or_else(invalid)?;
        let digits = bytes.iter().rev();
        Ok(digits.fold(0, |value, byte| value << 8 | usize::from(*byte)))
    };
    if !elf.starts_with(b"\x7fELF\x02") || number(16, 2)? != EXECUTABLE_TYPE {
        return Err(invalid());
    }
    let (table, size, count) = (number(32, 8)?, number(54, 2)?, number(56, 2)?);
    for header in (0..count).map(|index| table + index * size) {
        if number(header, 4)? == LOAD && number(header + 4, 4)? & EXECUTE != 0 {
            let start = number(header + 16, 8)?;
            let end = start + number(header + 40, 8)?;
            let within = |address: usize| u32::try_from(address).map_err(|_| invalid());
            return Ok(within(start)?..within(end)?);
        }
    }
    Err(invalid())
}

fn invalid() -> io::Error {
    io::Error::new(
        io::ErrorKind::InvalidData,
        "not a static program at fixed addresses",
    )
}
