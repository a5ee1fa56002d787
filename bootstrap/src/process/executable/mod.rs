//! Why a file cannot be executed, and what to do about it.
//!
//! exec(2) says "no such file" of a script whose interpreter is missing, and "exec format error"
//! of a program for another processor; the file itself tells more.

pub(crate) mod elf;

use std::env;
use std::ffi::{CString, OsStr};
use std::fs;
use std::io::{self, Read};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use coldspark::{Error, internal};

use crate::{error, sys};

/// How much of a file is read: `#!` lines and ELF program headers are near its beginning.
const BEGINNING: usize = 4096;
/// Room for it: as much as for an event, which then gets this block of the start-up arena, and touches no page of
/// its own.
const ROOM: usize = 8 * 1024;

/// The byte order mark that some editors put before UTF-8.
const MARK: &[u8] = b"\xef\xbb\xbf";

/// Reads the beginning of a file.
fn beginning(path: &Path) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::with_capacity(ROOM);
    bytes.resize(BEGINNING, 0);
    let mut file = internal::open(&CString::new(path.as_os_str().as_bytes())?)?;
    let length = file.read(&mut bytes)?;
    bytes.truncate(length);
    Ok(bytes)
}

/// Checks that a file can be executed, as far as can be seen without doing it.
pub(crate) fn check(path: &Path) -> Result<(), Error> {
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
    let beginning = match beginning(path) {
        Ok(beginning) => beginning,
        Err(error) => return invalid(format!("cannot be read: {error}; `chmod 755` it")),
    };
    match problem(&beginning) {
        Some(problem) => invalid(problem),
        None => Ok(()),
    }
}

/// The error of a program that the system has refused to start: what is wrong with its file, or what the
/// system says of the program `name`.
pub(crate) fn not_started(file: &Path, name: &str, error: &io::Error) -> Error {
    let problem = check(file).err();
    problem.unwrap_or_else(|| error::system(&format!("start {name}"), error))
}

/// Checks that bash can source a script, as far as can be seen without doing it. Of a byte order mark or of
/// Windows line ends bash only says that there is no such command.
pub(crate) fn check_source(path: &Path) -> Result<(), Error> {
    let problem = match beginning(path) {
        Ok(beginning) => source_problem(&beginning).map(str::to_owned),
        Err(error) => Some(format!("cannot be read: {error}; `chmod 644` it")),
    };
    match problem {
        Some(problem) => Err(Error::new(
            error::INVALID_HANDLER,
            format!("the script {} {problem}", path.to_string_lossy()),
        )),
        None => Ok(()),
    }
}

/// Why bash cannot source a script that begins so, if it cannot.
fn source_problem(beginning: &[u8]) -> Option<&'static str> {
    let line = beginning.split(|byte| *byte == b'\n').next()?;
    if beginning.starts_with(MARK) {
        Some(
            "begins with a UTF-8 byte order mark, which bash takes for a part of the first \
             command; save it as UTF-8 without one",
        )
    } else if beginning.starts_with(elf::MAGIC) {
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

/// Why a file that begins so cannot be executed, if it cannot.
pub(crate) fn problem(beginning: &[u8]) -> Option<String> {
    if beginning.starts_with(b"#!") {
        script_problem(beginning)
    } else if beginning.starts_with(elf::MAGIC) {
        elf::problem(beginning)
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

/// Why a script whose first line names its interpreter cannot be executed, if it cannot.
fn script_problem(beginning: &[u8]) -> Option<String> {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn broken_elf_headers_are_no_trouble() {
        let own = fs::read("/proc/self/exe").unwrap();
        assert_eq!(problem(&own[..4096]), None);
        for end in [5, 18, 20, 40, 60, 64, 70] {
            let _ = problem(&own[..end]);
        }
        let mut wild = own[..4096].to_vec();
        wild[32..40].fill(0xff);
        let _ = problem(&wild);
        wild[18] = 40;
        assert!(problem(&wild).unwrap().contains("ELF machine 40"));
    }

    #[test]
    fn first_lines_are_understood() {
        assert_eq!(problem(b"#!/bin/sh"), None);
        assert_eq!(problem(b"#! /bin/sh -e\nexit"), None);
        assert_eq!(problem(b"#!/usr/bin/env -S sh\n"), None);
        assert_eq!(problem(b"#!/usr/bin/env sh\n"), None);
        let missing = problem(b"#!/usr/bin/env nosuchthing\n").unwrap();
        assert!(missing.contains("\"nosuchthing\""), "{missing}");
        assert!(problem(b"#!\n").unwrap().contains("\"\""));
        assert!(
            problem(b"#!/bin/sh\r\n")
                .unwrap()
                .contains("Unix line ends")
        );
        assert!(problem(b"").unwrap().contains("neither"));
        assert!(
            problem(b"\xef\xbb\xbf#!/bin/sh\n")
                .unwrap()
                .contains("mark")
        );
        assert!(problem(b"\xef\xbb\xbfecho\n").unwrap().contains("neither"));
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
            assert_eq!(source_problem(good.as_bytes()), None, "{good:?}");
        }
        assert!(
            source_problem(b"\xef\xbb\xbff() { :; }\n")
                .unwrap()
                .contains("mark")
        );
        assert!(
            source_problem(b"#!/bin/bash\r\nf() { :; }\r\n")
                .unwrap()
                .contains("Unix line ends")
        );
        assert!(
            source_problem(b"\x7fELF\x02")
                .unwrap()
                .contains("no shell script")
        );
    }
}
