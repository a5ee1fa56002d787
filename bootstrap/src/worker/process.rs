//! One worker process, from its start to its end: the bootstrap's side of the worker protocol.

use std::fs::File;
use std::io::{self, Write};
use std::os::fd::AsFd;
use std::process::ExitStatus;
use std::time::Duration;

use coldspark::Error;
use coldspark::internal::{polled_shutdown, since_boot};

use super::program::Program;
use super::protocol;
use crate::error;
use crate::error::failure::{Failure, failed_to, violation};
use crate::log::Log;
use crate::process::output::OutputPipe;
use crate::process::wait::{self, Woken, wait};
use crate::sys::child::Child;
use crate::sys::pipe;
use crate::sys::scratch_file::ScratchFile;
use crate::sys::spawn::Command;

/// The largest message of an error that is reported.
const MAX_MESSAGE: usize = 64 * 1024;
/// How long a worker that has closed its pipe may take to end.
const END_LIMIT: Duration = Duration::from_millis(500);

/// A running worker.
pub(crate) struct Worker {
    child: Child,
    /// Where it reads its lines.
    to_worker: File,
    /// Its lines.
    from_worker: OutputPipe,
    pub(super) event: ScratchFile,
    pub(super) response: ScratchFile,
    pub(super) context: ScratchFile,
    /// Whether it is ready.
    pub(crate) ready: bool,
    /// Whether the log up to its last line was already read, by the wait that found the line.
    pub(crate) log_is_read: bool,
    /// What it has asked for.
    pub(super) requests: protocol::Requests,
}

impl Worker {
    /// Starts a worker, and does not wait for it.
    pub(crate) fn start(program: &Program, log: &Log) -> Result<Self, Error> {
        let failed =
            |error: io::Error| error::system("make the pipes and files of a worker", &error);
        let (its_input, to_worker) = pipe::to_child().map_err(failed)?;
        let (from_worker, its_output) = pipe::from_child().map_err(failed)?;
        let event = ScratchFile::new(c"coldspark-event").map_err(failed)?;
        let response = ScratchFile::new(c"coldspark-response").and_then(ScratchFile::appending);
        let response = response.map_err(failed)?;
        let context = ScratchFile::new(c"coldspark-context").map_err(failed)?;
        let command = Command {
            program: &program.arguments[0],
            arguments: &program.arguments,
            environment: &program.environment,
            descriptors: &[
                (log.output(), 1),
                (log.error(), 2),
                (its_input.as_fd(), program.first_descriptor),
                (its_output.as_fd(), program.first_descriptor + 1),
                (event.as_fd(), program.first_descriptor + 2),
                (response.as_fd(), program.first_descriptor + 3),
                (context.as_fd(), program.first_descriptor + 4),
            ],
        };
        let child = command
            .spawn()
            .map_err(|error| program.start_error(&error))?;
        Ok(Self {
            child,
            to_worker: File::from(to_worker),
            from_worker: OutputPipe::for_lines(from_worker),
            event,
            response,
            context,
            ready: false,
            log_is_read: false,
            requests: protocol::Requests::default(),
        })
    }

    /// Waits until it says that it is ready, or reports an error.
    pub(crate) fn await_ready(&mut self, until: Option<Duration>) -> Result<(), Failure> {
        let line = self.next_line(until, None)?;
        match protocol::Line::parse(&line) {
            Some(protocol::Line::Ready { requests }) => {
                self.check_no_more_lines()?;
                self.ready = true;
                self.requests = requests;
                if requests.shutdown {
                    // This has no effect after the init phase.
                    polled_shutdown::register_extension(true);
                }
                Ok(())
            }
            Some(protocol::Line::InitError { error_type }) => Err(self.reported(error_type, 0)),
            _ => Err(violation(&line, "before it was ready")),
        }
    }

    /// Checks that it waits for an event: it has neither ended nor written a line.
    pub(crate) fn check_waiting(&mut self) -> Result<(), Failure> {
        let Woken {
            readable: [has_lines, _],
            ended,
            ..
        } = wait(
            &self.child,
            [self.from_worker.fd(), None],
            Some(Duration::ZERO),
        )
        .map_err(failed_to("wait for the worker"))?;
        if has_lines {
            self.from_worker
                .read()
                .map_err(failed_to("read from the worker"))?;
        }
        if !self.from_worker.bytes.is_empty() {
            return Err(violation(
                &self.from_worker.bytes,
                "without an event in hand",
            ));
        }
        if ended {
            return Err(Failure::Ended);
        }
        if self.from_worker.fd().is_none() {
            return Err(self.closed_pipe());
        }
        Ok(())
    }

