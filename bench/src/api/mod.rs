//! The Runtime API as small as a fair measurement allows: one thread that sleeps in poll(2),
//! takes connections as they come, and notes the moment at which a request was complete.
//!
//! The emulator of the tests is more faithful, and wakes one thread more for each request; here
//! those microseconds would be a part of every figure.

mod connection;
mod request;

use std::io;
use std::net::{Ipv4Addr, TcpListener};
use std::os::fd::AsFd;
use std::time::Duration;

use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};

use crate::clock::Moment;
use connection::Connection;
pub(crate) use request::{Call, Request};

/// Counts are taken with the same port where it is free: its digits are a part of the work.
const PREFERRED_PORT: u16 = 20_404;
/// How often a wait checks whether the program has ended.
const CHECK_INTERVAL: Duration = Duration::from_millis(100);

/// The server's side of the Runtime API.
pub(crate) struct Api {
    listener: TcpListener,
    /// Whether it stays at the preferred port.
    fixed: bool,
    connections: Vec<Connection>,
    /// Buffers of closed connections, kept so that no measurement pays for new pages.
    spare: Vec<Vec<u8>>,
    events: u64,
}

impl Api {
    /// A server at the preferred port, if it is free; it stays at that port.
    pub(crate) fn fixed() -> Result<Api, String> {
        let preferred = TcpListener::bind((Ipv4Addr::LOCALHOST, PREFERRED_PORT));
        Api::new(preferred.or_else(|_| any_port()), true)
    }

    /// A server that moves to another port for each program, so that the connections that one
    /// leaves behind in TIME_WAIT do not disturb the next one.
    pub(crate) fn moving() -> Result<Api, String> {
        Api::new(any_port(), false)
    }

    fn new(listener: io::Result<TcpListener>, fixed: bool) -> Result<Api, String> {
        let failed = |error: io::Error| format!("the Runtime API's socket: {error}");
        let listener = listener.map_err(failed)?;
        listener.set_nonblocking(true).map_err(failed)?;
        Ok(Api {
            listener,
            fixed,
            connections: Vec::new(),
            spare: Vec::new(),
            events: 0,
        })
    }

    /// The value of AWS_LAMBDA_RUNTIME_API.
    pub(crate) fn address(&self) -> Result<String, String> {
        let address = self
            .listener
            .local_addr()
            .map_err(|error| error.to_string())?;
        Ok(address.to_string())
    }

    /// Drops all connections, of a program that has ended.
    pub(crate) fn reset(&mut self) {
        while self.listener.accept().is_ok() {}
        let buffers = self.connections.drain(..).map(Connection::into_buffer);
        self.spare.extend(buffers);
        if !self.fixed
            && let Ok(listener) = any_port()
            && listener.set_nonblocking(true).is_ok()
        {
            self.listener = listener;
        }
    }

    /// The next complete request, or `None` when `until` has passed.
    pub(crate) fn receive(
        &mut self,
        until: Moment,
        ended: &mut dyn FnMut() -> Option<String>,
    ) -> Result<Option<Request>, String> {
        self.await_bytes(until, ended, Self::complete)
    }

    /// Waits until `find` finds something in what was read; `None` when `until` has passed.
    fn await_bytes<T>(
        &mut self,
        until: Moment,
        ended: &mut dyn FnMut() -> Option<String>,
        mut find: impl FnMut(&mut Self) -> Result<Option<T>, String>,
    ) -> Result<Option<T>, String> {
        loop {
            if let Some(found) = find(self)? {
                return Ok(Some(found));
            }
            let left = until.left();
            if !self
                .wait(left.min(CHECK_INTERVAL))
                .map_err(|error| error.to_string())?
            {
                if let Some(how) = ended() {
                    return Err(format!("the program ended: {how}"));
                }
                if left.is_zero() {
                    return Ok(None);
                }
            }
        }
    }

