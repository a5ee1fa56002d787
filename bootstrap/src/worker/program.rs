//! The program of a worker: what is needed to start it, as often as needed.

use std::borrow::Cow;
use std::ffi::{CStr, CString};
use std::io;
use std::path::PathBuf;

use coldspark::Error;

use super::protocol;
use super::shell_output::ShellOutput;
use crate::error;
use crate::process::{arguments, executable};

/// What a worker is started with.
pub(crate) struct Program {
    pub(crate) file: PathBuf,
    pub(crate) arguments: Vec<CString>,
    pub(crate) environment: Vec<Cow<'static, CStr>>,
    /// The first of its five descriptors.
    pub(crate) first_descriptor: i32,
    /// The standard output of a shell function; `None` for a worker, which writes into the response file.
    pub(crate) shell_output: Option<ShellOutput>,
}

impl Program {
    /// A worker of the function's package.
    pub(crate) fn new(file: PathBuf) -> Result<Self, Error> {
        let mut environment = arguments::environment();
        environment.push(protocol::VERSION_VARIABLE.into());
        Ok(Self {
            arguments: vec![arguments::c_string(file.clone().into_os_string())?],
            file,
            environment,
            first_descriptor: protocol::FIRST_DESCRIPTOR,
            shell_output: None,
        })
    }

    /// The error of a start that the system has refused.
    pub(crate) fn start_error(&self, error: &io::Error) -> Error {
        let name = self.arguments[0].to_string_lossy();
        match self.shell_output {
            None => executable::not_started(&self.file, &name, error),
            Some(_) => error::system(&format!("start {name}"), error),
        }
    }
}
