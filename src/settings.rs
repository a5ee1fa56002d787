//! Settings from environment variables.
//!
//! | variable | meaning | default |
//! |---|---|---|
//! | `AWS_LAMBDA_RUNTIME_API` | `host:port` of the Runtime API, no scheme; set by Lambda. Debug builds take the URL of `cargo lambda watch` too | required |
//! | `_HANDLER` | which handler answers, if there are several; the function's handler setting | empty |
//! | `LAMBDA_TASK_ROOT` | folder of the function's package; set by Lambda | `/var/task` |
//! | `AWS_LAMBDA_INITIALIZATION_TYPE` | `snap-start`: a snapshot is taken after init; set by Lambda | no snapshot |
//! | `AWS_LAMBDA_MAX_CONCURRENCY` | how many invocations at a time, for functions that opted in; set by Lambda Managed Instances | 1 |
//! | `AWS_LAMBDA_LOG_FORMAT` | format of the log's lines: JSON, Text; in any case | Text |
//! | `COLDSPARK_LOG` | levels of the log for each target, such as `info,hyper=warn`; only with the feature `levels` | no levels for targets |
//! | `AWS_LAMBDA_LOG_LEVEL` | least level that is logged: TRACE, DEBUG, INFO, WARN, ERROR, FATAL; in any case | INFO |
//!
//! The first two, the type of initialization and whether there is a level of the log are read at
//! start-up, the others when something first asks for them.
//! Source: the Lambda developer guide, "Defined runtime environment variables".

mod concurrency;
#[cfg(debug_assertions)]
mod development;
mod endpoint;
#[cfg(fuzzing)]
pub(crate) mod fuzzing;

pub(crate) use concurrency::max_concurrency;
#[cfg(debug_assertions)]
pub(crate) use development::path_prefix;
pub(crate) use endpoint::{Endpoint, Host, InvalidEndpoint};

use std::path::PathBuf;

use once_cell::race::OnceRef;

use crate::start_up::texts;
use crate::sys::environment::{self, Variable};

/// Name of the variable that holds the Runtime API's address.
pub(crate) const RUNTIME_API: &str = "AWS_LAMBDA_RUNTIME_API";
/// Name of the variable that says whether a snapshot is taken.
pub const INITIALIZATION_TYPE: &str = "AWS_LAMBDA_INITIALIZATION_TYPE";
texts! {
    LAMBDA = "AWS_LAMBDA_";
    RUNTIME_API_REST = "RUNTIME_API=";
    INITIALIZATION_TYPE_REST = "INITIALIZATION_TYPE=";
    LOG_LEVEL_REST = "LOG_LEVEL=";
    HANDLER = "_HANDLER=";
    TASK_ROOT = "LAMBDA_TASK_ROOT=";
}
/// The value of that variable when a snapshot is taken.
const SNAP_START: &str = "snap-start";

static ENDPOINT: OnceRef<'static, Endpoint> = OnceRef::new();

/// The settings that every start needs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Settings {
    /// Lives as long as the process: clients and the panic hook share it.
    pub(crate) endpoint: &'static Endpoint,
    pub(crate) handler: String,
    /// Whether a snapshot is taken at the end of the init phase.
    pub(crate) snap_start: bool,
    /// Whether a level of the log is set. Without one, no detail of the start is logged.
    pub(crate) has_log_level: bool,
}

/// The values of these settings in the environment.
#[derive(Default)]
struct Found {
    api: Option<String>,
    handler: Option<String>,
    initialization_type: Option<String>,
    has_log_level: bool,
}

impl Settings {
    /// Reads the settings from the process's environment, in one pass.
    pub(crate) fn from_env() -> Result<Self, InvalidEndpoint> {
        let mut found = Found::default();
        for variable in environment::variables() {
            // Half of Lambda's variables start with this prefix: it is compared once.
            if let Some(rest) = variable.after(LAMBDA) {
                if let Some(value) = rest.after(RUNTIME_API_REST) {
                    found.api.get_or_insert_with(|| value.text());
                } else if let Some(value) = rest.after(INITIALIZATION_TYPE_REST) {
                    found
                        .initialization_type
                        .get_or_insert_with(|| value.text());
                } else if rest.after(LOG_LEVEL_REST).is_some() {
                    found.has_log_level = true;
                }
            } else if let Some(value) = variable.after(HANDLER) {
                found.handler.get_or_insert_with(|| value.text());
            } else if cfg!(feature = "levels") && variable.after("COLDSPARK_LOG=").is_some() {
                found.has_log_level = true;
            }
        }
        let settings = Self::of(found)?;
        // A second function in one process would poll the same Runtime API.
        let _ = ENDPOINT.set(settings.endpoint);
        Ok(settings)
    }

    fn of(found: Found) -> Result<Self, InvalidEndpoint> {
        let api = found.api.ok_or_else(InvalidEndpoint::absent)?;
        Ok(Self {
            endpoint: Box::leak(Box::new(Endpoint::parse(api)?)),
            handler: found.handler.unwrap_or_default(),
            snap_start: found
                .initialization_type
                .is_some_and(|value| value == SNAP_START),
            has_log_level: found.has_log_level,
        })
    }
}

/// The address of the Runtime API, for the panic hook and other code with its own connection; `None`
/// before the settings were read.
pub(crate) fn endpoint() -> Option<&'static Endpoint> {
    ENDPOINT.get()
}

/// The value of an environment variable. Invalid UTF-8 becomes replacement characters, so that an error
/// can show the value.
pub(crate) fn variable(name: &str) -> Option<String> {
    let value = |variable: Variable| variable.after(name)?.after("=");
    environment::variables().find_map(value).map(Variable::text)
}

/// The prefix of every path of the Runtime API; always empty in release builds.
#[cfg(not(debug_assertions))]
#[inline]
pub(crate) fn path_prefix() -> &'static str {
    ""
}

/// Whether Lambda takes a snapshot of this process, or has taken one.
pub(crate) fn snap_start() -> bool {
    std::env::var_os(INITIALIZATION_TYPE).is_some_and(|value| value == SNAP_START)
}

/// `LAMBDA_TASK_ROOT`, or Lambda's default; for the init phase.
pub(crate) fn task_root() -> PathBuf {
    environment::variables()
        .find_map(|variable| variable.after(TASK_ROOT))
        .map(Variable::path)
        .filter(|root| !root.as_os_str().is_empty())
        .unwrap_or_else(|| PathBuf::from("/var/task"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(api: Option<&str>, init: Option<&str>) -> Result<Settings, InvalidEndpoint> {
        Settings::of(Found {
            api: api.map(str::to_owned),
            handler: None,
            initialization_type: init.map(str::to_owned),
            has_log_level: false,
        })
    }

    #[test]
    fn an_absent_address_is_named() {
        let error = settings(None, None).unwrap_err().to_string();
        assert!(error.starts_with("AWS_LAMBDA_RUNTIME_API is not set; it must be"));
    }

    #[test]
    fn only_snap_start_is_snap_start() {
        for (value, expected) in [
            (None, false),
            (Some("on-demand"), false),
            (Some("provisioned-concurrency"), false),
            (Some(""), false),
            (Some("snap-start"), true),
        ] {
            let settings = settings(Some("h:1"), value);
            assert_eq!(settings.unwrap().snap_start, expected, "{value:?}");
        }
    }

    #[test]
    fn an_absent_handler_is_empty() {
        assert_eq!(settings(Some("h:1"), None).unwrap().handler, "");
    }
}
