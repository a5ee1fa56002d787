//! The settings of Lambda Web Adapter 1.1, under its names. layer/WEB_ADAPTER.md has the table.
//!
//! An invalid value is a warning, and the default is used: an environment that works with the Web Adapter must
//! work here too.

mod statuses;

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::time::Duration;

use coldspark::internal::{quoted, warn};

use self::statuses::Statuses;
use crate::settings::ADAPTER;
use crate::sys;

/// The settings that also count under their old name, which has no prefix.
const OLD_NAMES: [&str; 7] = [
    "PORT",
    "HOST",
    "ASYNC_INIT",
    "REMOVE_BASE_PATH",
    "READINESS_CHECK_PORT",
    "READINESS_CHECK_PATH",
    "READINESS_CHECK_PROTOCOL",
];

/// The settings of a web application.
#[derive(Debug)]
pub(crate) struct WebSettings {
    /// Where it may listen. The first of the addresses that accepts a connection is used.
    pub(super) addresses: Vec<IpAddr>,
    /// The host in the bootstrap's own requests, and in a client's that have none.
    pub(super) host: String,
    pub(super) port: u16,
    pub(super) check: Check,
    pub(super) async_init: bool,
    pub(super) base_path: Option<String>,
    /// The header whose value becomes `Authorization`.
    pub(super) authorization_source: Option<String>,
    /// Statuses that are errors of the invocation.
    pub(super) error_statuses: Statuses,
    pub(super) compress: bool,
    pub(super) stream: bool,
    /// The path for events that are not a front end's.
    pub(super) pass_through_path: String,
    /// How long an idle connection is kept; zero keeps none.
    pub(super) idle_timeout: Duration,
    pub(super) before_snapshot_path: Option<String>,
    pub(super) after_restore_path: Option<String>,
}

/// The readiness check.
#[derive(Debug)]
pub(super) struct Check {
    pub(super) port: u16,
    pub(super) path: String,
    /// Whether a connection is enough, without a request.
    pub(super) tcp: bool,
    pub(super) healthy: Statuses,
    pub(super) timeout: Option<Duration>,
}

impl WebSettings {
    pub(super) fn from_env() -> Self {
        let port = number("PORT", "a port", 8080);
        let stream = chooses("INVOKE_MODE", "response_stream", "buffered");
        let compress = flag("ENABLE_COMPRESSION");
        if compress && stream {
            warn(format_args!(
                "AWS_LWA_ENABLE_COMPRESSION has no effect on responses that are streamed"
            ));
        }
        let (host, addresses) = host();
        Self {
            addresses,
            host,
            port,
            check: Check::from_env(port),
            async_init: flag("ASYNC_INIT"),
            base_path: find("REMOVE_BASE_PATH")
                .map(|(_, path)| path.trim_end_matches('/').to_owned())
                .filter(|path| !path.is_empty()),
            authorization_source: find("AUTHORIZATION_SOURCE").map(|(_, name)| name),
            error_statuses: Statuses::from_env("ERROR_STATUS_CODES", None),
            compress: compress && !stream,
            stream,
            pass_through_path: path("PASS_THROUGH_PATH", Some("/events")).unwrap_or_default(),
            idle_timeout: seconds("POOL_IDLE_TIMEOUT_SECONDS", Some("4")).unwrap_or_default(),
            before_snapshot_path: path("SNAPSTART_BEFORE_CHECKPOINT_PATH", None),
            after_restore_path: path("SNAPSTART_AFTER_RESTORE_PATH", None),
        }
    }
}

impl Check {
    fn from_env(port: u16) -> Self {
        let tcp = chooses("READINESS_CHECK_PROTOCOL", "TCP", "HTTP");
        // A name of version 0: the first status that is not healthy.
        let unhealthy = number("READINESS_CHECK_MIN_UNHEALTHY_STATUS", "a status", 500);
        let healthy = ["100-", &(unhealthy.max(101) - 1).to_string()].concat();
        Self {
            port: number("READINESS_CHECK_PORT", "a port", port),
            path: path("READINESS_CHECK_PATH", Some("/")).unwrap_or_default(),
            tcp,
            healthy: Statuses::from_env("READINESS_CHECK_HEALTHY_STATUS", Some(&healthy)),
            timeout: seconds("READINESS_CHECK_TIMEOUT_SECONDS", None)
                .filter(|limit| !limit.is_zero()),
        }
    }
}

/// The host as a request names it, and its addresses: both of this machine if no address is set.
fn host() -> (String, Vec<IpAddr>) {
    if let Some((name, host)) = find("HOST") {
        match host.parse() {
            Ok(address @ IpAddr::V4(_)) => return (host, vec![address]),
            Ok(address) => return (["[", &host, "]"].concat(), vec![address]),
            Err(_) if host.eq_ignore_ascii_case("localhost") => {}
            Err(_) => unreadable(name, &host, "an IP address or localhost", Some("localhost")),
        }
    }
    let both = [Ipv4Addr::LOCALHOST.into(), Ipv6Addr::LOCALHOST.into()];
    ("127.0.0.1".to_owned(), both.to_vec())
}

