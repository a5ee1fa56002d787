//! A connection to the application: it is opened, receives bytes, and is idle between two requests.

use std::io;
use std::net::SocketAddr;
use std::os::fd::{AsFd, OwnedFd};
use std::time::Duration;

use coldspark::internal::{Field, since_boot};

use super::exchange_error::ExchangeError;
use super::process::{Process, check_not_stopped};
use crate::sys::{pipe, socket};

/// The largest part of an answer that is kept while its request is still being sent.
const MOST_AHEAD: usize = 64 * 1024 * 1024;

/// A socket for each address of the application. It has two at most.
pub(super) type Sockets = [Option<OwnedFd>; 2];

/// A connection to the application. At any time at most one request is under way on it.
pub(super) struct Connection {
    pub(super) socket: OwnedFd,
    /// Received bytes that were not used yet.
    pub(super) received: Vec<u8>,
    /// The places of the last answer's headers in it.
    pub(super) fields: Vec<Field>,
    /// Whether the application has closed it.
    pub(super) closed: bool,
    /// Since when it is idle.
    idle_since: Duration,
}

impl Connection {
    /// Connects to the first of the addresses that accepts. Sockets that are refused stay in `sockets`, for
    /// the next attempt.
    pub(super) fn open(
        addresses: impl Iterator<Item = SocketAddr>,
        sockets: &mut Sockets,
        process: &Process,
        until: Option<Duration>,
    ) -> Result<Self, ExchangeError> {
        for (address, kept) in addresses.zip(sockets) {
            match begin(&address, kept) {
                Ok((socket, true)) => return Ok(Self::new(socket)),
                Ok((socket, false)) => {
                    if let Some(connection) = Self::wait(socket, &address, process, until)? {
                        return Ok(connection);
                    }
                }
                Err(error) if is_refusal(&error) => {}
                Err(error) => {
                    return Err(ExchangeError::System("connect to the application", error));
                }
            }
        }
        Err(ExchangeError::Refused)
    }

    fn new(socket: OwnedFd) -> Self {
        Self {
            socket,
            received: Vec::new(),
            fields: Vec::new(),
            closed: false,
            idle_since: Duration::ZERO,
        }
    }

    /// Waits until the application accepts the connection; `None` when it refuses it.
    fn wait(
        socket: OwnedFd,
        address: &SocketAddr,
        process: &Process,
        until: Option<Duration>,
    ) -> Result<Option<Self>, ExchangeError> {
        loop {
            let woken = process.wait(socket.as_fd(), true, until)?;
            match socket::is_connected(socket.as_fd(), address) {
                Ok(true) => return Ok(Some(Self::new(socket))),
                Ok(false) => check_not_stopped(&woken)?,
                Err(_) => return Ok(None),
            }
        }
    }

    /// Notes that it is idle from now on.
    pub(super) fn set_idle(&mut self) {
        self.idle_since = since_boot();
    }

    /// Whether it was idle for so long that the application may be about to close it.
    pub(super) fn has_expired(&self, limit: Duration) -> bool {
        since_boot().saturating_sub(self.idle_since) >= limit
    }

    /// Whether a request can be sent on it: it is not closed, and no bytes came that nobody asked for.
    pub(super) fn is_usable(&self, process: &Process) -> Result<bool, ExchangeError> {
        let woken = process.wait(self.socket.as_fd(), false, Some(Duration::ZERO))?;
        match woken.ended {
            true => Err(ExchangeError::Ended),
            false => Ok(!woken.readable[0]),
        }
    }

    /// Reads what has come; returns whether there was anything.
    pub(super) fn receive(&mut self, room: usize) -> Result<bool, ExchangeError> {
        self.received.reserve(room);
        let start = self.received.len();
        match pipe::ReadBudget::new().read(self.socket.as_fd(), &mut self.received) {
            Some(Ok(0)) => self.closed = true,
            Some(Err(error)) if error.kind() == io::ErrorKind::ConnectionReset => {
                self.closed = true;
            }
            Some(Err(error)) => {
                return Err(ExchangeError::System("read from the application", error));
            }
            Some(Ok(_)) | None => {}
        }
        if self.received.len() > MOST_AHEAD {
            return Err(ExchangeError::Malformed(
                "more than 64 MB of an answer came while the request was not read",
            ));
        }
        Ok(self.received.len() > start)
    }
}

/// Begins to connect, with the kept socket or a new one; returns it, and whether it is connected already.
fn begin(address: &SocketAddr, kept: &mut Option<OwnedFd>) -> io::Result<(OwnedFd, bool)> {
    let socket = match kept.take() {
        Some(socket) => socket,
        None => socket::new(address)?,
    };
    match socket::connect(socket.as_fd(), address) {
        Ok(connected) => Ok((socket, connected)),
        Err(error) => {
            // Linux connects a refused socket again. gVisor then reports ECONNABORTED, and needs a new socket.
            if error.raw_os_error() == Some(libc::ECONNREFUSED) {
                *kept = Some(socket);
            }
            Err(error)
        }
    }
}

/// Whether the port is closed, or the machine has no such address.
fn is_refusal(error: &io::Error) -> bool {
    let codes = [
        libc::ECONNREFUSED,
        libc::ECONNRESET,
        libc::ECONNABORTED,
        libc::EPIPE,
        libc::EADDRNOTAVAIL,
        libc::EAFNOSUPPORT,
        libc::ENETUNREACH,
        libc::EHOSTUNREACH,
    ];
    error
        .raw_os_error()
        .is_some_and(|code| codes.contains(&code))
}
