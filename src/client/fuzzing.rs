//! Entry points of the fuzz targets: parsing of replies.
#![allow(missing_docs, reason = "the names say it, and no other build has them")]

use std::cell::Cell;
use std::io;

use super::chunked::Chunked;
use super::head::{self, Framing};
use super::receive::{Source, receive};
use super::{ClientError, Reply};

/// A parsed head.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Head {
    pub status: u16,
    pub length: usize,
    /// Length of the body, if it was announced.
    pub announced: Option<usize>,
    pub chunked: bool,
    pub keep_alive: bool,
}

/// A parser of heads that keeps its memory.
#[derive(Default)]
pub struct Heads(Vec<super::reply::Field>);

impl Heads {
    /// Parses the head at the start of `bytes`; None while it is not complete.
    pub fn parse(&mut self, bytes: &[u8]) -> Result<Option<Head>, &'static str> {
        let head = head::parse(bytes, &mut self.0)?;
        Ok(head.map(|head| Head {
            status: head.status,
            length: head.length,
            announced: match head.framing {
                Framing::Length(length) => Some(length),
                Framing::Chunked | Framing::UntilClose => None,
            },
            chunked: head.framing == Framing::Chunked,
            keep_alive: head.keep_alive,
        }))
    }

    /// The headers of the last head that was parsed.
    pub fn fields<'a>(&'a self, bytes: &'a [u8]) -> impl Iterator<Item = (&'a [u8], &'a [u8])> {
        let fields = self.0.iter();
        fields.map(|field| (&bytes[field.name.clone()], &bytes[field.value.clone()]))
    }
}

/// A decoder of the chunked coding.
#[derive(Default)]
pub struct Decoder(Chunked);

impl Decoder {
    pub fn decode(&mut self, input: &[u8], body: &mut Vec<u8>) -> Result<usize, &'static str> {
        self.0.decode(input, body)
    }

    #[must_use]
    pub fn is_done(&self) -> bool {
        self.0.is_done()
    }
}

/// A received reply: status, fields, body, and whether the connection can be kept; or the error and the
/// part of the body that came.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Received {
    pub status: u16,
    pub fields: Vec<(Vec<u8>, Vec<u8>)>,
    pub body: Vec<u8>,
    pub keep_alive: bool,
    pub error: Option<String>,
}

/// Bytes that come in pieces of these sizes, by turns, and then end.
struct Pieces<'a> {
    left: Cell<&'a [u8]>,
    sizes: [usize; 2],
    turn: Cell<usize>,
}

impl Source for Pieces<'_> {
    fn receive(&self, buffer: &mut Vec<u8>) -> io::Result<usize> {
        let left = self.left.get();
        let size = self.sizes[self.turn.get() % 2].clamp(1, left.len().max(1));
        self.turn.set(self.turn.get() + 1);
        let (piece, left) = left.split_at(size.min(left.len()));
        buffer.extend_from_slice(piece);
        self.left.set(left);
        Ok(piece.len())
    }
}

/// Receives a reply from bytes that come in pieces of these sizes, by turns, and then end. It also returns
/// how many bytes were left.
pub fn received(bytes: &[u8], sizes: [usize; 2]) -> (Received, usize) {
    let source = Pieces {
        left: Cell::new(bytes),
        sizes,
        turn: Cell::new(0),
    };
    let mut reply = Reply::event();
    reply.clear();
    let result = receive(&source, &mut reply);
    let of_head = match &result {
        Ok(_) | Err(ClientError::Body(_)) => reply.fields.as_slice(),
        Err(_) => &[],
    };
    let part = |range: &std::ops::Range<usize>| reply.bytes[range.clone()].to_vec();
    let fields = of_head.iter();
    let received = Received {
        status: reply.status,
        fields: fields
            .map(|field| (part(&field.name), part(&field.value)))
            .collect(),
        body: reply.body().to_vec(),
        keep_alive: matches!(result, Ok(true)),
        error: result.err().map(|error| error.to_string()),
    };
    (received, source.left.get().len())
}

/// The address of a name in the text of /etc/hosts.
pub fn host(hosts: &str, name: &str) -> Option<std::net::IpAddr> {
    super::connection::find(hosts, name).next()
}
