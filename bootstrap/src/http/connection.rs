//! A connection to the application: it sends a request and receives an answer, and meanwhile watches the
//! process and its log.

use std::io;
use std::net::SocketAddr;
use std::os::fd::{AsFd, OwnedFd};
use std::time::Duration;

use coldspark::internal::{Field, Head, parse_head, since_boot};

use super::running::Running;
use super::trouble::Trouble;
use crate::process::wait::wait_or_writable;
use crate::sys::{pipe, socket};

/// The longest head of an answer, in bytes. Front ends take about 10 KB of headers.
const LONGEST_HEAD: usize = 256 * 1024;
/// Smallest and largest size of a read.
const PIECES: [usize; 2] = [16 * 1024, 256 * 1024];
/// The largest part of an answer that is kept while its request is still being sent.
const MOST_AHEAD: usize = 64 * 1024 * 1024;

/// A request that is being sent.
pub(super) struct Outgoing<'a> {
    parts: [&'a [u8]; 2],
    /// Whether the application has stopped reading it.
    broken: bool,
}

impl<'a> Outgoing<'a> {
    pub(super) fn new(head: &'a [u8], body: &'a [u8]) -> Self {
        Self {
            parts: [head, body],
            broken: false,
        }
    }

    /// Whether all is sent.
    pub(super) fn is_over(&self) -> bool {
        self.broken || self.is_sent()
    }

    pub(super) fn is_sent(&self) -> bool {
        self.parts.iter().all(|part| part.is_empty())
    }
}

/// A connection.
pub(super) struct Connection {
    socket: OwnedFd,
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
    /// Connects to the first of the addresses that accepts.
    pub(super) fn open(
        addresses: impl Iterator<Item = SocketAddr>,
        running: &Running,
        until: Option<Duration>,
    ) -> Result<Self, Trouble> {
        for address in addresses {
            match socket::connect(&address) {
                Ok((socket, true)) => return Ok(Self::new(socket)),
                Ok((socket, false)) => match Self::wait(socket, &address, running, until)? {
                    Some(connection) => return Ok(connection),
                    None => continue,
                },
                Err(error) if is_refusal(&error) => {}
                Err(error) => return Err(Trouble::System("connect to the application", error)),
            }
        }
        Err(Trouble::Refused)
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
        running: &Running,
        until: Option<Duration>,
    ) -> Result<Option<Self>, Trouble> {
        loop {
            let woken = wait_or_writable(&running.child, [Some(socket.as_fd()), None], true, until);
            let woken = woken.map_err(waiting)?;
            match socket::is_connected(socket.as_fd(), address) {
                Ok(true) => return Ok(Some(Self::new(socket))),
                Ok(false) if woken.ended => return Err(Trouble::Ended),
                Ok(false) if woken.timed_out => return Err(Trouble::Late),
                Ok(false) => {}
                Err(_) => return Ok(None),
            }
        }
    }

    /// Marks it as idle.
    pub(super) fn rest(&mut self) {
        self.idle_since = since_boot();
    }

    /// Whether it was idle for so long that the application may be about to close it.
    pub(super) fn is_old(&self, limit: Duration) -> bool {
        since_boot().saturating_sub(self.idle_since) >= limit
    }

    /// Whether it can be used: neither closed, nor with unexpected bytes.
    pub(super) fn is_quiet(&self, running: &Running) -> Result<bool, Trouble> {
        let fds = [Some(self.socket.as_fd()), None];
        let woken = wait_or_writable(&running.child, fds, false, Some(Duration::ZERO));
        let woken = woken.map_err(waiting)?;
        match woken.ended {
            true => Err(Trouble::Ended),
            false => Ok(!woken.readable[0]),
        }
    }

