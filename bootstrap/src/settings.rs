//! The layer's own settings.
//!
//! | variable | meaning | default |
//! |---|---|---|
//! | `LAMBDA_TASK_ROOT` | folder of the function's package; set by Lambda | `/var/task` |
//! | `COLDSPARK_LAYER_ROOT` | folder of the layers, for runs that are not on Lambda | `/opt` |
//! | `COLDSPARK_INIT_TIMEOUT_MS` | how long a worker may take until it is ready | Lambda's own limit |
//! | `COLDSPARK_SHUTDOWN` | 1: an internal extension is registered, so that Lambda sends SIGTERM | 0 |
//! | `COLDSPARK_ASYNC_INIT` | `1`: the init phase ends before Lambda's limit also when the worker is not ready; the first event waits for it | the init phase waits |
//! | `AWS_LAMBDA_INITIALIZATION_TYPE` | whether Lambda limits the init phase (`on-demand`); set by Lambda | `on-demand` |
//! | `COLDSPARK_CONTENT_TYPE` | the content type of the responses of `stream:` | `application/octet-stream` |
//! | `COLDSPARK_EXEC_STDOUT` | `file`: the standard output of an executable is a file in memory | a pipe |
//! | `COLDSPARK_SHELL` | `subshell`: each event of a shell function has a subshell | the shell itself |
//! | `COLDSPARK_DEADLINE_MARGIN_MS` | how long before the deadline an event is given up | a tenth of the time left, at most 200 |

use std::ffi::OsStr;
use std::path::PathBuf;
use std::time::Duration;

use coldspark::internal::INITIALIZATION_TYPE;
use coldspark::{Error, internal};

use crate::{error, sys};

const LAYER_ROOT: &str = "COLDSPARK_LAYER_ROOT";
const INIT_TIMEOUT: &str = "COLDSPARK_INIT_TIMEOUT_MS";
const SHUTDOWN: &str = "COLDSPARK_SHUTDOWN";
const ASYNC_INIT: &str = "COLDSPARK_ASYNC_INIT";
/// The type of initialization that Lambda stops after 10 s.
const ON_DEMAND: &str = "on-demand";
const CONTENT_TYPE: &str = "COLDSPARK_CONTENT_TYPE";
const DEADLINE_MARGIN: &str = "COLDSPARK_DEADLINE_MARGIN_MS";
const EXEC_STDOUT: &str = "COLDSPARK_EXEC_STDOUT";
const SHELL: &str = "COLDSPARK_SHELL";
pub(crate) const SUBSHELL: &str = "subshell";
/// Where Lambda's Runtime API is; set by Lambda.
pub(crate) const RUNTIME_API: &str = "AWS_LAMBDA_RUNTIME_API";
pub(crate) const WRAPPER: &str = "AWS_LAMBDA_EXEC_WRAPPER";
/// What the names of the Web Adapter's settings begin with.
pub(crate) const ADAPTER: &str = "AWS_LWA_";
/// The form of handlers that are web applications.
pub(crate) const HTTP: &str = "http:";

/// The settings, read once in the init phase.
#[derive(Clone, Debug)]
pub(crate) struct Settings {
    pub(crate) task_root: PathBuf,
    pub(crate) layer_root: PathBuf,
    pub(crate) init_timeout: Option<Duration>,
    pub(crate) deadline_margin: Option<Duration>,
}

impl Settings {
    pub(crate) fn from_env(task_root: PathBuf) -> Result<Self, Error> {
        let layer_root = sys::variable(LAYER_ROOT);
        Ok(Self {
            task_root,
            layer_root: layer_root.map_or_else(|| PathBuf::from("/opt"), PathBuf::from),
            init_timeout: milliseconds(INIT_TIMEOUT)?,
            deadline_margin: milliseconds(DEADLINE_MARGIN)?,
        })
    }
}

/// Whether an executable's standard output is a file and not a pipe.
pub(crate) fn file_output() -> Result<bool, Error> {
    is_set_to(EXEC_STDOUT, "file")
}

/// Whether the init phase may end before the worker is ready: the setting says so, and Lambda limits the
/// init phase.
pub(crate) fn async_init() -> Result<bool, Error> {
    let wanted = match sys::variable(ASYNC_INIT).and_then(OsStr::to_str) {
        Some("true") => true,
        Some("0" | "false") => false,
        _ => is_set_to(ASYNC_INIT, "1")?,
    };
    Ok(wanted && is_on_demand())
}

/// Whether Lambda stops the init phase after 10 s.
pub(crate) fn is_on_demand() -> bool {
    sys::variable(INITIALIZATION_TYPE).is_none_or(|value| value == ON_DEMAND)
}

/// Whether each event of a shell function has a subshell.
pub(crate) fn subshell() -> Result<bool, Error> {
    is_set_to(SHELL, SUBSHELL)
}

/// Whether a setting has this value. Other values are an error.
fn is_set_to(name: &str, expected: &str) -> Result<bool, Error> {
    match sys::variable(name) {
        None => Ok(false),
        Some(value) if value == expected => Ok(true),
        Some(value) => Err(invalid(name, value, expected)),
    }
}

/// The error of a setting with a wrong value; `expected` is the right one, or describes it.
fn invalid(name: &str, value: &OsStr, expected: &str) -> Error {
    Error::new(
        error::CONFIG_INVALID,
        format!(
            "{name} is {}; set it to {expected}, or remove it from the function's environment",
            internal::quoted(&value.to_string_lossy())
        ),
    )
}

/// Whether there is a setting of the Web Adapter.
pub(crate) fn has_adapter_settings() -> bool {
    sys::environment().any(|line| line.to_bytes().starts_with(ADAPTER.as_bytes()))
}

/// Warns that Lambda's wrapper scripts are not for this runtime, as nothing else says so (Lambda developer
/// guide, "Modifying the runtime environment").
pub(crate) fn warn_of_wrapper() {
    if let Some(wrapper) = sys::variable(WRAPPER) {
        internal::warn(format_args!(
            "{WRAPPER} is {}, and nothing runs it: OS-only runtimes have no wrapper scripts; let the \
             handler be a script that does the same and then starts the program, and remove the \
             variable",
            internal::quoted(&wrapper.to_string_lossy())
        ));
    }
}

/// Whether the function's processes are to learn of the end of the environment.
pub(crate) fn shutdown() -> Result<bool, Error> {
    match sys::variable(SHUTDOWN).and_then(OsStr::to_str) {
        Some("0") => Ok(false),
        _ => is_set_to(SHUTDOWN, "1"),
    }
}

/// The content type of a streamed response.
pub(crate) fn content_type() -> Result<String, Error> {
    let Some(value) = sys::variable(CONTENT_TYPE) else {
        return Ok("application/octet-stream".to_owned());
    };
    match value.to_str() {
        Some(text) if text.bytes().all(|byte| (0x20..0x7f).contains(&byte)) => Ok(text.to_owned()),
        _ => Err(invalid(
            CONTENT_TYPE,
            value,
            "printable ASCII such as text/plain",
        )),
    }
}

fn milliseconds(name: &str) -> Result<Option<Duration>, Error> {
    let Some(value) = sys::variable(name) else {
        return Ok(None);
    };
    match value.to_str().and_then(|text| text.parse().ok()) {
        Some(number) => Ok(Some(Duration::from_millis(number))),
        None => Err(invalid(name, value, "a whole number of milliseconds")),
    }
}
