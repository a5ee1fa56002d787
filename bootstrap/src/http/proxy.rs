//! `AWS_LWA_LAMBDA_RUNTIME_API_PROXY`: an extension that stands between this program and the Runtime API, and sees
//! events and responses, as Datadog's does.

use std::net::{IpAddr, TcpStream};

use coldspark::internal::warn;

use super::program::start_again;
use super::settings::{find, unreadable};
use crate::settings::RUNTIME_API;
use crate::sys;

/// Starts this program once more with the proxy's address as that of the Runtime API, if the setting names one.
/// It is called before anything begins that execve(2) does not undo. The program that is started finds that both
/// addresses are the same, and goes on.
#[cold]
#[inline(never)]
pub(crate) fn go_through_proxy() {
    let Some((name, value)) = find("LAMBDA_RUNTIME_API_PROXY") else {
        return;
    };
    let address = value.strip_prefix("http://").unwrap_or(&value);
    let Some(socket) = socket_address(address) else {
        return unreadable(name, &value, "an address such as 127.0.0.1:9002", None);
    };
    if sys::variable(RUNTIME_API).is_some_and(|api| api == address) {
        return;
    }
    if socket.0.is_loopback() && TcpStream::connect(socket).is_err() {
        warn(format_args!(
            "{name} is {value}, and nothing listens there yet; the bootstrap uses this address all the same"
        ));
    }
    start_again(address);
}

/// The address and port of `host:port`. The library accepts all of these as the address of the Runtime API.
fn socket_address(address: &str) -> Option<(IpAddr, u16)> {
    let (host, port) = address.split_once(':')?;
    let port = port.parse().ok().filter(|port| *port > 0)?;
    Some((host.parse().ok()?, port))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_and_a_port() {
        assert!(socket_address("127.0.0.1:9002").is_some());
        for address in [
            "",
            ":9002",
            "127.0.0.1",
            "127.0.0.1:",
            "127.0.0.1:0",
            "127.0.0.1:65536",
            "127.0.0.1:x",
            "::1:9002",
            "[::1]:9002",
            "localhost:9002",
            "127.0.0.1:9002/",
            "127.0.0.1:9002/events",
        ] {
            assert_eq!(socket_address(address), None, "{address:?}");
        }
    }
}
