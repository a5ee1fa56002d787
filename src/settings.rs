//! What the environment says, parsed once from an injected look-up.
//!
//! | variable | meaning | default |
//! |---|---|---|
//! | `AWS_LAMBDA_RUNTIME_API` | `host:port` of the Runtime API, no scheme; set by Lambda. Debug builds take the URL of `cargo lambda watch` too | required |
//! | `_HANDLER` | which handler answers; the function's handler setting | empty |
//! | `LAMBDA_TASK_ROOT` | folder of the function's package; set by Lambda | `/var/task` |
//! | `AWS_LAMBDA_INITIALIZATION_TYPE` | `snap-start`: a snapshot is taken after init; set by Lambda | no snapshot |
//! | `AWS_LAMBDA_MAX_CONCURRENCY` | how many invocations at a time, for functions that opted in; set by Lambda Managed Instances | 1 |
//! | `AWS_LAMBDA_LOG_FORMAT` | format of the log's lines: JSON, Text; in any case | Text |
//! | `AWS_LAMBDA_LOG_LEVEL` | least level that is logged: TRACE, DEBUG, INFO, WARN, ERROR, FATAL; in any case | INFO |
//!
//! The first two and the type of initialization are read at start-up, the others when something
//! first asks for them.
//! Source: the Lambda developer guide, "Defined runtime environment variables".

mod concurrency;
#[cfg(debug_assertions)]
mod development;
#[cfg(fuzzing)]
pub(crate) mod fuzzing;

pub(crate) use concurrency::max_concurrency;
#[cfg(debug_assertions)]
pub(crate) use development::rooted;

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::path::PathBuf;
use std::str::FromStr;

use once_cell::race::OnceRef;

use crate::escape::quoted;
use crate::start_up::texts;
use crate::sys::environment::{self, Variable};

/// Name of the variable that holds the Runtime API's address.
pub(crate) const RUNTIME_API: &str = "AWS_LAMBDA_RUNTIME_API";
const INITIALIZATION_TYPE: &str = "AWS_LAMBDA_INITIALIZATION_TYPE";
texts! {
    LAMBDA = "AWS_LAMBDA_";
    RUNTIME_API_REST = "RUNTIME_API=";
    INITIALIZATION_TYPE_REST = "INITIALIZATION_TYPE=";
    HANDLER = "_HANDLER=";
}
const SNAP_START: &str = "snap-start";

static ENDPOINT: OnceRef<'static, Endpoint> = OnceRef::new();

/// The settings that every start needs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Settings {
    /// Lives as long as the process: clients and the panic hook share it.
    pub(crate) endpoint: &'static Endpoint,
    pub(crate) handler: String,
    /// A snapshot is taken at the end of the init phase.
    pub(crate) snap_start: bool,
}

/// The values that the environment has for them.
#[derive(Default)]
struct Found {
    api: Option<String>,
    handler: Option<String>,
    initialization_type: Option<String>,
}

impl Settings {
    /// Reads the settings from the process's environment, in one pass.
    pub(crate) fn from_env() -> Result<Self, InvalidEndpoint> {
        let mut found = Found::default();
        for variable in environment::variables() {
            // Half of what Lambda sets starts like this: it is compared once.
            if let Some(rest) = variable.after(LAMBDA) {
                if let Some(value) = rest.after(RUNTIME_API_REST) {
                    found.api.get_or_insert_with(|| value.text());
                } else if let Some(value) = rest.after(INITIALIZATION_TYPE_REST) {
                    found
                        .initialization_type
                        .get_or_insert_with(|| value.text());
                }
            } else if let Some(value) = variable.after(HANDLER) {
                found.handler.get_or_insert_with(|| value.text());
            }
        }
        let settings = Self::of(found)?;
        // A second function in one process would poll the same Runtime API.
        let _ = ENDPOINT.set(settings.endpoint);
        Ok(settings)
    }

    fn of(found: Found) -> Result<Self, InvalidEndpoint> {
        let api = found.api.ok_or(InvalidEndpoint {
            value: None,
            reason: "is not set",
        })?;
        Ok(Self {
            endpoint: Box::leak(Box::new(Endpoint::parse(api)?)),
            handler: found.handler.unwrap_or_default(),
            snap_start: found
                .initialization_type
                .is_some_and(|value| value == SNAP_START),
        })
    }
}

/// Where the Runtime API listens, for the panic hook and what has exchanges of its own; None
/// before the settings were read.
pub(crate) fn endpoint() -> Option<&'static Endpoint> {
    ENDPOINT.get()
}

/// The value of an environment variable; what is not UTF-8 comes with replacement characters,
/// so that the error about it can show it.
pub(crate) fn variable(name: &str) -> Option<String> {
    let value = |variable: Variable| variable.after(name)?.after("=");
    environment::variables().find_map(value).map(Variable::text)
}

/// The path as the Runtime API has it.
#[cfg(not(debug_assertions))]
#[inline]
pub(crate) fn rooted(path: &str) -> &str {
    path
}

/// Whether Lambda takes a snapshot of this process, or has taken one.
pub(crate) fn snap_start() -> bool {
    std::env::var_os(INITIALIZATION_TYPE).is_some_and(|value| value == SNAP_START)
}

