//! Why a file cannot be executed, and what to do about it.
//!
//! exec(2) says "no such file" of a script whose interpreter is missing, and "exec format error"
//! of a program for another processor; the file itself tells more.

use std::env;
use std::ffi::{CString, OsStr};
use std::fs::{self, File};
use std::io::{self, Read};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use coldspark::{Error, internal};

use crate::{error, sys};

/// How much of a file is looked at: `#!` lines and ELF program headers are near its beginning.
const BEGINNING: usize = 4096;

const ELF: &[u8] = b"\x7fELF";
/// The byte order mark that some editors put before UTF-8.
const MARK: &[u8] = b"\xef\xbb\xbf";

#[cfg(target_arch = "x86_64")]
const MACHINE: (u16, &str) = (62, "x86_64");
#[cfg(target_arch = "aarch64")]
const MACHINE: (u16, &str) = (183, "arm64");

fn open(path: &Path) -> io::Result<File> {
    internal::open(&CString::new(path.as_os_str().as_bytes())?)
}

/// Whether the file is one that can be executed, as far as can be seen without doing it.
pub(crate) fn executable(path: &Path) -> Result<(), Error> {
    let invalid = |reason: String| {
        Err(Error::new(
            error::INVALID_HANDLER,
            format!("the handler {} {reason}", path.to_string_lossy()),
        ))
    };
    let metadata = match fs::metadata(path) {
        Ok(metadata) => metadata,
        Err(error) => return invalid(format!("cannot be looked at: {error}")),
    };
    if metadata.is_dir() {
        return invalid("is a directory; name a file in it".to_owned());
    }
    if !metadata.is_file() {
        return invalid("is not a regular file; name an executable or a script".to_owned());
    }
    if metadata.permissions().mode() & 0o111 == 0 {
        return invalid(format!(
            "is not executable (mode {:o}); `chmod 755` it before it is put into the package",
            metadata.permissions().mode() & 0o7777
        ));
    }
    let mut beginning = vec![0; BEGINNING];
    let read = open(path).and_then(|mut file| file.read(&mut beginning));
    let beginning = match read {
        Ok(length) => &beginning[..length],
        Err(error) => return invalid(format!("cannot be read: {error}; `chmod 755` it")),
    };
    match reason(beginning) {
        Some(reason) => invalid(reason),
        None => Ok(()),
    }
}

/// The error of a program that the system has refused to start: what its file shows, or what the
/// system says. `name` is the program's name in that.
pub(crate) fn not_started(file: &Path, name: &str, error: &io::Error) -> Error {
    let shown = executable(file).err();
    shown.unwrap_or_else(|| error::system(&format!("start {name}"), error))
}

/// Whether the file is a script that bash can source, as far as can be seen without doing it: bash
/// says of a mark or of Windows line ends that there is no such command.
pub(crate) fn sourced(path: &Path) -> Result<(), Error> {
    let mut beginning = vec![0; BEGINNING];
    let read = open(path).and_then(|mut file| file.read(&mut beginning));
    let reason = match read {
        Ok(length) => source(&beginning[..length]).map(str::to_owned),
        Err(error) => Some(format!("cannot be read: {error}; `chmod 644` it")),
    };
    match reason {
        Some(reason) => Err(Error::new(
            error::INVALID_HANDLER,
            format!("the script {} {reason}", path.to_string_lossy()),
        )),
        None => Ok(()),
    }
}

fn source(beginning: &[u8]) -> Option<&'static str> {
    let line = beginning.split(|byte| *byte == b'\n').next()?;
    if beginning.starts_with(MARK) {
        Some(
            "begins with a UTF-8 byte order mark, which bash takes for a part of the first \
             command; save it as UTF-8 without one",
        )
    } else if beginning.starts_with(ELF) {
        Some("is a program and no shell script; name its file as the handler")
    } else if line.len() < beginning.len() && line.ends_with(b"\r") {
        Some(
            "has Windows line ends, and bash takes the carriage returns for parts of words; save \
             it with Unix line ends",
        )
    } else {
        None
    }
}

/// Whether the file is a regular one with an executable bit.
pub(crate) fn is_executable(path: &Path) -> bool {
    fs::metadata(path)
        .is_ok_and(|metadata| metadata.is_file() && metadata.permissions().mode() & 0o111 != 0)
}

pub(crate) fn reason(beginning: &[u8]) -> Option<String> {
    if beginning.starts_with(b"#!") {
        script(beginning)
    } else if beginning.starts_with(ELF) {
        program(beginning)
    } else if beginning
        .strip_prefix(MARK)
        .is_some_and(|rest| rest.starts_with(b"#!"))
    {
        Some(
            "begins with a UTF-8 byte order mark before #!, which hides it; save it as UTF-8 \
             without one"
                .to_owned(),
        )
    } else {
        Some(
            "is neither a program nor a script: it begins with neither an ELF header nor #!; give \
             it a first line such as #!/bin/bash"
                .to_owned(),
        )
    }
}