    /// Sends as much of the request as the application takes, and waits until bytes have come, more can
    /// be sent, or there is a reason to stop.
    pub(super) fn advance(
        &mut self,
        running: &Running,
        outgoing: &mut Outgoing<'_>,
        until: Option<Duration>,
        expects: usize,
    ) -> Result<(), Trouble> {
        self.send(outgoing)?;
        let room = !outgoing.is_over();
        let fds = [Some(self.socket.as_fd()), None];
        let woken = wait_or_writable(&running.child, fds, room, until).map_err(waiting)?;
        // In this order: bytes that came before the application's end, or in time, count.
        if woken.readable[0] && (self.receive(expects)? || self.closed) {
            return Ok(());
        }
        if woken.ended {
            return Err(Trouble::Ended);
        }
        if woken.timed_out {
            return Err(Trouble::Late);
        }
        Ok(())
    }

    fn send(&self, outgoing: &mut Outgoing<'_>) -> Result<(), Trouble> {
        while !outgoing.is_over() {
            match socket::send(self.socket.as_fd(), outgoing.parts) {
                Ok(sent) => {
                    let [head, body] = outgoing.parts;
                    let of_head = sent.min(head.len());
                    outgoing.parts = [&head[of_head..], &body[sent - of_head..]];
                }
                Err(error) => match error.kind() {
                    io::ErrorKind::Interrupted => {}
                    io::ErrorKind::WouldBlock => return Ok(()),
                    // It may have answered before it closed the connection.
                    io::ErrorKind::BrokenPipe | io::ErrorKind::ConnectionReset => {
                        outgoing.broken = true;
                    }
                    _ => return Err(Trouble::System("send a request to the application", error)),
                },
            }
        }
        Ok(())
    }

    /// Reads what has come; returns whether there was anything.
    fn receive(&mut self, expects: usize) -> Result<bool, Trouble> {
        let [least, most] = PIECES;
        self.received.reserve(expects.clamp(least, most));
        let start = self.received.len();
        match pipe::ReadBudget::new().read(self.socket.as_fd(), &mut self.received) {
            Some(Ok(0)) => self.closed = true,
            Some(Err(error)) if error.kind() == io::ErrorKind::ConnectionReset => {
                self.closed = true;
            }
            Some(Err(error)) => {
                return Err(Trouble::System("read from the application", error));
            }
            Some(Ok(_)) | None => {}
        }
        if self.received.len() > MOST_AHEAD {
            return Err(Trouble::Malformed(
                "more than 64 MB of an answer came while the request was not read",
            ));
        }
        Ok(self.received.len() > start)
    }

    /// Sends a request and waits for the head of its answer, skipping interim answers. The head's bytes
    /// stay at the beginning of the received ones.
    pub(super) fn await_head(
        &mut self,
        running: &Running,
        outgoing: &mut Outgoing<'_>,
        until: Option<Duration>,
    ) -> Result<Head, Trouble> {
        let mut searched = 0;
        loop {
            // Each attempt parses from the start; a head that comes byte by byte must not take quadratic time.
            if has_line_end(&self.received, searched) {
                match parse_head(&self.received, &mut self.fields).map_err(Trouble::Malformed)? {
                    Some(head) if head.status == 101 => {
                        return Err(Trouble::Malformed(
                            "it has changed the protocol, which nobody has asked for",
                        ));
                    }
                    Some(head) if head.status < 200 => {
                        self.received.drain(..head.length);
                        searched = 0;
                        continue;
                    }
                    Some(head) => return Ok(head),
                    None => {}
                }
            }
            if self.received.len() > LONGEST_HEAD {
                return Err(Trouble::Malformed("the head is over 256 KB"));
            }
            if self.closed {
                return Err(match self.received.is_empty() {
                    true => Trouble::Closed,
                    false => Trouble::Malformed("the connection was closed within the head"),
                });
            }
            searched = self.received.len();
            self.advance(running, outgoing, until, 0)?;
        }
    }
}

/// Whether to parse now: an empty line may have come behind `searched`, or the bytes are not a head.
fn has_line_end(received: &[u8], searched: usize) -> bool {
    let fresh = &received[searched.saturating_sub(3)..];
    let ends = fresh.windows(2).any(|two| two == b"\n\n")
        || fresh.windows(3).any(|three| three == b"\n\r\n");
    ends || (received.len() >= 5 && !received.starts_with(b"HTTP/"))
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

fn waiting(error: io::Error) -> Trouble {
    Trouble::System("wait for the application", error)
}
