//! The settings of Lambda Web Adapter 1.1, under its names. layer/WEB_ADAPTER.md has the table.
//!
//! An invalid value is named in a warning, and the default is used, since an environment that works with
//! the Web Adapter has to work here too.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::time::Duration;

use coldspark::internal::{quoted, warn};

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

/// What a warning says of a setting without a default.
pub(super) const LEFT_OUT: &str = "left out";

/// The settings of a web application.
#[derive(Debug)]
pub(crate) struct WebSettings {
    /// The addresses where it listens. The first that accepts a connection is used.
    pub(super) hosts: Vec<IpAddr>,
    /// The host in a request without one.
    pub(super) host: String,
    pub(super) port: u16,
    pub(super) check: Check,
    pub(super) async_init: bool,
    pub(super) base_path: Option<String>,
    /// The header whose value becomes `Authorization`.
    pub(super) authorization: Option<String>,
    /// Statuses that are errors of the invocation.
    pub(super) errors: Statuses,
    pub(super) compress: bool,
    pub(super) stream: bool,
    /// The path for events that are not requests.
    pub(super) pass_through: String,
    /// How long a connection may be kept; zero keeps none.
    pub(super) idle: Duration,
    pub(super) before_snapshot: Option<String>,
    pub(super) after_restore: Option<String>,
}

/// The readiness check.
#[derive(Debug)]
pub(super) struct Check {
    pub(super) port: u16,
    pub(super) path: String,
    /// A connection.
    pub(super) tcp: bool,
    pub(super) healthy: Statuses,
    pub(super) timeout: Option<Duration>,
}

/// Ranges of HTTP statuses.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Statuses(Vec<(u16, u16)>);

impl Statuses {
    pub(super) fn contain(&self, status: u16) -> bool {
        self.0
            .iter()
            .any(|(first, last)| (*first..=*last).contains(&status))
    }

    /// `200-399,404`. A part that no status can match is left out; `None`, and `default` in the warning, where
    /// nothing else is there.
    fn read(name: &str, text: &str, default: &str) -> Option<Self> {
        const FORM: &str = "statuses such as 200-399,404";
        let range = |part: &str| {
            let (first, last) = part.split_once('-').unwrap_or((part, part));
            let first: u16 = first.trim_ascii().parse().ok()?;
            let last = last.trim_ascii().parse().ok()?;
            (first <= last && first < 1000 && last >= 100).then_some((first, last))
        };
        let mut ranges = Vec::new();
        let mut whole = true;
        for part in text.split(',').filter(|part| !part.trim_ascii().is_empty()) {
            match range(part) {
                Some(range) => ranges.push(range),
                None => whole = false,
            }
        }
        let none = ranges.is_empty();
        if none || !whole {
            let instead = match none {
                true => default,
                false => "what can be read of it",
            };
            unreadable(name, text, FORM, instead);
        }
        (!none).then_some(Self(ranges))
    }
}

impl WebSettings {
    pub(super) fn from_env() -> Self {
        let port = number("PORT", "a port", 8080);
        let stream = is_second("INVOKE_MODE", ["buffered", "response_stream"]);
        let compress = flag("ENABLE_COMPRESSION");
        if compress && stream {
            warn(format_args!(
                "AWS_LWA_ENABLE_COMPRESSION has no effect on responses that are streamed"
            ));
        }
        let (host, hosts) = hosts();
        Self {
            hosts,
            host,
            port,
            check: Check::from_env(port),
            async_init: flag("ASYNC_INIT"),
            base_path: text("REMOVE_BASE_PATH")
                .map(|(_, path)| path.trim_end_matches('/').to_owned())
                .filter(|path| !path.is_empty()),
            authorization: text("AUTHORIZATION_SOURCE").map(|(_, name)| name),
            errors: statuses("ERROR_STATUS_CODES", LEFT_OUT).unwrap_or_default(),
            compress: compress && !stream,
            stream,
            pass_through: path("PASS_THROUGH_PATH", "/events")
                .unwrap_or_else(|| "/events".to_owned()),
            idle: seconds("POOL_IDLE_TIMEOUT_SECONDS", "4").unwrap_or(Duration::from_secs(4)),
            before_snapshot: path("SNAPSTART_BEFORE_CHECKPOINT_PATH", LEFT_OUT),
            after_restore: path("SNAPSTART_AFTER_RESTORE_PATH", LEFT_OUT),
        }
    }
}

