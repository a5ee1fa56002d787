//! The address of the Runtime API.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::str::FromStr;

use super::RUNTIME_API;
use crate::escape::quoted;

/// The address of the Runtime API.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Endpoint {
    /// The address as given, which is also the value of the `Host` header.
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
    pub(super) fn parse(authority: String) -> Result<Self, InvalidEndpoint> {
        #[cfg(debug_assertions)]
        let authority = super::development::authority(authority);
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

pub(super) fn split(authority: &str) -> Result<(Host, u16), &'static str> {
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
    if let Some(ip) = ipv4(host) {
        return Ok((Host::Address(IpAddr::V4(ip)), port));
    }
    let named = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_');
    if host.is_empty() || !host.bytes().all(named) {
        return Err("has no valid host");
    }
    Ok((Host::Name(host.to_owned()), port))
}

/// An IPv4 address as std reads it: four decimal numbers without leading zeros. std's own parser is made
/// for parts of texts, and is a thousand bytes of what lies on the way to the first call.
#[inline(never)] // where start_up.ld finds it
fn ipv4(host: &str) -> Option<Ipv4Addr> {
    let mut octets = [0_u8; 4];
    let mut octet = 0;
    let mut digits = 0;
    for byte in host.bytes() {
        let value = octets.get_mut(octet)?;
        match byte {
            b'0'..=b'9' if digits == 0 || *value != 0 => {
                *value = value.checked_mul(10)?.checked_add(byte - b'0')?;
                digits += 1;
            }
            b'.' if digits > 0 => {
                octet += 1;
                digits = 0;
            }
            _ => return None,
        }
    }
    (octet == 3 && digits > 0).then(|| octets.into())
}

/// `AWS_LAMBDA_RUNTIME_API` is absent or wrong, which only the log can report.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct InvalidEndpoint {
    value: Option<String>,
    reason: &'static str,
}

impl InvalidEndpoint {
    #[cold]
    pub(super) fn absent() -> Self {
        Self {
            value: None,
            reason: "is not set",
        }
    }

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
        Endpoint::parse(api.to_owned()).map_err(|error| error.to_string())
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
    fn ipv4_addresses_are_those_that_std_reads() {
        for text in [
            "127.0.0.1",
            "0.0.0.0",
            "255.255.255.255",
            "256.0.0.1",
            "1.2.3",
            "1.2.3.4.5",
            "1.2.3.",
            ".1.2.3",
            "1..2.3",
            "01.2.3.4",
            "00.0.0.0",
            "1.2.3.04",
            "1.2.3.1000",
            "1.2.3.a",
            "1.2.3.4 ",
            "-1.2.3.4",
            "",
            ".",
            "...",
            "1.2.3.4.",
            "lambda",
            "10.200.30.9",
        ] {
            assert_eq!(ipv4(text), Ipv4Addr::from_str(text).ok(), "{text}");
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
}
