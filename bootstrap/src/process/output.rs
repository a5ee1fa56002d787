//! A process's output, as it comes through a pipe.

use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use crate::sys::pipe::Turn;

/// How many bytes the first memory holds: a block of the start-up arena. Most responses need no other.
const FIRST: usize = 16 * 1024;
/// The first memory for lines of the protocol: less than a page, so that no new page is touched.
const LINES: usize = 1024;

/// The reading end of a pipe from a child, and what has come through it.
pub(crate) struct OutputPipe {
    pipe: Option<OwnedFd>,
    /// What has come, up to the limit.
    pub(crate) bytes: Vec<u8>,
    limit: usize,
    /// How much came beyond the limit.
    pub(crate) beyond: usize,
}

impl OutputPipe {
    pub(crate) fn new(pipe: OwnedFd, limit: usize) -> Self {
        Self::with_memory(pipe, limit, FIRST)
    }

    /// A pipe of lines. It has no limit, since each line is used before more is read.
    pub(crate) fn for_lines(pipe: OwnedFd) -> Self {
        Self::with_memory(pipe, usize::MAX, LINES)
    }

    fn with_memory(pipe: OwnedFd, limit: usize, first: usize) -> Self {
        Self {
            pipe: Some(pipe),
            bytes: Vec::with_capacity(first),
            limit,
            beyond: 0,
        }
    }

    /// The pipe, until its end was read.
    pub(crate) fn open(&self) -> Option<BorrowedFd<'_>> {
        self.pipe.as_ref().map(AsFd::as_fd)
    }

    /// Reads what is there, without waiting.
    pub(crate) fn read(&mut self) -> io::Result<()> {
        let mut turn = Turn::new();
        while let Some(pipe) = &self.pipe {
            if self.bytes.len() == self.bytes.capacity() {
                self.bytes.reserve(self.bytes.len().max(FIRST));
            }
            match turn.read(pipe.as_fd(), &mut self.bytes).transpose()? {
                None => break,
                Some(0) => self.pipe = None,
                Some(_) => {
                    self.beyond += self.bytes.len().saturating_sub(self.limit);
                    self.bytes.truncate(self.limit);
                }
            }
        }
        Ok(())
    }
}
