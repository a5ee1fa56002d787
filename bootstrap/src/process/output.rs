//! A process's output, as it comes through a pipe.

use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use crate::sys::pipe::ReadBudget;

/// The first capacity for a response: a block of the start-up arena. Most responses need no more.
const RESPONSE_CAPACITY: usize = 16 * 1024;
/// The first capacity for lines of the protocol: less than a page, so that no new page is touched.
const LINES_CAPACITY: usize = 1024;

/// The reading end of a pipe from a child, and what has come through it.
pub(crate) struct OutputPipe {
    pipe: Option<OwnedFd>,
    /// What has come, up to the limit.
    pub(crate) bytes: Vec<u8>,
    limit: usize,
    /// How many bytes came beyond the limit.
    pub(crate) over_limit: usize,
}

impl OutputPipe {
    pub(crate) fn new(pipe: OwnedFd, limit: usize) -> Self {
        Self::with_capacity(pipe, limit, RESPONSE_CAPACITY)
    }

    /// A pipe of lines. It has no limit, since each line is used before more is read.
    pub(crate) fn for_lines(pipe: OwnedFd) -> Self {
        Self::with_capacity(pipe, usize::MAX, LINES_CAPACITY)
    }

    fn with_capacity(pipe: OwnedFd, limit: usize, capacity: usize) -> Self {
        Self {
            pipe: Some(pipe),
            bytes: Vec::with_capacity(capacity),
            limit,
            over_limit: 0,
        }
    }

    /// The pipe, until its end was read.
    pub(crate) fn fd(&self) -> Option<BorrowedFd<'_>> {
        self.pipe.as_ref().map(AsFd::as_fd)
    }

    /// Reads what is there, without waiting.
    pub(crate) fn read(&mut self) -> io::Result<()> {
        let mut budget = ReadBudget::new();
        while let Some(pipe) = &self.pipe {
            if self.bytes.len() == self.bytes.capacity() {
                self.bytes.reserve(self.bytes.len().max(RESPONSE_CAPACITY));
            }
            match budget.read(pipe.as_fd(), &mut self.bytes).transpose()? {
                None => break,
                Some(0) => self.pipe = None,
                Some(_) => {
                    self.over_limit += self.bytes.len().saturating_sub(self.limit);
                    self.bytes.truncate(self.limit);
                }
            }
        }
        Ok(())
    }
}