    /// Writes a line for it.
    pub(super) fn write_line(&mut self, line: &str) -> Result<(), Failure> {
        let Err(error) = self.to_worker.write_all(line.as_bytes()) else {
            return Ok(());
        };
        Err(match error.kind() {
            io::ErrorKind::BrokenPipe => self.closed_pipe(),
            io::ErrorKind::WouldBlock => {
                Failure::Violation("did not read the lines that it has asked for".to_owned())
            }
            _ => Failure::System("write a line for the worker", error),
        })
    }

    /// Closes its pipes, by which it learns that there are no more events; returns the process.
    pub(crate) fn dismiss(self) -> Child {
        self.child
    }

    /// Ends the process group; returns how the worker ended and the message that it left.
    pub(crate) fn end(self) -> (Option<ExitStatus>, String) {
        let status = self.child.end();
        let message = self.response.read(0, MAX_MESSAGE).unwrap_or_default();
        (status, String::from_utf8_lossy(&message).into_owned())
    }

    /// The worker's next line. What a shell function prints meanwhile is read too.
    pub(super) fn next_line(
        &mut self,
        until: Option<Duration>,
        mut output: Option<&mut OutputPipe>,
    ) -> Result<Vec<u8>, Failure> {
        self.log_is_read = false;
        loop {
            let bytes = &mut self.from_worker.bytes;
            let end = bytes.iter().position(|byte| *byte == b'\n');
            if end.unwrap_or(bytes.len()) >= protocol::MAX_LINE {
                return Err(violation(bytes, "which is too long for a line"));
            }
            if let Some(end) = end {
                let line = bytes[..end].to_vec();
                // The memory is kept, since the next lines need it again.
                bytes.drain(..=end);
                return Ok(line);
            }
            if self.from_worker.fd().is_none() {
                return Err(self.closed_pipe());
            }
            let pipes = [
                self.from_worker.fd(),
                output.as_ref().and_then(|output| output.fd()),
            ];
            let Woken {
                readable: [has_lines, has_output],
                ended,
                timed_out,
            } = wait(&self.child, pipes, until).map_err(failed_to("wait for the worker"))?;
            self.log_is_read = wait::has_log();
            // First what it has written: that counts also when it has ended since, or the time is over.
            if has_lines {
                self.from_worker
                    .read()
                    .map_err(failed_to("read from the worker"))?;
            }
            if let Some(output) = output.as_mut().filter(|_| has_output) {
                output.read().map_err(failed_to("read the response"))?;
            }
            if !self.from_worker.bytes.contains(&b'\n') {
                if ended {
                    return Err(Failure::Ended);
                }
                if timed_out {
                    return Err(Failure::TimedOut);
                }
            }
        }
    }

    /// The failure of a worker that has closed its end of a pipe: it ends, or it broke the protocol.
    fn closed_pipe(&self) -> Failure {
        match wait::await_end(&self.child, since_boot() + END_LIMIT) {
            Ok(true) => Failure::Ended,
            Ok(false) => Failure::Violation("closed its pipe and went on running".to_owned()),
            Err(error) => Failure::System("wait for the worker", error),
        }
    }

    /// Checks that no line follows, since the bootstrap has the next turn.
    pub(super) fn check_no_more_lines(&self) -> Result<(), Failure> {
        if self.from_worker.bytes.is_empty() {
            return Ok(());
        }
        Err(violation(&self.from_worker.bytes, "after another line"))
    }

    /// The error that it has reported, with the message that begins at this byte of the response file.
    pub(super) fn reported(&self, error_type: &str, start: u64) -> Failure {
        match self.response.read(start, MAX_MESSAGE) {
            Ok(message) => {
                let message = String::from_utf8_lossy(&message);
                Failure::Reported(Error::new(error_type.to_owned(), message.trim_end()))
            }
            Err(error) => Failure::System("read the error's message", error),
        }
    }
}
