//! The endpoint of a service: region, partition, dual stack, and endpoints in settings.
//!
//! Source: the AWS SDKs and Tools Reference Guide, "AWS Region", "Dual-stack and FIPS endpoints" and
//! "Service-specific endpoints"; the partitions are those of botocore's partitions.json.

use ureq::http::Uri;

use super::{Error, Service, non_empty_variable, outgoing};
use crate::settings::variable;

/// A service's endpoint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Endpoint {
    /// Scheme, authority, and the path without a slash at its end.
    pub(super) url: String,
    /// The value of the header `Host`, without the scheme's default port.
    pub(super) host: String,
    pub(super) region: String,
}

/// A partition of AWS.
struct Partition {
    /// The beginning of its regions' names.
    regions: &'static str,
    /// The DNS suffix of its endpoints.
    suffix: &'static str,
    /// The DNS suffix of its dual-stack endpoints.
    dual_stack: &'static str,
}

/// The last one is AWS's ordinary partition, whose regions have no common beginning.
const PARTITIONS: [Partition; 8] = [
    partition("cn-", "amazonaws.com.cn", "api.amazonwebservices.com.cn"),
    partition("us-gov-", "amazonaws.com", "api.aws"),
    partition("us-iso-", "c2s.ic.gov", "api.aws.ic.gov"),
    partition("us-isob-", "sc2s.sgov.gov", "api.aws.scloud"),
    partition("us-isof-", "csp.hci.ic.gov", "api.aws.hci.ic.gov"),
    partition("eu-isoe-", "cloud.adc-e.uk", "api.cloud-aws.adc-e.uk"),
    partition("eusc-", "amazonaws.eu", "api.amazonwebservices.eu"),
    partition("", "amazonaws.com", "api.aws"),
];

const fn partition(
    regions: &'static str,
    suffix: &'static str,
    dual_stack: &'static str,
) -> Partition {
    Partition {
        regions,
        suffix,
        dual_stack,
    }
}

impl Endpoint {
    /// The endpoint in the settings.
    pub(super) fn of(service: &Service) -> Result<Self, Error> {
        let region = region()?;
        if !is_true("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS") {
            let of_service = variable_of_service(service.id);
            for name in [of_service.as_str(), "AWS_ENDPOINT_URL"] {
                if let Some(url) = non_empty_variable(name) {
                    return Self::at(&url, region).map_err(|why| {
                        Error::of("Aws.BadEndpoint", format!("{name} is {url:?}, {why}"))
                    });
                }
            }
        }
        if is_true("AWS_USE_FIPS_ENDPOINT") {
            return Err(Error::of(
                "Aws.BadEndpoint",
                "AWS_USE_FIPS_ENDPOINT is set, and FIPS endpoints follow no rule; name the one of \
                 the service in AWS_ENDPOINT_URL_... (the module that encrypts here is not \
                 validated for FIPS)",
            ));
        }
        let suffix = suffix(&region, is_true("AWS_USE_DUALSTACK_ENDPOINT"));
        let host = format!("{}.{region}.{suffix}", service.prefix);
        Ok(Self {
            url: format!("https://{host}"),
            host,
            region,
        })
    }

    /// An endpoint from its URL; the error says what it must be.
    pub(super) fn at(url: &str, region: String) -> Result<Self, &'static str> {
        const FORM: &str = "which is no http or https URL; it must look like \
                            https://host or http://host:8000/path";
        let (scheme, rest) = url.split_once("://").ok_or(FORM)?;
        let port = match scheme {
            "https" => ":443",
            "http" => ":80",
            _ => return Err(FORM),
        };
        let authority = rest.split('/').next().unwrap_or_default();
        let valid = |byte: u8| byte.is_ascii_alphanumeric() || b".-_:[]".contains(&byte);
        let url = url.trim_end_matches('/');
        let uri: Uri = url.parse().map_err(|_| FORM)?;
        // Uri drops a fragment.
        let path = url
            .get(scheme.len() + 3 + authority.len()..)
            .unwrap_or_default();
        let path_is_sent = path.is_empty() || outgoing::check_path(path).is_ok();
        if !authority.bytes().all(valid) || port_of(&uri).is_none() || !path_is_sent {
            return Err(FORM);
        }
        Ok(Self {
            url: url.to_owned(),
            host: authority.strip_suffix(port).unwrap_or(authority).to_owned(),
            region,
        })
    }
}

