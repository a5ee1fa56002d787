//! Shell functions: a worker made of bash, the driver beside this file, and the function's script.

use std::io;
use std::os::fd::{AsRawFd, OwnedFd};
use std::path::{Path, PathBuf};

use coldspark::{Error, layer};

use crate::process::executable;
use crate::process::output::Intake;
use crate::process::program::{self, Program};
use crate::process::response::MAX_RESPONSE;
use crate::sys::pipe;
use crate::{error, settings};

const DRIVER: &str = include_str!("driver.sh");
/// Where bash is on provided.al2023, and elsewhere.
const SHELLS: [&str; 3] = ["/bin/bash", "/usr/bin/bash", "/opt/bin/bash"];
/// Scripts like to use 3 and the following descriptors for themselves.
const FIRST: i32 = 60;

/// What the driver has of its own.
const OWN: &str = "coldspark_";
const EXIT: &str = "exit";

/// A shell with the function of the script.
pub(crate) fn program(script: &Path, function: &str) -> Result<Program, Error> {
    if function == EXIT || function.starts_with(OWN) {
        return Err(Error::new(
            error::INVALID_HANDLER,
            format!(
                "the function {} of {} has a name that the layer uses itself; give it one that is \
                 not {EXIT} and does not begin with {OWN}",
                layer::quoted(function),
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
    executable::sourced(script)?;
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
                layer::list(&SHELLS)
            ),
        ));
    };
    let apart = settings::subshell()?;
    let outlet = Outlet::new(apart).map_err(|error| error::system("make a pipe", &error))?;
    let text = |text: &str| program::c_string(text.into());
    Ok(Program {
        arguments: vec![
            text(shell)?,
            c"-c".to_owned(),
            text(DRIVER)?,
            program::c_string(script.as_os_str().to_owned())?,
            text(function)?,
            text(&outlet.number)?,
            text(if apart { settings::SUBSHELL } else { "" })?,
        ],
        file: PathBuf::from(script),
        environment: program::environment(),
        first: FIRST,
        outlet: Some(outlet),
    })
}

/// The standard output of a shell function: a pipe of its own for each event, under a path that
/// stays the same. What an event leaves running writes into its own pipe, never into the next
/// event's response.
pub(crate) struct Outlet {
    end: OwnedFd,
    /// By which the shell finds it in /proc.
    number: String,
    /// Each event has a subshell.
    apart: bool,
}

impl Outlet {
    fn new(apart: bool) -> io::Result<Self> {
        let (_, end) = pipe::from_child()?;
        let number = end.as_raw_fd().to_string();
        Ok(Self { end, number, apart })
    }

    /// What to do about an event that has ended the shell, or waits for what an earlier one left.
    pub(crate) fn advice(&self) -> &'static str {
        match self.apart {
            true => "",
            false => {
                "; COLDSPARK_SHELL=subshell lets an event end its shell, and wait for its own jobs \
                 alone (layer/README.md)"
            }
        }
    }

    /// Puts a new pipe behind the path; gives its reading end.
    pub(crate) fn fresh(&self) -> io::Result<Intake> {
        let (output, end) = pipe::from_child()?;
        pipe::replace(&self.end, end)?;
        Ok(Intake::new(output, MAX_RESPONSE))
    }
}
