//! The transport below ureq: TCP, with TLS 1.3 for https.
//!
//! It replaces ureq's own, which resolves the host's name before each request, even on a kept
//! connection, and in a thread if there is a time limit; which takes a late session ticket for the end
//! of a connection; and which always includes TLS 1.2, 42 KB that no endpoint of AWS needs.

use std::io::{self, Read, Write};
use std::net::{TcpStream, ToSocketAddrs};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use rustls::pki_types::ServerName;
use rustls::{ClientConfig, ClientConnection};
use ureq::http::Uri;
use ureq::unversioned::resolver::{ResolvedSocketAddrs, Resolver};
use ureq::unversioned::transport::{
    Buffers, ConnectionDetails, Connector, LazyBuffers, NextTimeout, Transport,
};
use ureq::{Timeout, config::Config};

use super::tls;
use crate::sys;
use crate::sys::socket;

/// Largest head of an answer, in bytes: ureq parses it as a whole.
pub(super) const INPUT: usize = 16 * 1024;
pub(super) const OUTPUT: usize = 8 * 1024;
/// Size of the output buffer, in bytes.
const COLLECTED: usize = 64 * 1024;
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
pub(super) struct NotSent(pub(super) String);

impl std::fmt::Display for NotSent {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for NotSent {}

fn not_sent(what: impl Into<String>) -> io::Error {
    io::Error::other(NotSent(what.into()))
}

impl Connections {
    /// Opens a connection for the next request to this host.
    pub(super) fn ahead(&self, uri: &Uri, limit: Duration) -> io::Result<()> {
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
        let port = uri.port_u16().unwrap_or(if secure { 443 } else { 80 });
        let until = sys::since_boot() + limit;
        let stream = connect(bare, port, until)?;
        // Requests are written whole.
        stream.set_nodelay(true)?;
        let mut wire = Wire {
            stream,
            tls: None,
            buffers: LazyBuffers::new(INPUT, OUTPUT),
            pending: Vec::new(),
        };
        if secure {
            let name = ServerName::try_from(bare.to_owned())
                .map_err(|_| not_sent(format!("{bare:?} is no name of a host")))?;
            let session = ClientConnection::new(self.config()?, name).map_err(io::Error::other)?;
            wire.tls = Some(Box::new(session));
            wire.shake_hands(until)
                .map_err(|error| not_sent(tls::explained(bare, &error)))?;
        }
        Ok(wire)
    }

    fn config(&self) -> io::Result<Arc<ClientConfig>> {
        let mut config = self.tls.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(config) = &*config {
            return Ok(Arc::clone(config));
        }
        let made = Arc::new(tls::config().map_err(not_sent)?);
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
        let limit = details.timeout.after;
        let wire = self
            .0
            .open(details.uri, (*limit).min(Duration::from_secs(900)))?;
        Ok(Some(wire))
    }
}

/// A resolver that does nothing: ureq resolves before each request, and the connector resolves only for
/// a new connection.
#[derive(Debug)]
pub(super) struct NoResolver;

impl Resolver for NoResolver {
    fn resolve(
        &self,
        _: &Uri,
        _: &Config,
        _: NextTimeout,
    ) -> Result<ResolvedSocketAddrs, ureq::Error> {
        let mut some = self.empty();
        some.push(([127, 0, 0, 1], 0).into());
        Ok(some)
    }
}

/// A connection. Output is collected until the answer is awaited.
pub(super) struct Wire {
    stream: TcpStream,
    tls: Option<Box<ClientConnection>>,
    buffers: LazyBuffers,
    pending: Vec<u8>,
}

impl Wire {
    fn shake_hands(&mut self, until: Duration) -> io::Result<()> {
        let Some(tls) = &mut self.tls else {
            return Ok(());
        };
        while tls.is_handshaking() {
            while tls.wants_write() {
                tls.write_tls(&mut self.stream)?;
            }
            limit_read(&self.stream, until)?;
            receive(tls, &mut self.stream)?;
        }
        // A connection that is opened ahead ends its handshake before the request.
        while tls.wants_write() {
            tls.write_tls(&mut self.stream)?;
        }
        Ok(())
    }

