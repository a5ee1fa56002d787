//! Entry points of the fuzz targets: parsing of settings.

use std::net::IpAddr;

use super::{Host, concurrency, development, endpoint};

/// The parts of `AWS_LAMBDA_RUNTIME_API` as Lambda gives it: an address or a name, and the port.
pub fn authority(text: &str) -> Result<(Result<IpAddr, String>, u16), &'static str> {
    let (host, port) = endpoint::split(text)?;
    let host = match host {
        Host::Address(ip) => Ok(ip),
        Host::Name(name) => Err(name),
    };
    Ok((host, port))
}

/// The authority and the path of a URL as `cargo lambda watch` gives it.
pub fn url(text: &str) -> Option<(&str, &str)> {
    development::split(text)
}

/// The pollers that `AWS_LAMBDA_MAX_CONCURRENCY` asks for, and what is wrong with it.
pub fn pollers(text: &str) -> (usize, Option<String>) {
    concurrency::parse(text)
}