/// `LAMBDA_TASK_ROOT`, or where Lambda puts the package when it is not set.
pub(crate) fn task_root() -> PathBuf {
    std::env::var_os("LAMBDA_TASK_ROOT")
        .filter(|root| !root.is_empty())
        .map_or_else(|| PathBuf::from("/var/task"), PathBuf::from)
}

/// Where the Runtime API listens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Endpoint {
    /// As given: also the value of the `Host` header.
    pub(crate) authority: String,
    pub(crate) host: Host,
    pub(crate) port: u16,
}

/// The host part of an [`Endpoint`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Host {
    /// An IPv4 address, or an IPv6 address that stood in brackets.
    Address(IpAddr),
    /// A name, resolved at each connect.
    Name(String),
}

impl Endpoint {
    fn parse(authority: String) -> Result<Self, InvalidEndpoint> {
        #[cfg(debug_assertions)]
        let authority = development::authority(authority);
        match split(&authority) {
            Ok((host, port)) => Ok(Self {
                authority,
                host,
                port,
            }),
            Err(reason) => Err(InvalidEndpoint::of(authority, reason)),
        }
    }
}

fn split(authority: &str) -> Result<(Host, u16), &'static str> {
    if authority.is_empty() {
        return Err("is empty");
    }
    if authority
        .as_bytes()
        .windows(2)
        .any(|pair| pair[0] == b'/' && pair[1] == b'/')
    {
        return Err("has a scheme or a path");
    }
    let (host, port) = authority.rsplit_once(':').ok_or("has no port")?;
    let port = match u16::from_str(port) {
        Ok(0) => return Err("has port 0"),
        Ok(port) if authority.as_bytes()[host.len() + 1].is_ascii_digit() => port,
        _ => return Err("has a port that is not a number from 1 to 65535"),
    };
    if let Some(inner) = host.strip_prefix('[') {
        let ip = inner
            .strip_suffix(']')
            .and_then(|ip| Ipv6Addr::from_str(ip).ok())
            .ok_or("has brackets without an IPv6 address")?;
        return Ok((Host::Address(IpAddr::V6(ip)), port));
    }
    if host.contains(':') {
        return Err("has an IPv6 address without brackets");
    }
    if let Ok(ip) = Ipv4Addr::from_str(host) {
        return Ok((Host::Address(IpAddr::V4(ip)), port));
    }
    let named = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_');
    if host.is_empty() || !host.bytes().all(named) {
        return Err("has no valid host");
    }
    Ok((Host::Name(host.to_owned()), port))
}

/// `AWS_LAMBDA_RUNTIME_API` is absent or wrong: there is nobody to report it to but the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct InvalidEndpoint {
    value: Option<String>,
    reason: &'static str,
}

impl InvalidEndpoint {
    #[cold]
    fn of(value: String, reason: &'static str) -> Self {
        Self {
            value: Some(value),
            reason,
        }
    }
}

impl fmt::Display for InvalidEndpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(RUNTIME_API)?;
        if let Some(value) = &self.value {
            write!(f, "={}", quoted(value))?;
        }
        write!(
            f,
            " {}; it must be host:port, such as 127.0.0.1:9001. Lambda sets it; to run a \
             function elsewhere, use scripts/run-local or the Runtime Interface Emulator",
            self.reason
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(api: &str) -> Result<Endpoint, String> {
        settings(Some(api), None)
            .map(|settings| settings.endpoint.clone())
            .map_err(|error| error.to_string())
    }

    fn settings(api: Option<&str>, init: Option<&str>) -> Result<Settings, InvalidEndpoint> {
        Settings::of(Found {
            api: api.map(str::to_owned),
            handler: None,
            initialization_type: init.map(str::to_owned),
        })
    }

    #[test]
    fn addresses_and_names_are_understood() {
        for (api, host, port) in [
            ("127.0.0.1:9001", Host::Address([127, 0, 0, 1].into()), 9001),
            (
                "[::1]:65535",
                Host::Address(Ipv6Addr::LOCALHOST.into()),
                65535,
            ),
            ("localhost:80", Host::Name("localhost".into()), 80),
        ] {
            let endpoint = parse(api).unwrap();
            assert_eq!((endpoint.host, endpoint.port), (host, port));
            assert_eq!(endpoint.authority, api);
        }
    }

    #[test]
    fn what_is_not_host_and_port_is_refused_with_its_reason() {
        for (api, reason) in [
            ("", "is empty"),
            ("localhost", "has no port"),
            ("127.0.0.1:", "not a number"),
            ("127.0.0.1:0", "has port 0"),
            ("127.0.0.1:65536", "not a number from 1 to 65535"),
            ("127.0.0.1:+80", "not a number"),
            ("127.0.0.1:-1", "not a number"),
            ("127.0.0.1:http", "not a number"),
            (":9001", "has no valid host"),
            ("a b:9001", "has no valid host"),
            ("a/b:9001", "has no valid host"),
            ("::1:9001", "without brackets"),
            ("[::1:9001", "brackets without an IPv6"),
            ("[localhost]:9001", "brackets without an IPv6"),
            ("http://127.0.0.1:9001", "has a scheme"),
            ("x\r\ny:1", "has no valid host"),
        ] {
            let error = parse(api).expect_err(api);
            assert!(error.contains(reason), "{api:?}: {error}");
            assert!(error.contains("must be host:port"), "{error}");
        }
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
