//! Settings out of texts, for the fuzz targets.

use super::{Endpoint, Host, concurrency};

/// The parts of `AWS_LAMBDA_RUNTIME_API`: the authority as it was, an address or a name, the port.
pub fn endpoint(text: &str) -> Result<(String, Result<std::net::IpAddr, String>, u16), String> {
    let endpoint = Endpoint::parse(text.to_owned()).map_err(|error| error.to_string())?;
    let host = match endpoint.host {
        Host::Address(ip) => Ok(ip),
        Host::Name(name) => Err(name),
    };
    Ok((endpoint.authority, host, endpoint.port))
}

/// The pollers that `AWS_LAMBDA_MAX_CONCURRENCY` asks for, and what is wrong with it.
pub fn pollers(text: &str) -> (usize, Option<String>) {
    concurrency::parse(text)
}