/// The full name and the value of a setting. It has the prefix in its name, or is found under its old name. An
/// empty value counts as absent.
pub(super) fn find(name: &'static str) -> Option<(&'static str, String)> {
    let found = sys::environment().find_map(|line| {
        let (known, value) = line.to_str().ok()?.split_once('=')?;
        let rest = known.strip_prefix(ADAPTER)?;
        (rest == name && !value.trim_ascii().is_empty()).then_some((known, value))
    });
    let old = || {
        let value = sys::variable(name).filter(|_| OLD_NAMES.contains(&name))?;
        let value = value
            .to_str()
            .filter(|value| !value.trim_ascii().is_empty())?;
        Some((name, value))
    };
    let (name, value) = found.or_else(old)?;
    Some((name, value.trim_ascii().to_owned()))
}

/// What `parse` makes of a setting, or of its default if the value is invalid or absent. `form` says in the
/// warning what is valid.
fn read<T>(
    name: &'static str,
    form: &str,
    default: Option<&str>,
    parse: impl Fn(&str) -> Option<T>,
) -> Option<T> {
    if let Some((name, value)) = find(name) {
        let parsed = parse(&value);
        if parsed.is_some() {
            return parsed;
        }
        unreadable(name, &value, form, default);
    }
    default.and_then(parse)
}

/// A number that is not zero.
#[inline(never)]
fn number(name: &'static str, form: &str, default: u16) -> u16 {
    let read = read(name, form, Some(&default.to_string()), |value| {
        value.parse().ok().filter(|number| *number > 0)
    });
    read.unwrap_or_default()
}

/// Whether a setting has this word and not the default, in any case.
#[inline(never)]
fn chooses(name: &'static str, word: &str, default: &str) -> bool {
    let form = [default, " or ", word].concat();
    let read = read(name, &form, Some(default), |value| {
        let chosen = value.eq_ignore_ascii_case(word);
        (chosen || value.eq_ignore_ascii_case(default)).then_some(chosen)
    });
    read.unwrap_or_default()
}

#[inline(never)]
fn flag(name: &'static str) -> bool {
    let read = read(name, "true or false", Some("false"), |value| match value {
        "true" | "1" => Some(true),
        "false" | "0" => Some(false),
        _ => None,
    });
    read.unwrap_or_default()
}

/// A path of the application, with the slash that it begins with.
#[inline(never)]
fn path(name: &'static str, default: Option<&str>) -> Option<String> {
    read(name, "a path, encoded as in a URL", default, |path| {
        let slash = if path.starts_with('/') { "" } else { "/" };
        let valid = path.bytes().all(|byte| byte.is_ascii_graphic());
        valid.then(|| [slash, path].concat())
    })
}

/// Seconds, with or without a fraction. It does not use floating point, whose parser has 5 KB.
#[inline(never)]
fn seconds(name: &'static str, default: Option<&str>) -> Option<Duration> {
    read(name, "seconds such as 4 or 0.5", default, |value| {
        milliseconds(value).map(Duration::from_millis)
    })
}

fn milliseconds(value: &str) -> Option<u64> {
    let (whole, fraction) = value.split_once('.').unwrap_or((value, "0"));
    let whole: u64 = if whole.is_empty() {
        0
    } else {
        whole.parse().ok()?
    };
    let digits = fraction.get(..fraction.len().min(3))?;
    if fraction.is_empty() || !fraction.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let parts: u64 = digits.parse().ok()?;
    let scale = [100, 10, 1].get(digits.len() - 1)?;
    whole.checked_mul(1000)?.checked_add(parts * scale)
}

/// Warns of an invalid value: what is valid, and what counts instead, which is the default.
#[inline(never)]
pub(super) fn unreadable(name: &str, value: &str, form: &str, default: Option<&str>) {
    warn(format_args!(
        "{name} is {}, and must be {form}; it counts as {}",
        quoted(value),
        default.unwrap_or("absent")
    ));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seconds_have_a_fraction() {
        for (text, expected) in [
            ("4", Some(4000)),
            ("0.5", Some(500)),
            (".25", Some(250)),
            ("1.23456", Some(1234)),
            ("0", Some(0)),
            ("4s", None),
            ("-1", None),
            ("1.", None),
            ("", Some(0)),
            ("1.x", None),
            ("99999999999999999999", None),
        ] {
            assert_eq!(milliseconds(text), expected, "{text}");
        }
    }
}
