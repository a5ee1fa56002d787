//! What came through a pipe.

use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use crate::sys::pipe;

/// How much one call reads at most, so that a writer that never stops cannot keep the reader.
const TURN: usize = 1024 * 1024;
/// What fits into the first memory, which is a block of the start-up arena, needs no other.
const FIRST: usize = 16 * 1024;
/// The same for lines of the protocol: less than a page, of which none is touched for them.
const LINES: usize = 1024;

/// The reading end of a pipe from a child, and what has come through it.
pub(crate) struct Intake {
    pipe: Option<OwnedFd>,
    /// What has come, up to the limit.
    pub(crate) bytes: Vec<u8>,
    limit: usize,
    /// How much came beyond the limit.
    pub(crate) beyond: usize,
}

impl Intake {
    pub(crate) fn new(pipe: OwnedFd, limit: usize) -> Self {
        Self::with_memory(pipe, limit, FIRST)
    }

    /// For lines of which each is used before more is read, so that they need no limit.
    pub(crate) fn of_lines(pipe: OwnedFd) -> Self {
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
    pub(crate) fn take(&mut self) -> io::Result<()> {
        let mut taken = 0;
        while let Some(pipe) = self.pipe.as_ref().filter(|_| taken < TURN) {
            if self.bytes.len() == self.bytes.capacity() {
                self.bytes.reserve(self.bytes.len().max(FIRST));
            }
            let spare = self.bytes.capacity() - self.bytes.len();
            match pipe::read(pipe.as_fd(), &mut self.bytes) {
                Ok(0) => self.pipe = None,
                Ok(got) => {
                    taken += got;
                    let over = self.bytes.len().saturating_sub(self.limit);
                    self.beyond += over;
                    self.bytes.truncate(self.limit);
                    if got < spare {
                        // The pipe is empty, or gives more at the next wait.
                        return Ok(());
                    }
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(()),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }
}
