//! Opening a connection to the Runtime API.

use std::ffi::CStr;
use std::io::{self, Read as _};
use std::net::{IpAddr, Ipv4Addr, TcpStream};

use crate::error::io_error;
use crate::escape::quoted;
use crate::settings::{Endpoint, Host};
use crate::sys;

/// Pauses before a refused connection is tried again: a server's restart between two events must not
/// end the environment.
const PAUSES_MS: [u32; 5] = [2, 10, 50, 200, 500];

/// Connects, trying again for under a second while the server refuses.
pub(crate) fn connect(endpoint: &Endpoint) -> io::Result<TcpStream> {
    let mut pauses = PAUSES_MS.iter();
    loop {
        match open(endpoint) {
            Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => match pauses.next() {
                Some(pause) => sys::pause(*pause),
                None => return Err(error),
            },
            other => return other,
        }
    }
}

fn open(endpoint: &Endpoint) -> io::Result<TcpStream> {
    match &endpoint.host {
        Host::Address(ip) => TcpStream::connect((*ip, endpoint.port)),
        Host::Name(name) => open_by_name(name, endpoint.port),
    }
}

/// Sets `TCP_NODELAY`: the last part of a body must not wait for the acknowledgement of the part before.
/// TCP always has this option, so there is no error to report.
pub(crate) fn set_nodelay(stream: &TcpStream) {
    let _ = stream.set_nodelay(true);
}

/// Whether a write failed because the server has closed the connection; a reply may have come
/// before that. After any other failure, of memory for instance, the server has not got the request.
#[cold]
pub(super) fn is_closed(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::BrokenPipe | io::ErrorKind::ConnectionReset
    )
}

/// Connects to the first address of a name that accepts, in the order of /etc/hosts. `localhost` has an
/// address without that file too.
///
/// Lambda always gives an address. A resolver that asks name servers would add a tenth to the
/// smallest bootstrap (18 KB, measured), so names are not looked up there.
#[cold]
#[inline(never)]
fn open_by_name(name: &str, port: u16) -> io::Result<TcpStream> {
    let hosts = read(c"/etc/hosts").unwrap_or_default();
    let hosts = String::from_utf8_lossy(&hosts);
    let mut failed = None;
    for ip in find(&hosts, name) {
        match TcpStream::connect((ip, port)) {
            Err(error) => failed = Some(more_telling(failed, error)),
            connected => return connected,
        }
    }
    match failed {
        Some(error) => Err(error),
        None if name.eq_ignore_ascii_case("localhost") => {
            TcpStream::connect((Ipv4Addr::LOCALHOST, port))
        }
        None => Err(io_error(
            io::ErrorKind::NotFound,
            format!(
                "the host name {} is not in /etc/hosts, and name servers are not asked; use an IP \
                 address",
                quoted(name)
            ),
        )),
    }
}

/// Which of two errors to report: the one that says that the server is not there yet, else the first.
fn more_telling(before: Option<io::Error>, error: io::Error) -> io::Error {
    match before {
        Some(before) if error.kind() != io::ErrorKind::ConnectionRefused => before,
        _ => error,
    }
}

/// Reads a file. `fs::read` also asks for its size and type, which takes 1.5 KB more code.
fn read(path: &CStr) -> io::Result<Vec<u8>> {
    let mut file = sys::open(path)?;
    let mut bytes = vec![0; 4096];
    let mut filled = 0;
    loop {
        let got = file.read(&mut bytes[filled..])?;
        if got == 0 {
            bytes.truncate(filled);
            return Ok(bytes);
        }
        filled += got;
        if filled == bytes.len() {
            bytes.resize(2 * filled, 0);
        }
    }
}

/// The addresses of a name, in the order of their lines.
pub(super) fn find(hosts: &str, name: &str) -> impl Iterator<Item = IpAddr> {
    hosts.lines().filter_map(move |line| {
        let line = line.split('#').next().unwrap_or_default();
        let mut words = line.split_ascii_whitespace();
        let address = words.next()?.parse().ok()?;
        words
            .any(|known| known.eq_ignore_ascii_case(name))
            .then_some(address)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_found_in_the_hosts_file() {
        let hosts = "# c\n127.0.0.1\tlocalhost\n::1 ip6 other # name\nbroken name\n10.0.0.7 a API.internal\n10.0.0.8 other\n";
        let found = |name| {
            find(hosts, name)
                .map(|ip| ip.to_string())
                .collect::<Vec<_>>()
        };
        assert_eq!(found("localhost"), ["127.0.0.1"]);
        assert_eq!(found("api.INTERNAL"), ["10.0.0.7"]);
        assert_eq!(found("other"), ["::1", "10.0.0.8"]);
        assert!(found("name").is_empty());
    }
}
