//! What processes print: whole lines into the function's log, and the last ones of standard
//! error kept for the report of a failure.
//!
//! With `AWS_LAMBDA_LOG_FORMAT=JSON`, a line that is no JSON object becomes the message of one, with
//! the id of the event in hand, or of the last one.
//!
//! The two pipes are read all the time, also between events, so that a process never has to wait
//! for its log to be read: by whoever waits for something (`wait`), or with several pollers by a
//! thread for each log. The pipes stay the same for all processes, and so do their flags: what a
//! process has set is taken back before the next one gets them.

mod log_pipe;

use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use coldspark::{Context, Error, layer};

use crate::error;
use crate::process::wait;
use crate::sys::{self, pipe, thread};
use log_pipe::Printed;

/// The log that every wait looks after.
static ATTENDED: OnceLock<&'static Log> = OnceLock::new();

/// The log of the processes that a function is made of; lives as long as the program.
pub(crate) struct Log {
    /// Writing ends, for the processes.
    ends: [OwnedFd; 2],
    /// Reading ends; polled without the lock.
    pipes: [OwnedFd; 2],
    streams: Mutex<[Printed; 2]>,
    json: bool,
    /// Somebody reads the pipes.
    relay: AtomicBool,
}

impl Log {
    /// `alone` says whether it is the only one.
    pub(crate) fn open(alone: bool) -> Result<&'static Self, Error> {
        let open = || -> io::Result<Self> {
            let (output, output_end) = pipe::from_child()?;
            let (error, error_end) = pipe::from_child()?;
            let json = layer::json();
            Ok(Self {
                json,
                ends: [output_end, error_end],
                pipes: [output, error],
                streams: Mutex::new([1, 2].map(|target| Printed::new(target, json, !alone))),
                relay: AtomicBool::new(false),
            })
        };
        match open() {
            Ok(log) => Ok(Box::leak(Box::new(log))),
            Err(error) => Err(error::system("make the pipes of the log", &error)),
        }
    }

    /// The log that every wait looks after, if there is one.
    pub(crate) fn attended() -> Option<&'static Self> {
        ATTENDED.get().copied()
    }

    /// For when there is one poller: from now on every wait looks after this log.
    pub(crate) fn attend(&'static self) {
        if ATTENDED.set(self).is_ok() {
            self.relay.store(true, Ordering::Relaxed);
            wait::attend();
        }
    }

    /// What a process gets as its standard output; blocks, whatever the last one made of it.
    pub(crate) fn output(&self) -> BorrowedFd<'_> {
        pipe::let_block(&self.ends[0]);
        self.ends[0].as_fd()
    }

    /// What a process gets as its standard error; blocks, whatever the last one made of it.
    pub(crate) fn error(&self) -> BorrowedFd<'_> {
        pipe::let_block(&self.ends[1]);
        self.ends[1].as_fd()
    }

    /// For a process that stays: takes back what its last event's programs made of its standard
    /// output and error.
    pub(crate) fn let_block(&self) {
        self.ends.iter().for_each(pipe::let_block);
    }

    /// Starts the thread that reads the pipes, once, unless the waits look after them.
    pub(crate) fn relay(&'static self) -> Result<(), Error> {
        if self.relay.swap(true, Ordering::Relaxed) {
            return Ok(());
        }
        thread::spawn(Self::carry, self)
            .map_err(|error| error::system("start the thread that carries the log", &error))
    }

    fn carry(&self) {
        // The writing ends are held here too, so the pipes never come to an end.
        while self.has_more(None) {
            self.take();
        }
    }

    /// What can be read when something was printed.
    pub(crate) fn pipes(&self) -> [BorrowedFd<'_>; 2] {
        [self.pipes[0].as_fd(), self.pipes[1].as_fd()]
    }

    /// Reads what was printed, and writes its whole lines.
    pub(crate) fn take(&self) {
        self.pass_on(&mut self.lock());
    }

    /// Waits until there is something to read, at most this long.
    fn has_more(&self, limit: Option<Duration>) -> bool {
        sys::poll(self.pipes().map(Some), limit)
            .is_ok_and(|ready| limit.is_none() || ready.contains(&true))
    }

    fn lock(&self) -> MutexGuard<'_, [Printed; 2]> {
        self.streams.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn pass_on(&self, streams: &mut [Printed; 2]) {
        for (pipe, stream) in self.pipes.iter().zip(streams) {
            stream.pass_on(pipe);
        }
    }

    /// Writes what processes have printed so far, so that it stands before what comes next, and
    /// under the id of the event that ends here. A line without an end gets one.
    pub(crate) fn catch_up(&self) {
        // With the lock: what the thread has read and not yet written counts as well.
        let mut streams = self.lock();
        if self.has_more(Some(Duration::ZERO)) {
            self.pass_on(&mut streams);
        }
        streams.iter_mut().for_each(Printed::close);
    }

    /// The same when all of it was read already.
    pub(crate) fn end_lines(&self) {
        self.lock().iter_mut().for_each(Printed::close);
    }

    /// Forgets what standard error has had so far: what comes now belongs to this event.
    pub(crate) fn begin<S>(&self, context: &Context<'_, S>) {
        if self.json {
            // What was printed until now is the last event's.
            self.catch_up();
        }
        let mut streams = self.lock();
        streams[1].forget();
        for stream in streams.iter_mut() {
            stream.close();
            stream.belongs_to(context);
        }
    }

    /// For a hook, which belongs to no event.
    pub(crate) fn begin_hook(&self) {
        self.lock()[1].forget();
    }

    /// For when a process has ended: writes everything, also a last line without its end, and
    /// gives the last lines of standard error.
    pub(crate) fn end(&self) -> String {
        let mut streams = self.lock();
        self.pass_on(&mut streams);
        streams.iter_mut().for_each(Printed::close);
        streams[1].last_lines()
    }
}