    /// Sends an event as the reply to `next`; gives the moment just before.
    pub(crate) fn send_event(&mut self, to: &Request, event: &[u8]) -> Result<Moment, String> {
        self.events += 1;
        let reply = request::event(self.events, event);
        let connection = self.connection(to)?;
        let sent = Moment::now();
        connection
            .write(&reply)
            .map_err(|error| format!("sending the event: {error}"))?;
        Ok(sent)
    }

    /// Accepts a response. A program that has closed its connection by now has answered too.
    pub(crate) fn accept_response(&mut self, to: &Request) {
        if let Ok(connection) = self.connection(to) {
            let _ = connection.write(request::ACCEPTED);
        }
    }

    /// Tells an extension that it is registered.
    pub(crate) fn accept_extension(&mut self, to: &Request) -> Result<(), String> {
        let written = self.connection(to)?.write(request::REGISTERED);
        written.map_err(|error| format!("answering the extension: {error}"))
    }

    /// Waits for these bytes in a request that need not be whole yet; gives the moment when they were
    /// there.
    pub(crate) fn receive_part(
        &mut self,
        part: &[u8],
        until: Moment,
        ended: &mut dyn FnMut() -> Option<String>,
    ) -> Result<Moment, String> {
        let found = self.await_bytes(until, ended, |api| {
            Ok(api.connections.iter().find_map(|one| one.holds(part)))
        })?;
        found.ok_or_else(|| "the first part of the stream did not come".to_owned())
    }

    /// The body of a request that was just received.
    pub(crate) fn body(&self, of: &Request) -> &[u8] {
        let connection = self.connections.iter().find(|c| c.number == of.connection);
        connection.map_or(&[], Connection::body)
    }

    fn connection(&mut self, of: &Request) -> Result<&mut Connection, String> {
        let found = self
            .connections
            .iter_mut()
            .find(|c| c.number == of.connection);
        found.ok_or_else(|| "the program closed its connection".to_owned())
    }

    fn complete(&mut self) -> Result<Option<Request>, String> {
        for connection in &mut self.connections {
            if let Some(request) = connection.take()? {
                return Ok(Some(request));
            }
        }
        Ok(None)
    }

    /// Waits for the sockets and reads the available bytes; false when there were none.
    fn wait(&mut self, at_most: Duration) -> io::Result<bool> {
        let mut polled = vec![PollFd::new(self.listener.as_fd(), PollFlags::POLLIN)];
        polled.extend(
            self.connections
                .iter()
                .map(|connection| PollFd::new(connection.as_fd(), PollFlags::POLLIN)),
        );
        let at_most = at_most.as_micros().div_ceil(1000);
        let timeout = PollTimeout::try_from(at_most).unwrap_or(PollTimeout::MAX);
        match poll(&mut polled, timeout) {
            Ok(0) | Err(Errno::EINTR) => return Ok(false),
            Ok(_) => {}
            Err(error) => return Err(error.into()),
        }
        let ready: Vec<bool> = polled
            .iter()
            .map(|polled| polled.any().unwrap_or(true))
            .collect();
        for (index, connection) in self.connections.iter_mut().enumerate() {
            if ready[index + 1] {
                connection.read()?;
            }
        }
        let (open, closed) = std::mem::take(&mut self.connections)
            .into_iter()
            .partition(|connection| !connection.is_closed());
        self.connections = open;
        let closed: Vec<Connection> = closed;
        self.spare
            .extend(closed.into_iter().map(Connection::into_buffer));
        if ready[0] {
            self.accept()?;
        }
        Ok(true)
    }

    fn accept(&mut self) -> io::Result<()> {
        loop {
            match self.listener.accept() {
                Ok((stream, _)) => {
                    let buffer = self.spare.pop().unwrap_or_else(|| vec![0; 64 << 10]);
                    let mut connection = Connection::new(stream, buffer)?;
                    connection.read()?;
                    self.connections.push(connection);
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(()),
                Err(error) => return Err(error),
            }
        }
    }
}

fn any_port() -> io::Result<TcpListener> {
    TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
}
