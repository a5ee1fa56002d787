//! The function's stdout and stderr, through one pipe, line by line.

use std::os::fd::OwnedFd;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use rustix::event::{PollFd, PollFlags, poll};
use rustix::fs::{OFlags, fcntl_setfl};
use rustix::io::Errno;
use rustix::pipe::{PipeFlags, pipe_with};

/// Gets one line of log at a time, without its end of line.
pub type LogSink = Arc<dyn Fn(&[u8]) + Send + Sync>;

/// The reading end, and the start of a line whose end has not come yet.
pub(super) struct Logs {
    pipe: OwnedFd,
    partial: Mutex<Vec<u8>>,
    sink: LogSink,
}

impl Logs {
    /// Makes the pipe; its writing end is for the process. A thread forwards what comes.
    pub(super) fn pipe(sink: LogSink) -> rustix::io::Result<(Arc<Logs>, OwnedFd)> {
        let (pipe, writer) = pipe_with(PipeFlags::CLOEXEC)?;
        // Only the reading end; the function's writes block as they do on Lambda.
        fcntl_setfl(&pipe, OFlags::NONBLOCK)?;
        let logs = Arc::new(Logs {
            pipe,
            partial: Mutex::default(),
            sink,
        });
        let reader = Arc::clone(&logs);
        thread::spawn(move || while reader.wait() && reader.drain() {});
        Ok((logs, writer))
    }

    fn wait(&self) -> bool {
        let mut polled = [PollFd::new(&self.pipe, PollFlags::IN)];
        matches!(poll(&mut polled, None), Ok(_) | Err(Errno::INTR))
    }

    /// Forwards what has been written so far; whether there may be more to come.
    pub(super) fn drain(&self) -> bool {
        let mut partial = self.partial.lock().unwrap_or_else(PoisonError::into_inner);
        let mut buffer = [0; 64 << 10];
        // A pipe holds at most 1 MiB, so what was there before this call is read by then.
        for _ in 0..16 {
            let count = match rustix::io::read(&self.pipe, &mut buffer) {
                Ok(0) => return false,
                Ok(count) => count,
                Err(Errno::INTR) => continue,
                Err(error) => return error == Errno::AGAIN,
            };
            let mut rest = &buffer[..count];
            while let Some(end) = rest.iter().position(|&byte| byte == b'\n') {
                partial.extend_from_slice(&rest[..end]);
                (self.sink)(&partial);
                partial.clear();
                rest = &rest[end + 1..];
            }
            partial.extend_from_slice(rest);
        }
        true
    }

    /// Forwards everything, also a line without an end.
    pub(super) fn finish(&self) {
        self.drain();
        let mut partial = self.partial.lock().unwrap_or_else(PoisonError::into_inner);
        if !partial.is_empty() {
            (self.sink)(&partial);
            partial.clear();
        }
    }
}
