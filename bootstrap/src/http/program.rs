//! The program of a web application: a file of the package, or the command of an image.

use std::borrow::Cow;
use std::ffi::{CStr, CString, OsStr};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use coldspark::Error;
use coldspark::internal::quoted;

use crate::process::{arguments, executable};
use crate::settings::{HTTP, RUNTIME_API, Settings, WRAPPER, has_adapter_settings};
use crate::{error, resolve, sys};

/// A program to start.
pub(crate) struct Program {
    pub(super) file: CString,
    pub(super) arguments: Vec<CString>,
    pub(super) environment: Vec<Cow<'static, CStr>>,
    /// Its name in messages.
    pub(super) name: String,
}

/// Whether a handler without a prefix is a web application. It is one if this program is the wrapper of a managed
/// runtime, or if there is no handler and this program stands before an image's command.
#[cold]
#[inline(never)]
pub(crate) fn is_wrapped(handler: &str) -> bool {
    is_wrapper() || (handler.is_empty() && image_command().is_some())
}

/// Whether `AWS_LAMBDA_EXEC_WRAPPER` names this program: then the managed runtime is not started, and the
/// handler is the script to run (Lambda developer guide, "Modifying the runtime environment").
fn is_wrapper() -> bool {
    let Some(wrapper) = sys::variable(WRAPPER) else {
        return false;
    };
    let words = arguments::command_line();
    words
        .first()
        .is_some_and(|first| first.as_bytes() == wrapper.as_bytes())
}

impl Program {
    /// The program of this handler. Without a handler it is the command of the image, whose words follow
    /// `http:` or this program's own name.
    pub(crate) fn find(handler: &str, settings: &Settings) -> Result<Self, Error> {
        let path = handler.strip_prefix(HTTP).unwrap_or(handler);
        if path.is_empty() {
            let command = image_command();
            return Self::of_command(command.ok_or_else(|| {
                Error::new(
                    error::NO_SUCH_HANDLER,
                    "there is no handler (_HANDLER), and no command after the bootstrap's name; set \
                     the function's handler to http:PATH, or let the image's CMD start the application",
                )
            })?);
        }
        let file = resolve::web_application(handler, path, settings)?;
        executable::check(&file)?;
        let name = file.to_string_lossy().into_owned();
        let file = arguments::c_string(file.into_os_string())?;
        Ok(Self {
            arguments: vec![file.clone()],
            file,
            environment: arguments::environment(),
            name,
        })
    }

    /// The program that the image's command names.
    fn of_command(arguments: Vec<CString>) -> Result<Self, Error> {
        let word = arguments.first().cloned().unwrap_or_default();
        let name = word.to_string_lossy().into_owned();
        let file = find_executable(&word).ok_or_else(|| {
            Error::new(
                error::NO_SUCH_HANDLER,
                format!(
                    "the command's first word {} names no executable file, and no folder of PATH has one \
                     of that name; correct the image's CMD",
                    quoted(&name)
                ),
            )
        })?;
        Ok(Self {
            file: arguments::c_string(file.into_os_string())?,
            arguments,
            environment: arguments::environment(),
            name,
        })
    }

    pub(super) fn path(&self) -> &Path {
        Path::new(OsStr::from_bytes(self.file.to_bytes()))
    }

    /// Sets PORT, the port to listen on, for the application.
    pub(super) fn set_port(&mut self, port: u16) {
        self.set_variable("PORT", &port.to_string());
    }

    /// Sets a variable. A value with a zero byte is left out.
    #[inline(never)]
    fn set_variable(&mut self, name: &str, value: &str) {
        let line = [name, "=", value].concat();
        let prefix = line.as_bytes().get(..=name.len()).unwrap_or_default();
        self.environment
            .retain(|line| !line.to_bytes().starts_with(prefix));
        self.environment.extend(CString::new(line).map(Cow::Owned));
    }

    /// Replaces this process by the program (execve(2)). It returns only after an error, which is a warning.
    #[inline(never)]
    fn replace(&self) {
        let error = sys::spawn::replace(&self.file, &self.arguments, &self.environment);
        coldspark::internal::warn(format_args!("{} cannot be run: {error}", self.name));
    }
}

/// Starts the bootstrap once more, with this address as that of the Runtime API. It returns only after an error.
pub(super) fn start_again(api: &str) {
    let mut itself = Program {
        file: c"/proc/self/exe".to_owned(),
        arguments: arguments::command_line(),
        environment: arguments::environment(),
        name: "the bootstrap".to_owned(),
    };
    itself.set_variable(RUNTIME_API, api);
    itself.replace();
}

/// Runs the image's command, if this program stands before one. It is called where there is no Runtime API, so
/// that the image runs outside of Lambda as well.
#[cold]
#[inline(never)]
pub(crate) fn run_image_command() {
    if let Some(Ok(program)) = image_command().map(Program::of_command) {
        program.replace();
    }
}

/// The words of the image's command, if this program stands before one.
fn image_command() -> Option<Vec<CString>> {
    let words = arguments::command_line();
    let first = words.get(1)?;
    let skipped = match first.as_bytes() == HTTP.as_bytes() {
        true => 2,
        false if has_adapter_settings() => 1,
        false => return None,
    };
    let command = words.get(skipped..).filter(|command| !command.is_empty())?;
    Some(command.to_vec())
}

/// The file that a command's first word names: a path, or a name to look for in the folders of PATH.
fn find_executable(word: &CStr) -> Option<PathBuf> {
    let word = Path::new(OsStr::from_bytes(word.to_bytes()));
    let folders = sys::variable("PATH").unwrap_or(OsStr::new("/usr/local/bin:/usr/bin:/bin"));
    match word.as_os_str().as_bytes().contains(&b'/') {
        true => Some(word.to_owned()).filter(|path| executable::is_executable(path)),
        false => executable::in_folders(folders, word),
    }
}
