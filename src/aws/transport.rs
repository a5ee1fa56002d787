//! Connections below ureq: how they are made, for https with TLS 1.3.
//!
//! It replaces ureq's own, which resolves the host's name before each request, even on a kept
//! connection, and in a thread if there is a time limit; which takes a late session ticket for the end
//! of a connection; and which always includes TLS 1.2, 42 KB that no endpoint of AWS needs.

use std::io;
use std::net::{TcpStream, ToSocketAddrs};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use rustls::pki_types::ServerName;
use rustls::{ClientConfig, ClientConnection};
use ureq::http::Uri;
use ureq::unversioned::transport::{ConnectionDetails, Connector, Transport};

use super::endpoint::port_of;
use super::tls;
use super::wire::{Wire, limit};
use crate::sys;

/// Largest head of an answer, in bytes: ureq parses it as a whole.
pub(super) const INPUT: usize = 16 * 1024;
pub(super) const OUTPUT: usize = 8 * 1024;
/// Time limit for connecting to one address.
const CONNECT_LIMIT: Duration = Duration::from_millis(3100);

/// Makes connections, or hands out connections that were opened ahead.
#[derive(Debug, Default)]
pub(super) struct Connections {
    tls: Mutex<Option<Arc<ClientConfig>>>,
    ahead: Mutex<Vec<(Uri, Wire)>>,
}

/// Marks an error that came before anything of a request was sent.
#[derive(Debug)]
pub(super) struct NotSent {
    /// The code of the call's error.
    pub(super) code: &'static str,
    pub(super) why: String,
}

impl std::fmt::Display for NotSent {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.why)
    }
}

impl std::error::Error for NotSent {}

fn not_sent(why: String) -> io::Error {
    io::Error::other(NotSent {
        code: "Aws.Connection",
        why,
    })
}

fn bad_roots(why: String) -> io::Error {
    io::Error::other(NotSent {
        code: "Aws.BadRoots",
        why,
    })
}

impl Connections {
    /// Opens a connection ahead, for the next request to this host.
    pub(super) fn open_ahead(&self, uri: &Uri, limit: Duration) -> io::Result<()> {
        let wire = self.open(uri, limit)?;
        let mut ahead = self.ahead.lock().unwrap_or_else(PoisonError::into_inner);
        ahead.push((uri.clone(), wire));
        Ok(())
    }

    /// Closes connections that were opened ahead.
    pub(super) fn forget(&self) {
        let mut ahead = self.ahead.lock().unwrap_or_else(PoisonError::into_inner);
        ahead.clear();
    }

    fn take(&self, uri: &Uri) -> Option<Wire> {
        let mut ahead = self.ahead.lock().unwrap_or_else(PoisonError::into_inner);
        let same = |(known, _): &(Uri, Wire)| {
            (known.scheme(), known.authority()) == (uri.scheme(), uri.authority())
        };
        let place = ahead.iter().position(same)?;
        let (_, mut wire) = ahead.swap_remove(place);
        wire.is_open().then_some(wire)
    }

    fn open(&self, uri: &Uri, limit: Duration) -> io::Result<Wire> {
        let host = uri.host().unwrap_or_default();
        let bare = host.trim_start_matches('[').trim_end_matches(']');
        let secure = uri.scheme_str() == Some("https");
        let port = port_of(uri)
            .ok_or_else(|| not_sent(format!("the port of {host} is no number from 1 to 65535")))?;
        let until = sys::since_boot() + limit;
        let stream = connect(bare, port, until)?;
        // Requests are written whole.
        stream.set_nodelay(true)?;
        if !secure {
            return Ok(Wire::new(stream, None));
        }
        let name = ServerName::try_from(bare.to_owned())
            .map_err(|_| not_sent(format!("{bare:?} is no name of a host")))?;
        let session = ClientConnection::new(self.config()?, name).map_err(io::Error::other)?;
        let mut wire = Wire::new(stream, Some(session));
        wire.shake_hands(until)
            .map_err(|error| not_sent(tls::explained(bare, &error)))?;
        Ok(wire)
    }

    fn config(&self) -> io::Result<Arc<ClientConfig>> {
        let mut config = self.tls.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(config) = &*config {
            return Ok(Arc::clone(config));
        }
        let roots = tls::roots().map_err(bad_roots)?;
        let made = Arc::new(tls::config(roots).map_err(not_sent)?);
        *config = Some(Arc::clone(&made));
        Ok(made)
    }
}

/// Looks the host up and connects to the first of its addresses that answers. The look-up is the C
/// library's, which has limits of its own.
fn connect(host: &str, port: u16, until: Duration) -> io::Result<TcpStream> {
    let addresses = (host, port)
        .to_socket_addrs()
        .map_err(|error| not_sent(format!("cannot look up {host}: {error}")))?;
    let mut last = None;
    for address in addresses {
        let left = until.saturating_sub(sys::since_boot()).min(CONNECT_LIMIT);
        if left.is_zero() {
            break;
        }
        match TcpStream::connect_timeout(&address, left) {
            Ok(stream) => return Ok(stream),
            Err(error) => last = Some(error),
        }
    }
    let why = last.map_or_else(|| "it has no address".to_owned(), |error| error.to_string());
    Err(not_sent(format!(
        "cannot connect to {host}, port {port}: {why}"
    )))
}

/// A [`Connector`] that ureq may own.
#[derive(Debug)]
pub(super) struct Connect(pub(super) Arc<Connections>);

impl Connector for Connect {
    type Out = Wire;

    fn connect(
        &self,
        details: &ConnectionDetails<'_>,
        _: Option<()>,
    ) -> Result<Option<Wire>, ureq::Error> {
        if let Some(wire) = self.0.take(details.uri) {
            return Ok(Some(wire));
        }
        let wire = self.0.open(details.uri, limit(details.timeout))?;
        Ok(Some(wire))
    }
}
