//! What processes print: whole lines into the function's log, and the last ones of standard
//! error kept for the report of a failure.
//!
//! A thread reads the two pipes all the time, also between events, so that a process never has
//! to wait for its log to be read. The pipes stay the same for all processes.

use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use coldspark::Error;

use crate::kind;
use crate::sys::{self, pipe, thread};

/// How much is read before others may have a turn.
const TURN: usize = 1024 * 1024;
const PIECE: usize = 16 * 1024;
/// A longer line is written in parts.
const LONGEST: usize = 64 * 1024;
/// How much of the end of standard error a failure's report has.
const TAIL: usize = 2048;
const TAIL_LINES: usize = 10;

/// The log of the processes that a function is made of; lives as long as the program.
pub(crate) struct Log {
    /// Writing ends, for the processes.
    ends: [OwnedFd; 2],
    /// Reading ends; polled without the lock.
    pipes: [OwnedFd; 2],
    streams: Mutex<[Stream; 2]>,
    relay: AtomicBool,
}

/// What has come through one of the pipes and is not written yet.
struct Stream {
    /// Where it goes: this process's standard output or error.
    target: i32,
    pending: Vec<u8>,
    tail: Vec<u8>,
}

impl Log {
    pub(crate) fn open() -> Result<&'static Self, Error> {
        let open = || -> io::Result<Self> {
            let (output, output_end) = pipe::from_child()?;
            let (error, error_end) = pipe::from_child()?;
            Ok(Self {
                ends: [output_end, error_end],
                pipes: [output, error],
                streams: Mutex::new([1, 2].map(|target| Stream {
                    target,
                    pending: Vec::new(),
                    tail: Vec::new(),
                })),
                relay: AtomicBool::new(false),
            })
        };
        match open() {
            Ok(log) => Ok(Box::leak(Box::new(log))),
            Err(error) => Err(kind::system("make the pipes of the log", &error)),
        }
    }

    /// What a process gets as its standard output.
    pub(crate) fn output(&self) -> BorrowedFd<'_> {
        self.ends[0].as_fd()
    }

    /// What a process gets as its standard error.
    pub(crate) fn error(&self) -> BorrowedFd<'_> {
        self.ends[1].as_fd()
    }

    /// Starts the thread that reads the pipes, once.
    pub(crate) fn relay(&'static self) -> Result<(), Error> {
        if self.relay.swap(true, Ordering::Relaxed) {
            return Ok(());
        }
        thread::spawn(Self::carry, self)
            .map_err(|error| kind::system("start the thread that carries the log", &error))
    }

    fn carry(&self) {
        // The writing ends are held here too, so the pipes never come to an end.
        while self.has_more(None) {
            self.pass_on(&mut self.lock());
        }
    }

    /// Waits until there is something to read, at most this long.
    fn has_more(&self, limit: Option<Duration>) -> bool {
        let pipes = [Some(self.pipes[0].as_fd()), Some(self.pipes[1].as_fd())];
        sys::poll(pipes, limit).is_ok_and(|ready| limit.is_none() || ready.contains(&true))
    }

    fn lock(&self) -> MutexGuard<'_, [Stream; 2]> {
        self.streams.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn pass_on(&self, streams: &mut [Stream; 2]) {
        for (pipe, stream) in self.pipes.iter().zip(streams) {
            stream.pass_on(pipe);
        }
    }

    /// Writes the whole lines that processes have printed so far, so that they stand before what
    /// comes next.
    pub(crate) fn catch_up(&self) {
        // With the lock: what the thread has read and not yet written counts as well.
        let mut streams = self.lock();
        if self.has_more(Some(Duration::ZERO)) {
            self.pass_on(&mut streams);
        }
    }

    /// Forgets what standard error has had so far.
    pub(crate) fn begin(&self) {
        self.lock()[1].tail.clear();
    }

    /// For when a process has ended: writes everything, also a last line without its end, and
    /// gives the last lines of standard error.
    pub(crate) fn end(&self) -> String {
        let mut streams = self.lock();
        self.pass_on(&mut streams);
        for stream in streams.iter_mut() {
            stream.close();
        }
        streams[1].last_lines()
    }
}

impl Stream {
    fn pass_on(&mut self, pipe: &OwnedFd) {
        let mut taken = 0;
        while taken < TURN {
            self.pending.reserve(PIECE);
            let start = self.pending.len();
            let spare = self.pending.capacity() - start;
            // WouldBlock is the usual end; after any other error there is nothing to be had.
            let Ok(got) = pipe::read(pipe, &mut self.pending) else {
                return;
            };
            taken += got;
            self.remember(start);
            self.write_lines(start);
            if got < spare {
                return;
            }
        }
    }

    fn remember(&mut self, start: usize) {
        if self.target == 2 {
            let new = &self.pending[start..];
            self.tail
                .extend_from_slice(&new[new.len().saturating_sub(TAIL)..]);
            let over = self.tail.len().saturating_sub(TAIL);
            self.tail.drain(..over);
        }
    }

    /// Writes all whole lines with one call; `start` is where the last look ended.
    fn write_lines(&mut self, start: usize) {
        let end = self.pending[start..]
            .iter()
            .rposition(|byte| *byte == b'\n');
        let whole = match end {
            Some(end) => start + end + 1,
            None if self.pending.len() >= LONGEST => self.pending.len(),
            None => return,
        };
        sys::write_log(self.target, &self.pending[..whole]);
        self.pending.drain(..whole);
    }

    fn close(&mut self) {
        if !self.pending.is_empty() {
            self.pending.push(b'\n');
            sys::write_log(self.target, &self.pending);
            self.pending.clear();
        }
    }

    fn last_lines(&self) -> String {
        let text = self.tail.trim_ascii_end();
        let mut breaks = (0..text.len()).rev().filter(|at| text[*at] == b'\n');
        let start = breaks.nth(TAIL_LINES - 1).map_or(0, |at| at + 1);
        String::from_utf8_lossy(&text[start..]).into_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stream(text: &str) -> Stream {
        let mut stream = Stream {
            target: 2,
            pending: text.as_bytes().to_vec(),
            tail: Vec::new(),
        };
        stream.remember(0);
        stream
    }

    #[test]
    fn the_tail_is_the_last_ten_lines() {
        assert_eq!(stream("").last_lines(), "");
        assert_eq!(stream("one\ntwo\n\n").last_lines(), "one\ntwo");
        let many: String = (0..30).map(|n| format!("line {n}\n")).collect();
        let tail = stream(&many).last_lines();
        assert!(
            tail.starts_with("line 20\n") && tail.ends_with("line 29"),
            "{tail}"
        );
    }

    #[test]
    fn the_tail_of_one_long_line_is_its_end() {
        let tail = stream(&"x".repeat(5 * TAIL)).last_lines();
        assert_eq!(tail.len(), TAIL);
    }
}
