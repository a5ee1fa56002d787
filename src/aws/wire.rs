//! One connection: TCP, or TLS upon it, as a transport of ureq.

use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use rustls::ClientConnection;
use ureq::Timeout;
use ureq::unversioned::transport::{Buffers, LazyBuffers, NextTimeout, Transport};

use super::transport::{INPUT, OUTPUT};
use crate::sys;
use crate::sys::socket;

/// Size of the output buffer, in bytes.
const COLLECTED: usize = 64 * 1024;
/// Longest wait: Lambda's longest timeout of a function.
const LONGEST: Duration = Duration::from_secs(900);

/// A connection. Output is collected until the answer is awaited.
pub(super) struct Wire {
    stream: TcpStream,
    tls: Option<Box<ClientConnection>>,
    buffers: LazyBuffers,
    pending: Vec<u8>,
}

impl Wire {
    /// On a connected socket, with a TLS session that has yet to begin.
    pub(super) fn new(stream: TcpStream, tls: Option<ClientConnection>) -> Self {
        Self {
            stream,
            tls: tls.map(Box::new),
            buffers: LazyBuffers::new(INPUT, OUTPUT),
            pending: Vec::new(),
        }
    }

    /// Makes the TLS session, if there is to be one.
    pub(super) fn shake_hands(&mut self, until: Duration) -> io::Result<()> {
        let Some(tls) = &mut self.tls else {
            return Ok(());
        };
        let mut stream = Until(&self.stream, until);
        while tls.is_handshaking() {
            send(tls, &mut stream)?;
            receive(tls, &mut stream)?;
        }
        // A connection that is opened ahead ends its handshake before the request.
        send(tls, &mut stream)
    }

    /// Writes the collected output within the time limit.
    fn flush(&mut self, until: Duration) -> io::Result<()> {
        let mut stream = Until(&self.stream, until);
        match &mut self.tls {
            None => stream.write_all(&self.pending)?,
            Some(tls) => {
                let mut rest = &self.pending[..];
                while !rest.is_empty() || tls.wants_write() {
                    let taken = tls.writer().write(rest)?;
                    rest = &rest[taken..];
                    send(tls, &mut stream)?;
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
        let mut stream = Until(&self.stream, until);
        let Some(tls) = &mut self.tls else {
            return retried(|| stream.read(buffer));
        };
        loop {
            match tls.reader().read(buffer) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                done => return done,
            }
            receive(tls, &mut stream)?;
        }
    }

    /// Reads what has come on an idle connection; true when that was only session tickets.
    fn is_quiet(&mut self) -> bool {
        let idle = socket::is_idle(&self.stream);
        let Some(tls) = &mut self.tls else {
            return idle;
        };
        // There is something to read, so this does not wait.
        if !idle && !matches!(retried(|| tls.read_tls(&mut self.stream)), Ok(1..)) {
            return false;
        }
        // Bytes behind the last answer may have been decrypted together with it.
        tls.process_new_packets()
            .is_ok_and(|state| state.plaintext_bytes_to_read() == 0 && !state.peer_has_closed())
            && (idle || socket::is_idle(&self.stream))
    }
}

/// Writes the TLS records that are ready.
fn send(tls: &mut ClientConnection, stream: &mut Until<'_>) -> io::Result<()> {
    while tls.wants_write() {
        tls.write_tls(stream)?;
    }
    Ok(())
}

/// Reads once and processes the TLS records.
fn receive(tls: &mut ClientConnection, stream: &mut Until<'_>) -> io::Result<()> {
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

/// A socket whose reads and writes, all together, end at this time since boot.
struct Until<'a>(&'a TcpStream, Duration);

impl Until<'_> {
    fn left(&self) -> io::Result<Option<Duration>> {
        let left = self.1.saturating_sub(sys::since_boot());
        if left.is_zero() {
            return Err(io::ErrorKind::TimedOut.into());
        }
        Ok(Some(left))
    }
}

impl Read for Until<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.0.set_read_timeout(self.left()?)?;
        self.0.read(buffer)
    }
}

impl Write for Until<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.set_write_timeout(self.left()?)?;
        self.0.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
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

/// The time that ureq gives, and no more than an invocation can have: ureq may give one without an end.
pub(super) fn limit(timeout: NextTimeout) -> Duration {
    (*timeout.after).min(LONGEST)
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
            let until = sys::since_boot() + limit(timeout);
            self.flush(until)
                .map_err(|error| timed(error, timeout.reason))?;
        }
        Ok(())
    }

    fn await_input(&mut self, timeout: NextTimeout) -> Result<bool, ureq::Error> {
        let until = sys::since_boot() + limit(timeout);
        let got = self
            .flush(until)
            .and_then(|()| self.read(until))
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

impl std::fmt::Debug for Wire {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Wire").finish_non_exhaustive()
    }
}
