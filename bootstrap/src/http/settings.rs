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

    /// `200-399,404`; a part that cannot be read is left out.
    fn read(name: &str, text: &str) -> Self {
        let range = |part: &str| {
            let (first, last) = part.split_once('-').unwrap_or((part, part));
            Some((
                first.trim_ascii().parse().ok()?,
                last.trim_ascii().parse().ok()?,
            ))
        };
        let mut ranges = Vec::new();
        for part in text.split(',').filter(|part| !part.trim_ascii().is_empty()) {
            match range(part) {
                Some(range) => ranges.push(range),
                None => unreadable(name, part, "statuses such as 200-399,404", "left out"),
            }
        }
        Self(ranges)
    }
}

impl WebSettings {
    pub(super) fn from_env() -> Self {
        let port = number("PORT", 8080);
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
            errors: statuses("ERROR_STATUS_CODES").unwrap_or_default(),
            compress: compress && !stream,
            stream,
            pass_through: path("PASS_THROUGH_PATH").unwrap_or_else(|| "/events".to_owned()),
            idle: seconds("POOL_IDLE_TIMEOUT_SECONDS").unwrap_or(Duration::from_secs(4)),
            before_snapshot: path("SNAPSTART_BEFORE_CHECKPOINT_PATH"),
            after_restore: path("SNAPSTART_AFTER_RESTORE_PATH"),
        }
    }
}

impl Check {
    fn from_env(port: u16) -> Self {
        let tcp = is_second("READINESS_CHECK_PROTOCOL", ["HTTP", "TCP"]);
        // A name of version 0: the first status that is not healthy.
        let first_bad = text("READINESS_CHECK_MIN_UNHEALTHY_STATUS");
        let first_bad = first_bad.and_then(|(_, status)| status.parse().ok());
        let healthy = statuses("READINESS_CHECK_HEALTHY_STATUS").unwrap_or_else(|| {
            let last = first_bad.unwrap_or(500_u16).saturating_sub(1);
            Statuses(vec![(100, last)])
        });
        Self {
            port: number("READINESS_CHECK_PORT", port),
            path: path("READINESS_CHECK_PATH").unwrap_or_else(|| "/".to_owned()),
            tcp,
            healthy,
            timeout: seconds("READINESS_CHECK_TIMEOUT_SECONDS").filter(|limit| !limit.is_zero()),
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
        (rest == name && !value.is_empty()).then_some((known, value))
    });
    let old = || {
        let value = sys::variable(name).filter(|_| OLD_NAMES.contains(&name))?;
        Some((name, value.to_str()?))
    };
    let (name, value) = found.or_else(old)?;
    Some((name, value.trim_ascii().to_owned()))
}

fn number(name: &'static str, default: u16) -> u16 {
    let Some((name, value)) = text(name) else {
        return default;
    };
    value.parse().unwrap_or_else(|_| {
        unreadable(name, &value, "a port", &default.to_string());
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

/// A path of the application, with the slash that it begins with.
fn path(name: &'static str) -> Option<String> {
    let (name, path) = text(name)?;
    if !path.bytes().all(|byte| byte.is_ascii_graphic()) {
        unreadable(name, &path, "a path, encoded as in a URL", "left out");
        return None;
    }
    Some(match path.strip_prefix('/') {
        Some(_) => path,
        None => ["/", &path].concat(),
    })
}

fn statuses(name: &'static str) -> Option<Statuses> {
    let (name, text) = text(name)?;
    Some(Statuses::read(name, &text))
}

/// Seconds, with or without a fraction. It does not use floating point, whose parser has 5 KB.
fn seconds(name: &'static str) -> Option<Duration> {
    let (name, value) = text(name)?;
    let read = milliseconds(&value);
    if read.is_none() {
        unreadable(name, &value, "seconds such as 4 or 0.5", "left out");
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
        let statuses = Statuses::read("X", "200-299, 404,,x,500-");
        assert_eq!(statuses, Statuses(vec![(200, 299), (404, 404)]));
        assert!(statuses.contain(299) && statuses.contain(404) && !statuses.contain(300));
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
