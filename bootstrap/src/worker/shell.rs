//! Shell functions: a worker made of bash, the driver beside this file, and the function's script.

use std::path::{Path, PathBuf};

use coldspark::{Error, internal};

use super::program::Program;
use super::shell_output::ShellOutput;
use crate::process::{arguments, executable};
use crate::{error, settings};

const SOURCE: &[u8] = include_bytes!("driver.sh");
/// The driver without comments and indentation, which are a third of it.
const DRIVER: &str = {
    const CODE: [u8; code(None)] = {
        let mut out = [0; code(None)];
        code(Some(&mut out));
        out
    };
    match std::str::from_utf8(&CODE) {
        Ok(text) => text,
        Err(_) => panic!("the driver is text"),
    }
};
/// Where bash may be, on provided.al2023 and elsewhere.
const SHELLS: [&str; 3] = ["/bin/bash", "/usr/bin/bash", "/opt/bin/bash"];
/// Scripts like to use the descriptors from 3 on for themselves.
const FIRST_DESCRIPTOR: i32 = 60;

/// What the names of the driver's own functions and variables begin with.
const RESERVED_PREFIX: &str = "coldspark_";
const EXIT: &str = "exit";

/// Copies the lines of the driver that are no comments, without their indentation; gives the length.
const fn code(mut out: Option<&mut [u8]>) -> usize {
    let (mut at, mut length) = (0, 0);
    while at < SOURCE.len() {
        while SOURCE[at] == b' ' {
            at += 1;
        }
        let is_comment = SOURCE[at] == b'#';
        loop {
            let byte = SOURCE[at];
            at += 1;
            if !is_comment {
                if let Some(out) = &mut out {
                    out[length] = byte;
                }
                length += 1;
            }
            if byte == b'\n' {
                break;
            }
        }
    }
    length
}

/// The program of a shell function.
#[inline(never)]
pub(crate) fn program(script: &Path, function: &str) -> Result<Program, Error> {
    if function == EXIT || function.starts_with(RESERVED_PREFIX) {
        return Err(Error::new(
            error::INVALID_HANDLER,
            format!(
                "the function {} of {} has a name that the layer uses itself; give it one that is \
                 not {EXIT} and does not begin with {RESERVED_PREFIX}",
                internal::quoted(function),
                script.to_string_lossy()
            ),
        ));
    }
    if !script.is_file() {
        return Err(Error::new(
            error::INVALID_HANDLER,
            format!(
                "{} is not a file; name a shell script",
                script.to_string_lossy()
            ),
        ));
    }
    executable::check_source(script)?;
    let Some(shell) = SHELLS
        .into_iter()
        .find(|shell| executable::is_executable(Path::new(shell)))
    else {
        return Err(Error::new(
            error::INVALID_HANDLER,
            format!(
                "there is no bash for {}, looked for {}; provided.al2023 has one, and an \
                 image of your own needs it",
                script.to_string_lossy(),
                internal::quoted_list(&SHELLS)
            ),
        ));
    };
    let subshell = settings::subshell()?;
    let shell_output =
        ShellOutput::new(subshell).map_err(|error| error::system("make a pipe", &error))?;
    let text = |text: &str| arguments::c_string(text.into());
    Ok(Program {
        arguments: vec![
            text(shell)?,
            c"-c".to_owned(),
            text(DRIVER)?,
            arguments::c_string(script.as_os_str().to_owned())?,
            text(function)?,
            text(&shell_output.number)?,
            text(if subshell { settings::SUBSHELL } else { "" })?,
        ],
        file: PathBuf::from(script),
        environment: arguments::environment(),
        first_descriptor: FIRST_DESCRIPTOR,
        shell_output: Some(shell_output),
    })
}