    /// Writes the collected output.
    fn flush(&mut self) -> io::Result<()> {
        match &mut self.tls {
            None => self.stream.write_all(&self.pending)?,
            Some(tls) => {
                let mut rest = &self.pending[..];
                while !rest.is_empty() || tls.wants_write() {
                    let taken = tls.writer().write(rest)?;
                    rest = &rest[taken..];
                    while tls.wants_write() {
                        tls.write_tls(&mut self.stream)?;
                    }
                }
            }
        }
        self.pending.clear();
        Ok(())
    }

    fn read(&mut self, until: Duration) -> io::Result<usize> {
        let buffer = self.buffers.input_append_buf();
        if buffer.is_empty() {
            let what = format!("the head of an answer is longer than {INPUT} bytes");
            return Err(io::Error::other(what));
        }
        let Some(tls) = &mut self.tls else {
            limit_read(&self.stream, until)?;
            return retried(|| self.stream.read(buffer));
        };
        loop {
            match tls.reader().read(buffer) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                done => return done,
            }
            limit_read(&self.stream, until)?;
            receive(tls, &mut self.stream)?;
        }
    }

    /// Reads what has come on an idle connection; true when that was only session tickets.
    fn is_quiet(&mut self) -> bool {
        if socket::is_idle(&self.stream) {
            return true;
        }
        let Some(tls) = &mut self.tls else {
            return false;
        };
        // There is something to read, so this does not wait.
        let Ok(1..) = retried(|| tls.read_tls(&mut self.stream)) else {
            return false;
        };
        tls.process_new_packets()
            .is_ok_and(|state| state.plaintext_bytes_to_read() == 0 && !state.peer_has_closed())
            && socket::is_idle(&self.stream)
    }
}

/// Reads once and processes the TLS records.
fn receive(tls: &mut ClientConnection, stream: &mut TcpStream) -> io::Result<()> {
    let got = retried(|| tls.read_tls(stream))?;
    let state = tls.process_new_packets().map_err(|error| {
        // The server is told why, if it still listens.
        let _ = tls.write_tls(stream);
        io::Error::new(io::ErrorKind::InvalidData, error)
    })?;
    if got == 0 && !state.peer_has_closed() {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    Ok(())
}

/// Sets the time limit of the next read.
fn limit_read(stream: &TcpStream, until: Duration) -> io::Result<()> {
    let left = until.saturating_sub(sys::since_boot());
    if left.is_zero() {
        return Err(io::ErrorKind::TimedOut.into());
    }
    stream.set_read_timeout(Some(left))
}

fn retried(mut read: impl FnMut() -> io::Result<usize>) -> io::Result<usize> {
    loop {
        match read() {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            // A socket's time limit gives these kinds.
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                return Err(io::ErrorKind::TimedOut.into());
            }
            done => return done,
        }
    }
}

fn until(timeout: NextTimeout) -> Duration {
    sys::since_boot() + (*timeout.after).min(Duration::from_secs(900))
}

fn timed(error: io::Error, reason: Timeout) -> ureq::Error {
    match error.kind() {
        io::ErrorKind::TimedOut | io::ErrorKind::WouldBlock => ureq::Error::Timeout(reason),
        _ => ureq::Error::Io(error),
    }
}

impl Transport for Wire {
    fn buffers(&mut self) -> &mut dyn Buffers {
        &mut self.buffers
    }

    fn transmit_output(&mut self, amount: usize, timeout: NextTimeout) -> Result<(), ureq::Error> {
        let output = &self.buffers.output()[..amount];
        self.pending.extend_from_slice(output);
        if self.pending.len() >= COLLECTED {
            self.stream.set_write_timeout(Some(left(timeout)))?;
            self.flush().map_err(|error| timed(error, timeout.reason))?;
        }
        Ok(())
    }

    fn await_input(&mut self, timeout: NextTimeout) -> Result<bool, ureq::Error> {
        let until = until(timeout);
        if !self.pending.is_empty() {
            self.stream.set_write_timeout(Some(left(timeout)))?;
            self.flush().map_err(|error| timed(error, timeout.reason))?;
        }
        let got = self
            .read(until)
            .map_err(|error| timed(error, timeout.reason))?;
        self.buffers.input_appended(got);
        Ok(got > 0)
    }

    fn is_open(&mut self) -> bool {
        self.is_quiet()
    }

    fn is_tls(&self) -> bool {
        self.tls.is_some()
    }
}

fn left(timeout: NextTimeout) -> Duration {
    (*timeout.after).clamp(Duration::from_millis(1), Duration::from_secs(900))
}

impl std::fmt::Debug for Wire {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Wire").finish_non_exhaustive()
    }
}
