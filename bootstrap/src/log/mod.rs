//! What processes print. Its lines go into the function's log; the beginning and the end of standard error
//! are also kept for the report of a failure.
//!
//! With `AWS_LAMBDA_LOG_FORMAT=JSON`, a line that is no JSON object becomes the message of one, with
//! the id of the event in hand, or of the last one.
//!
//! The two pipes are read all the time, also between events, so that no process waits for its log to be
//! read: the waits of `process::wait` read them, or with several pollers a thread for each log. All
//! processes share these pipes and their flags. An earlier process may have made a pipe non-blocking, so it
//! is made blocking again before a process gets it.

mod log_pipe;

use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use coldspark::{Context, Error, internal};

use crate::error;
use crate::sys::{self, pipe};
use log_pipe::LogPipe;

/// The log of the function's processes. It lives as long as the program.
pub(crate) struct Log {
    /// For the processes.
    write_ends: [OwnedFd; 2],
    /// Polled without the lock.
    read_ends: [OwnedFd; 2],
    streams: Mutex<[LogPipe; 2]>,
    json: bool,
    /// Whether a thread of this log reads the pipes, or something else does.
    has_reader: AtomicBool,
}

impl Log {
    /// Opens a log; `is_only` says whether there is no other one.
    pub(crate) fn open(is_only: bool) -> Result<&'static Self, Error> {
        let open = || -> io::Result<Self> {
            let (output, output_end) = pipe::of_log()?;
            let (error, error_end) = pipe::of_log()?;
            let json = internal::log_is_json();
            Ok(Self {
                json,
                write_ends: [output_end, error_end],
                read_ends: [output, error],
                streams: Mutex::new([1, 2].map(|target| LogPipe::new(target, json, !is_only))),
                has_reader: AtomicBool::new(false),
            })
        };
        match open() {
            Ok(log) => Ok(Box::leak(Box::new(log))),
            Err(error) => Err(error::system("make the pipes of the log", &error)),
        }
    }

    /// Notes that something other than a thread of this log reads the pipes from now on.
    pub(crate) fn set_has_reader(&self) {
        self.has_reader.store(true, Ordering::Relaxed);
    }

    /// What a process gets as its standard output. It blocks, whatever an earlier process has set.
    pub(crate) fn output(&self) -> BorrowedFd<'_> {
        pipe::set_blocking(&self.write_ends[0]);
        self.write_ends[0].as_fd()
    }

    /// What a process gets as its standard error. It blocks, whatever an earlier process has set.
    pub(crate) fn error(&self) -> BorrowedFd<'_> {
        pipe::set_blocking(&self.write_ends[1]);
        self.write_ends[1].as_fd()
    }

    /// Makes both ends block again. This is called before each event of a shell, since programs that an
    /// earlier event has started may have changed the flags.
    pub(crate) fn set_blocking(&self) {
        self.write_ends.iter().for_each(pipe::set_blocking);
    }

    /// Starts a thread that reads the pipes, unless there is one, or something else reads them.
    pub(crate) fn ensure_reader(&'static self) -> Result<(), Error> {
        if self.has_reader.swap(true, Ordering::Relaxed) {
            return Ok(());
        }
        internal::spawn_thread(|| self.keep_reading()).map_err(|error| {
            // The next event tries again.
            self.has_reader.store(false, Ordering::Relaxed);
            error::system("start the thread that carries the log", &error)
        })
    }

    fn keep_reading(&self) {
        // The writing ends are held here too, so the pipes never come to an end.
        while self.await_readable(None) {
            self.read();
        }
    }

    /// The reading ends, which become readable when something was printed.
    pub(crate) fn pipes(&self) -> [BorrowedFd<'_>; 2] {
        [self.read_ends[0].as_fd(), self.read_ends[1].as_fd()]
    }

    /// Reads what was printed, and writes its whole lines.
    pub(crate) fn read(&self) {
        self.read_into(&mut self.lock());
    }

    /// Waits until there is something to read, at most this long.
    fn await_readable(&self, limit: Option<Duration>) -> bool {
        sys::poll(self.pipes().map(Some), limit)
            .is_ok_and(|ready| limit.is_none() || ready.contains(&true))
    }

    fn lock(&self) -> MutexGuard<'_, [LogPipe; 2]> {
        self.streams.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn read_into(&self, streams: &mut [LogPipe; 2]) {
        for (pipe, stream) in self.read_ends.iter().zip(streams) {
            stream.read(pipe);
        }
    }

    /// Writes what processes have printed so far, so that it comes before the next lines of the log, and has
    /// the id of the event that ends here. A line without an end gets one.
    pub(crate) fn flush(&self) {
        // The lock comes first, so that what the thread has read and not yet written counts as well.
        let mut streams = self.lock();
        if self.await_readable(Some(Duration::ZERO)) {
            self.read_into(&mut streams);
        }
        streams.iter_mut().for_each(LogPipe::end_line);
    }

    /// Ends lines that have no end yet. It is called when everything that was printed has been read already.
    pub(crate) fn end_lines(&self) {
        self.lock().iter_mut().for_each(LogPipe::end_line);
    }

    /// Notes that what is printed from now on belongs to this event.
    pub(crate) fn begin_event<S>(&self, context: &Context<'_, S>) {
        if self.json {
            // What was printed until now belongs to the last event.
            self.flush();
        }
        let mut streams = self.lock();
        streams[1].forget_stderr();
        for stream in streams.iter_mut() {
            stream.end_line();
            stream.set_event(context);
        }
    }

    /// Called before a hook, which belongs to no event.
    pub(crate) fn begin_hook(&self) {
        self.lock()[1].forget_stderr();
    }

    /// Called when a process has ended. Writes everything that it has printed, also a last line without an
    /// end, and returns what a report shows of its standard error.
    pub(crate) fn end_process(&self) -> String {
        let mut streams = self.lock();
        self.read_into(&mut streams);
        streams.iter_mut().for_each(LogPipe::end_line);
        streams[1].stderr()
    }
}