impl Check {
    fn from_env(port: u16) -> Self {
        let tcp = is_second("READINESS_CHECK_PROTOCOL", ["HTTP", "TCP"]);
        // A name of version 0: the first status that is not healthy.
        let last = number("READINESS_CHECK_MIN_UNHEALTHY_STATUS", "a status", 500).max(101) - 1;
        let default = ["100-", &last.to_string()].concat();
        let healthy = statuses("READINESS_CHECK_HEALTHY_STATUS", &default);
        let healthy = healthy.unwrap_or_else(|| Statuses(vec![(100, last)]));
        Self {
            port: number("READINESS_CHECK_PORT", "a port", port),
            path: path("READINESS_CHECK_PATH", "/").unwrap_or_else(|| "/".to_owned()),
            tcp,
            healthy,
            timeout: seconds("READINESS_CHECK_TIMEOUT_SECONDS", LEFT_OUT)
                .filter(|limit| !limit.is_zero()),
        }
    }
}

/// The addresses of the host; both of this machine where none is named.
fn hosts() -> (String, Vec<IpAddr>) {
    if let Some((name, host)) = text("HOST") {
        match host.parse() {
            Ok(address @ IpAddr::V4(_)) => return (host, vec![address]),
            Ok(address) => return (["[", &host, "]"].concat(), vec![address]),
            Err(_) if host.eq_ignore_ascii_case("localhost") => {}
            Err(_) => unreadable(name, &host, "an IP address or localhost", "localhost"),
        }
    }
    let both = [Ipv4Addr::LOCALHOST.into(), Ipv6Addr::LOCALHOST.into()];
    ("127.0.0.1".to_owned(), both.to_vec())
}

/// The name and value of a setting, with the prefix in its name, or without it where that is an old name.
/// An empty value counts as absent.
pub(super) fn text(name: &'static str) -> Option<(&'static str, String)> {
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

#[inline(never)]
fn number(name: &'static str, form: &str, default: u16) -> u16 {
    let Some((name, value)) = text(name) else {
        return default;
    };
    let port = value.parse().ok().filter(|port| *port > 0);
    port.unwrap_or_else(|| {
        unreadable(name, &value, form, &default.to_string());
        default
    })
}

/// Whether a setting has the second of its two words, in any case. The first one is the default.
fn is_second(name: &'static str, [first, second]: [&str; 2]) -> bool {
    match text(name) {
        Some((_, value)) if value.eq_ignore_ascii_case(second) => true,
        Some((name, value)) if !value.eq_ignore_ascii_case(first) => {
            unreadable(name, &value, &[first, " or ", second].concat(), first);
            false
        }
        _ => false,
    }
}

#[inline(never)]
fn flag(name: &'static str) -> bool {
    match text(name) {
        Some((_, value)) if value == "true" || value == "1" => true,
        Some((_, value)) if value == "false" || value == "0" => false,
        Some((name, value)) => {
            unreadable(name, &value, "true or false", "false");
            false
        }
        None => false,
    }
}

/// A path of the application, with the slash that it begins with. `default` is for the warning, here and below.
#[inline(never)]
fn path(name: &'static str, default: &str) -> Option<String> {
    let (name, path) = text(name)?;
    if !path.bytes().all(|byte| byte.is_ascii_graphic()) {
        unreadable(name, &path, "a path, encoded as in a URL", default);
        return None;
    }
    Some(match path.strip_prefix('/') {
        Some(_) => path,
        None => ["/", &path].concat(),
    })
}

#[inline(never)]
fn statuses(name: &'static str, default: &str) -> Option<Statuses> {
    let (name, text) = text(name)?;
    Statuses::read(name, &text, default)
}

/// Seconds, with or without a fraction. It does not use floating point, whose parser has 5 KB.
#[inline(never)]
fn seconds(name: &'static str, default: &str) -> Option<Duration> {
    let (name, value) = text(name)?;
    let read = milliseconds(&value);
    if read.is_none() {
        unreadable(name, &value, "seconds such as 4 or 0.5", default);
    }
    read.map(Duration::from_millis)
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

#[inline(never)]
pub(super) fn unreadable(name: &str, value: &str, form: &str, instead: &str) {
    warn(format_args!(
        "{name} is {}, and has to be {form}; it is {instead}",
        quoted(value)
    ));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statuses_are_numbers_and_ranges() {
        let read = |text| Statuses::read("X", text, "100-499");
        let statuses = read("200-299, 404,,x,500-").unwrap();
        assert_eq!(statuses, Statuses(vec![(200, 299), (404, 404)]));
        assert!(statuses.contain(299) && statuses.contain(404) && !statuses.contain(300));
        assert_eq!(read("0-399"), Some(Statuses(vec![(0, 399)])));
        for nothing in ["ok", "499-100", "99", "1000-2000", ",", "", "-1"] {
            assert_eq!(read(nothing), None, "{nothing}");
        }
    }

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
