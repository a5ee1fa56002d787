//! The beginning of a file: an ELF header or a script's first line, told apart without trouble.
#![no_main]

use coldspark_fuzz::{elf_interpreter, executable};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|beginning: &[u8]| {
    if let Some(interpreter) = elf_interpreter(beginning) {
        assert!(interpreter.as_os_str().len() <= 3 * beginning.len());
    }
    let known = beginning.starts_with(b"#!") || beginning.starts_with(b"\x7fELF");
    let reason = executable(beginning);
    assert!(known || reason.is_some());
});