fn script(beginning: &[u8]) -> Option<String> {
    let line = beginning[2..].split(|byte| *byte == b'\n').next()?;
    let line = String::from_utf8_lossy(line);
    if line.ends_with('\r') {
        return Some(format!(
            "has the first line {}, and no interpreter's name ends in a carriage return; save \
             it with Unix line ends",
            internal::quoted(&format!("#!{line}"))
        ));
    }
    let mut words = line.split_ascii_whitespace();
    let interpreter = words.next().unwrap_or_default();
    if !is_executable(Path::new(interpreter)) {
        return Some(missing_interpreter(interpreter));
    }
    let program = words
        .next()
        .filter(|word| !word.starts_with('-') && !word.contains('='));
    match program {
        Some(program) if interpreter.ends_with("/env") && !on_path(program) => {
            Some(missing_interpreter(program))
        }
        _ => None,
    }
}

fn missing_interpreter(name: &str) -> String {
    let name = internal::quoted(name);
    format!(
        "names the interpreter {name} in its first line, which is not there; provided.al2023 has \
         bash and little else, so bring it in the package or a layer"
    )
}

fn on_path(program: &str) -> bool {
    let path = sys::variable("PATH").unwrap_or_default();
    program.contains('/') || in_folders(path, Path::new(program)).is_some()
}

/// The first executable file of this name in a list of folders such as `PATH`.
pub(crate) fn in_folders(folders: &OsStr, name: &Path) -> Option<PathBuf> {
    env::split_paths(folders)
        .map(|folder| folder.join(name))
        .find(|path| is_executable(path))
}

fn program(beginning: &[u8]) -> Option<String> {
    let machine = number(beginning, 18, 2);
    if beginning.get(4) != Some(&2) || machine != Some(MACHINE.0.into()) {
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
    let interpreter = elf_interpreter(beginning)?;
    if is_executable(&interpreter) {
        return None;
    }
    Some(format!(
        "is linked dynamically and asks for {}, which is not there; link it statically, or build \
         it on Amazon Linux 2023",
        interpreter.to_string_lossy()
    ))
}

/// The path in PT_INTERP, if there is one.
pub(crate) fn elf_interpreter(elf: &[u8]) -> Option<PathBuf> {
    const PT_INTERP: usize = 3;
    let (table, size, count) = (
        number(elf, 32, 8)?,
        number(elf, 54, 2)?,
        number(elf, 56, 2)?,
    );
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn broken_elf_headers_are_no_trouble() {
        let own = fs::read("/proc/self/exe").unwrap();
        assert_eq!(reason(&own[..4096]), None);
        for end in [5, 18, 20, 40, 60, 64, 70] {
            let _ = reason(&own[..end]);
        }
        let mut wild = own[..4096].to_vec();
        wild[32..40].fill(0xff);
        let _ = reason(&wild);
        wild[18] = 40;
        assert!(reason(&wild).unwrap().contains("ELF machine 40"));
    }

    #[test]
    fn first_lines_are_understood() {
        assert_eq!(reason(b"#!/bin/sh"), None);
        assert_eq!(reason(b"#! /bin/sh -e\nexit"), None);
        assert_eq!(reason(b"#!/usr/bin/env -S sh\n"), None);
        assert_eq!(reason(b"#!/usr/bin/env sh\n"), None);
        let missing = reason(b"#!/usr/bin/env nosuchthing\n").unwrap();
        assert!(missing.contains("\"nosuchthing\""), "{missing}");
        assert!(reason(b"#!\n").unwrap().contains("\"\""));
        assert!(reason(b"#!/bin/sh\r\n").unwrap().contains("Unix line ends"));
        assert!(reason(b"").unwrap().contains("neither"));
        assert!(reason(b"\xef\xbb\xbf#!/bin/sh\n").unwrap().contains("mark"));
        assert!(reason(b"\xef\xbb\xbfecho\n").unwrap().contains("neither"));
    }

    #[test]
    fn scripts_that_bash_cannot_source_are_seen() {
        for good in [
            "",
            "f() { :; }",
            "f() {\n:\r\n}\n",
            "\r",
            "#!/bin/bash\nf() { :; }\n",
        ] {
            assert_eq!(source(good.as_bytes()), None, "{good:?}");
        }
        assert!(
            source(b"\xef\xbb\xbff() { :; }\n")
                .unwrap()
                .contains("mark")
        );
        assert!(
            source(b"#!/bin/bash\r\nf() { :; }\r\n")
                .unwrap()
                .contains("Unix line ends")
        );
        assert!(source(b"\x7fELF\x02").unwrap().contains("no shell script"));
    }
}