/// The port of a URI, its own or that of its scheme; `None` when there is no host, or when the text of the
/// port is no port. `Uri::port_u16` takes such a text for the lack of a port, which would mean port 80.
pub(super) fn port_of(uri: &Uri) -> Option<u16> {
    let (authority, host) = (uri.authority()?.as_str(), uri.host()?);
    let behind = authority.rsplit('@').next()?.strip_prefix(host)?;
    if host.is_empty() {
        return None;
    }
    match behind.strip_prefix(':') {
        Some(port) => port.parse().ok().filter(|port| *port > 0),
        None if !behind.is_empty() => None,
        None if uri.scheme_str() == Some("https") => Some(443),
        None => Some(80),
    }
}

fn suffix(region: &str, dual_stack: bool) -> &'static str {
    let mut partitions = PARTITIONS.iter();
    let partition = partitions
        .find(|partition| region.starts_with(partition.regions))
        .expect("every region begins with the empty text of the last one");
    if dual_stack {
        partition.dual_stack
    } else {
        partition.suffix
    }
}

/// The variable for a service: `AWS_ENDPOINT_URL_SECRETS_MANAGER` for `Secrets Manager`.
fn variable_of_service(id: &str) -> String {
    format!(
        "AWS_ENDPOINT_URL_{}",
        id.to_ascii_uppercase().replace(' ', "_")
    )
}

/// The region, from the variables that Lambda sets.
pub(super) fn region() -> Result<String, Error> {
    let names = ["AWS_REGION", "AWS_DEFAULT_REGION"];
    let found = names.iter().find_map(|name| variable(name));
    let region = found.filter(|region| !region.is_empty()).ok_or_else(|| {
        Error::of(
            "Aws.NoRegion",
            "there is no region: AWS_REGION is not set, which Lambda does by itself; elsewhere \
             set it, to eu-central-1 for instance",
        )
    })?;
    let valid = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    if region.bytes().all(valid) {
        return Ok(region);
    }
    Err(Error::of(
        "Aws.NoRegion",
        format!("AWS_REGION is {region:?}, which is no region; set one such as eu-central-1"),
    ))
}

/// Whether a variable says `true`, in any case.
fn is_true(name: &str) -> bool {
    variable(name).is_some_and(|value| value.eq_ignore_ascii_case("true"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_endpoint_that_is_named_has_scheme_host_and_path() {
        for (url, stays, host) in [
            (
                "http://localhost:8000/",
                "http://localhost:8000",
                "localhost:8000",
            ),
            ("https://a.b:443", "https://a.b:443", "a.b"),
            ("https://a.b/prod", "https://a.b/prod", "a.b"),
            ("http://[::1]:80/", "http://[::1]:80", "[::1]"),
        ] {
            let endpoint = Endpoint::at(url, "r".to_owned()).unwrap();
            assert_eq!(
                (endpoint.url.as_str(), endpoint.host.as_str()),
                (stays, host)
            );
        }
        for url in [
            "",
            "localhost:8000",
            "ftp://a",
            "http://",
            "http://a b",
            "http://u@a",
            "http://a/?x",
            "http://a/#x",
            "http://:80",
            "http://localhost:",
            "http://localhost:0",
            "http://localhost:99999",
            "http://localhost:-1",
            "http://localhost:x",
            "http://a:1:2",
            "http://[::1",
            "http://[::1]x",
            "http://a]b",
            "http://a/b c",
            "http://a/b/../c",
            "http://a/b//c",
            "http://a/größe",
            "http://a\\b",
            "http://a\r\nb",
        ] {
            assert!(Endpoint::at(url, "r".to_owned()).is_err(), "{url}");
        }
    }
}
