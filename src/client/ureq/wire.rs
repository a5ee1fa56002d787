//! The transport: one connection, one write for each request.

use std::io::{self, Read as _, Write as _};
use std::net::TcpStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use ureq::unversioned::transport::{
    Buffers, ConnectionDetails, Connector, LazyBuffers, NextTimeout, Transport,
};

use super::super::connection;
use crate::settings::Endpoint;
use crate::sys::socket;
use crate::waiting;

/// Size of the output buffer, in bytes, so that a request is sent with one write.
pub(super) const OUTPUT: usize = 4 * 1024;
pub(super) const INPUT: usize = 8 * 1024;

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
        connection::hurry(&stream);
        waiting::limit_writes(&stream);
        Ok(Some(Wire {
            stream,
            shared: Arc::clone(&self.0),
            buffers: LazyBuffers::new(INPUT, OUTPUT),
            input: INPUT,
            pending: Vec::new(),
            unsent: None,
        }))
    }
}

/// A connection whose output buffer is written when it is full or when the reply is awaited.
#[derive(Debug)]
pub(super) struct Wire {
    stream: TcpStream,
    shared: Arc<Shared>,
    buffers: LazyBuffers,
    input: usize,
    pending: Vec<u8>,
    /// Why the request could not be written. The reply may still have come: a server may answer
    /// and close before it has read all of a body it refuses.
    unsent: Option<io::Error>,
}

impl Transport for Wire {
    fn buffers(&mut self) -> &mut dyn Buffers {
        &mut self.buffers
    }

    fn transmit_output(&mut self, amount: usize, _: NextTimeout) -> Result<(), ureq::Error> {
        let output = &self.buffers.output()[..amount];
        self.pending.extend_from_slice(output);
        if self.pending.len() > 16 * OUTPUT {
            self.flush();
        }
        Ok(())
    }

    fn await_input(&mut self, _: NextTimeout) -> Result<bool, ureq::Error> {
        self.flush();
        if let Some(error) = self.unsent.take_if(|error| !connection::is_closed(error)) {
            return Err(error.into());
        }
        self.make_room();
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

    fn is_open(&mut self) -> bool {
        socket::is_idle(&self.stream)
    }
}

impl Wire {
    fn flush(&mut self) {
        if self.unsent.is_none() {
            self.unsent = self.stream.write_all(&self.pending).err();
        }
        self.pending.clear();
    }

    /// Doubles the input buffer when a head fills it: ureq parses a head as a whole.
    fn make_room(&mut self) {
        if !self.buffers.input_append_buf().is_empty() {
            return;
        }
        self.input *= 2;
        let mut larger = LazyBuffers::new(self.input, OUTPUT);
        let kept = self.buffers.input();
        larger.input_append_buf()[..kept.len()].copy_from_slice(kept);
        larger.input_appended(kept.len());
        self.buffers = larger;
    }
}
