//! What a process is started from.

use std::borrow::Cow;
use std::ffi::{CStr, CString, OsString};
use std::io;
use std::os::unix::ffi::OsStringExt;
use std::path::PathBuf;

use coldspark::Error;

use super::executable;
use crate::worker::protocol;
use crate::worker::shell::Outlet;
use crate::{context, error, sys};

/// What a worker is started from, as often as it is needed.
pub(crate) struct Program {
    pub(crate) file: PathBuf,
    pub(crate) arguments: Vec<CString>,
    pub(crate) environment: Vec<Cow<'static, CStr>>,
    /// The number of the first of its five descriptors.
    pub(crate) first: i32,
    /// Where a shell function's standard output goes; a worker writes into the response file.
    pub(crate) outlet: Option<Outlet>,
}

impl Program {
    /// A worker of the function's package.
    pub(crate) fn new(file: PathBuf) -> Result<Self, Error> {
        let mut environment = environment();
        environment.push(protocol::VERSION.into());
        Ok(Self {
            arguments: vec![c_string(file.clone().into_os_string())?],
            file,
            environment,
            first: protocol::FIRST,
            outlet: None,
        })
    }

    /// Why it cannot be started: what its file shows, or what the system says.
    pub(crate) fn refused(&self, error: &io::Error) -> Error {
        let shown = match self.outlet {
            None => executable::executable(&self.file).err(),
            Some(_) => None,
        };
        shown.unwrap_or_else(|| {
            let what = format!("start {}", self.arguments[0].to_string_lossy());
            error::system(&what, error)
        })
    }
}

/// This process's environment, without what the bootstrap sets for each event.
pub(crate) fn environment() -> Vec<Cow<'static, CStr>> {
    let passed = sys::environment().filter(|line| {
        let name = line.to_bytes().split(|byte| *byte == b'=').next();
        !context::sets(name.unwrap_or_default())
    });
    passed.map(Cow::Borrowed).collect()
}

/// A path or an argument for exec(2).
pub(crate) fn c_string(text: OsString) -> Result<CString, Error> {
    CString::new(text.into_vec())
        .map_err(|error| Error::new(error::INVALID_HANDLER, format!("the handler: {error}")))
}
