//! The layer's own settings.
//!
//! | variable | meaning | default |
//! |---|---|---|
//! | `LAMBDA_TASK_ROOT` | folder of the function's package; set by Lambda | `/var/task` |
//! | `COLDSPARK_LAYER_ROOT` | folder of the layers, for running elsewhere than on Lambda | `/opt` |
//! | `COLDSPARK_INIT_TIMEOUT_MS` | how long a worker may take until it is ready | Lambda's own limit |
//! | `COLDSPARK_SHUTDOWN` | 1: an internal extension is registered, so that Lambda sends SIGTERM | 0 |
//! | `COLDSPARK_ASYNC_INIT` | `1`: shortly before Lambda's limit for the init phase the first event is asked for, which then waits for the worker | the init phase waits |
//! | `AWS_LAMBDA_INITIALIZATION_TYPE` | what that depends on; set by Lambda | `on-demand` |
//! | `COLDSPARK_CONTENT_TYPE` | the content type of what `stream:` passes on | `application/octet-stream` |
//! | `COLDSPARK_EXEC_STDOUT` | `file`: the standard output of an executable is a file in memory | a pipe |
//! | `COLDSPARK_SHELL` | `subshell`: each event of a shell function has a subshell | the shell itself |
//! | `COLDSPARK_DEADLINE_MARGIN_MS` | how long before the deadline an event is given up | a tenth of the time left, at most 200 |

use std::path::PathBuf;
use std::time::Duration;

use coldspark::internal::INITIALIZATION_TYPE;
use coldspark::{Error, internal};

use crate::{error, sys};

const LAYER_ROOT: &str = "COLDSPARK_LAYER_ROOT";
const INIT_TIMEOUT: &str = "COLDSPARK_INIT_TIMEOUT_MS";
const SHUTDOWN: &str = "COLDSPARK_SHUTDOWN";
const ASYNC_INIT: &str = "COLDSPARK_ASYNC_INIT";
/// The one that Lambda stops after 10 s.
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
    chosen(EXEC_STDOUT, "file")
}

/// Whether the init phase may end before the worker is ready: it is to, and Lambda has a limit for it
/// that is shorter than what a worker may need.
pub(crate) fn async_init() -> Result<bool, Error> {
    let wanted = match sys::variable(ASYNC_INIT).and_then(|value| value.to_str()) {
        Some("true") => true,
        Some("0" | "false") => false,
        _ => chosen(ASYNC_INIT, "1")?,
    };
    Ok(wanted && is_on_demand())
}

/// Whether Lambda stops the init phase after 10 s.
pub(crate) fn is_on_demand() -> bool {
    sys::variable(INITIALIZATION_TYPE).is_none_or(|value| value == ON_DEMAND)
}

/// Whether each event of a shell function has a subshell.
pub(crate) fn subshell() -> Result<bool, Error> {
    chosen(SHELL, SUBSHELL)
}

/// Whether a setting has the one value that it can have, or is not there.
fn chosen(name: &str, value: &str) -> Result<bool, Error> {
    match sys::variable(name).map(|set| set.to_string_lossy()) {
        None => Ok(false),
        Some(set) if set == value => Ok(true),
        Some(set) => Err(Error::new(
            error::CONFIG_INVALID,
            format!(
                "{name} is {}; set it to {value}, or remove it from the function's environment",
                internal::quoted(&set)
            ),
        )),
    }
}

/// Whether there is a setting of the Web Adapter.
pub(crate) fn has_adapter_settings() -> bool {
    sys::environment().any(|line| line.to_bytes().starts_with(ADAPTER.as_bytes()))
}

/// Says once that Lambda's wrapper scripts are not for this runtime: nothing else does (Lambda
/// developer guide, "Modifying the runtime environment").
pub(crate) fn tell_of_wrapper() {
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
    let Some(value) = sys::variable(SHUTDOWN) else {
        return Ok(false);
    };
    match value.to_str() {
        Some("1") => Ok(true),
        Some("0" | "") => Ok(false),
        _ => Err(Error::new(
            error::CONFIG_INVALID,
            format!(
                "{SHUTDOWN} is {}; set it to 1, or to 0, or remove it from the function's \
                 environment",
                internal::quoted(&value.to_string_lossy())
            ),
        )),
    }
}

/// The content type of a streamed response.
pub(crate) fn content_type() -> Result<String, Error> {
    let Some(value) = sys::variable(CONTENT_TYPE) else {
        return Ok("application/octet-stream".to_owned());
    };
    let text = value.to_string_lossy();
    if text.bytes().all(|byte| (0x20..0x7f).contains(&byte)) {
        return Ok(text.into_owned());
    }
    Err(Error::new(
        error::CONFIG_INVALID,
        format!(
            "{CONTENT_TYPE} is {}; a content type is printable ASCII, such as text/plain",
            internal::quoted(&text)
        ),
    ))
}

fn milliseconds(name: &str) -> Result<Option<Duration>, Error> {
    let Some(value) = sys::variable(name) else {
        return Ok(None);
    };
    let text = value.to_string_lossy();
    match text.parse() {
        Ok(number) => Ok(Some(Duration::from_millis(number))),
        Err(_) => Err(Error::new(
            error::CONFIG_INVALID,
            format!(
                "{name} is {}; set it to a whole number of milliseconds, or remove it from \
                 the function's environment",
                internal::quoted(&text)
            ),
        )),
    }
}
