//! The transport: one connection, one write for each request.

use std::io::{self, Read as _, Write as _};
use std::mem;
use std::net::TcpStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use ureq::unversioned::transport::{Buffers, ConnectionDetails, Connector, NextTimeout, Transport};

use super::super::connection;
use super::buffers::Pending;
use crate::settings::Endpoint;
use crate::sys::socket;
use crate::waiting;

/// State that client and transport share.
#[derive(Debug)]
pub(super) struct Shared {
    pub(super) endpoint: &'static Endpoint,
    /// A byte of the reply has come.
    pub(super) began: AtomicBool,
}

/// Marks an error of connecting, so that it can be told from one of a connection.
#[derive(Debug)]
pub(super) struct ConnectFailed(pub(super) io::Error);

impl std::fmt::Display for ConnectFailed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

impl std::error::Error for ConnectFailed {}

/// Opens our transport, to the client's address, whatever ureq resolved.
#[derive(Debug)]
pub(super) struct Connect(pub(super) Arc<Shared>);

impl Connector for Connect {
    type Out = Wire;

    fn connect(
        &self,
        _: &ConnectionDetails<'_>,
        _: Option<()>,
    ) -> Result<Option<Self::Out>, ureq::Error> {
        let stream = connection::connect(self.0.endpoint)
            .map_err(|error| ureq::Error::Io(io::Error::other(ConnectFailed(error))))?;
        connection::set_nodelay(&stream);
        waiting::limit_writes(&stream);
        Ok(Some(Wire {
            stream,
            shared: Arc::clone(&self.0),
            buffers: Pending::default(),
            unsent: None,
            in_use: false,
        }))
    }
}

/// A connection whose output is written when there is much of it or when the reply is awaited.
#[derive(Debug)]
pub(super) struct Wire {
    stream: TcpStream,
    shared: Arc<Shared>,
    buffers: Pending,
    /// Why the request could not be written. The reply may still have come: a server may answer
    /// and close before it has read all of a body it refuses.
    unsent: Option<io::Error>,
    /// A request was begun, and ureq has not asked yet whether the connection may be kept.
    in_use: bool,
}

impl Transport for Wire {
    fn buffers(&mut self) -> &mut dyn Buffers {
        &mut self.buffers
    }

    fn transmit_output(&mut self, amount: usize, _: NextTimeout) -> Result<(), ureq::Error> {
        self.in_use = true;
        if self.buffers.add(amount) {
            self.flush();
        }
        Ok(())
    }

    fn await_input(&mut self, _: NextTimeout) -> Result<bool, ureq::Error> {
        self.flush();
        if let Some(error) = self.unsent.take_if(|error| !connection::is_closed(error)) {
            return Err(error.into());
        }
        let buffer = self.buffers.input_append_buf();
        waiting::prepare(&self.stream, false, None);
        let got = loop {
            match self.stream.read(buffer) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                result => break result,
            }
        };
        match (got, self.unsent.take()) {
            (Ok(got), _) if got > 0 => {
                self.shared.began.store(true, Ordering::Relaxed);
                self.buffers.input_appended(got);
                Ok(true)
            }
            (_, Some(error)) | (Err(error), None) => Err(error.into()),
            (Ok(_), None) => Ok(false),
        }
    }

    /// ureq asks twice: when a reply has come whole, and before the next request. The second look sees
    /// whatever the first would.
    fn is_open(&mut self) -> bool {
        mem::take(&mut self.in_use) || socket::is_idle(&self.stream)
    }
}

impl Wire {
    fn flush(&mut self) {
        if self.unsent.is_none() {
            self.unsent = self.stream.write_all(self.buffers.pending()).err();
        }
        self.buffers.sent();
    }
}
