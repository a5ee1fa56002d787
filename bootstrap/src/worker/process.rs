//! One worker process, from its start to its end: the bootstrap's side of the worker protocol.

use std::fs::File;
use std::io::{self, Write};
use std::os::fd::AsFd;
use std::process::ExitStatus;
use std::time::Duration;

use coldspark::Error;
use coldspark::internal::{shutdown_by_hand, since_boot};

use super::program::Program;
use super::protocol;
use super::protocol::Hook;
use crate::error;
use crate::error::failure::{Failure, failed_to, violation};
use crate::log::Log;
use crate::process::output::OutputPipe;
use crate::process::wait::{self, Woken, wait};
use crate::sys::child::Child;
use crate::sys::file::Scratch;
use crate::sys::pipe;
use crate::sys::spawn::Command;

/// How much of an error's message is passed on.
const MAX_MESSAGE: usize = 64 * 1024;
/// How long the end of a worker may take after it has closed its pipe.
const ENDING: Duration = Duration::from_millis(500);

/// A running worker.
pub(crate) struct Worker {
    child: Child,
    /// Lines for it.
    orders: File,
    /// Lines from it.
    answers: OutputPipe,
    pub(super) event: Scratch,
    pub(super) response: Scratch,
    pub(super) context: Scratch,
    /// Whether it has said that it is ready.
    pub(crate) ready: bool,
    /// Whether the wait that found its last line has also read what it had printed until then.
    pub(crate) log_is_read: bool,
    /// What it wants beside events.
    pub(super) asked: protocol::Asked,
}

impl Worker {
    /// Starts a worker, and does not wait for it.
    pub(crate) fn start(program: &Program, log: &Log) -> Result<Self, Error> {
        let failed =
            |error: io::Error| error::system("make the pipes and files of a worker", &error);
        let (orders_end, orders) = pipe::to_child().map_err(failed)?;
        let (answers, answers_end) = pipe::from_child().map_err(failed)?;
        let event = Scratch::new(c"coldspark-event").map_err(failed)?;
        let response = Scratch::new(c"coldspark-response").and_then(Scratch::appending);
        let response = response.map_err(failed)?;
        let context = Scratch::new(c"coldspark-context").map_err(failed)?;
        let command = Command {
            program: &program.arguments[0],
            arguments: &program.arguments,
            environment: &program.environment,
            descriptors: &[
                (log.output(), 1),
                (log.error(), 2),
                (orders_end.as_fd(), program.first),
                (answers_end.as_fd(), program.first + 1),
                (event.as_fd(), program.first + 2),
                (response.as_fd(), program.first + 3),
                (context.as_fd(), program.first + 4),
            ],
        };
        let child = command.spawn().map_err(|error| program.refused(&error))?;
        Ok(Self {
            child,
            orders: File::from(orders),
            answers: OutputPipe::for_lines(answers),
            event,
            response,
            context,
            ready: false,
            log_is_read: false,
            asked: protocol::Asked::default(),
        })
    }

    /// Waits until it says that it is ready, or that it never will be.
    pub(crate) fn await_ready(&mut self, until: Option<Duration>) -> Result<(), Failure> {
        let line = self.next_line(until, None)?;
        match protocol::Line::parse(&line) {
            Some(protocol::Line::Ready { asked }) => {
                self.nothing_more()?;
                self.ready = true;
                self.asked = asked;
                if asked.shutdown {
                    // This has no effect after the init phase.
                    shutdown_by_hand::register_extension(true);
                }
                Ok(())
            }
            Some(protocol::Line::InitError { error_type }) => Err(self.reported(error_type, 0)),
            _ => Err(violation(&line, "before it was ready")),
        }
    }

    /// Whether it waits for an event, as it should: neither ended nor said anything.
    pub(crate) fn is_waiting(&mut self) -> Result<(), Failure> {
        let Woken {
            readable: [has_lines, _],
            ended,
            ..
        } = wait(&self.child, [self.answers.fd(), None], Some(Duration::ZERO))
            .map_err(failed_to("look after the worker"))?;
        if has_lines {
            self.answers
                .read()
                .map_err(failed_to("read from the worker"))?;
        }
        if !self.answers.bytes.is_empty() {
            return Err(violation(&self.answers.bytes, "without an event in hand"));
        }
        if ended {
            return Err(Failure::Ended);
        }
        if self.answers.fd().is_none() {
            return Err(self.closed());
        }
        Ok(())
    }

    /// Whether the worker has asked to be told of this.
    pub(crate) fn asks(&self, hook: Hook) -> bool {
        self.asked.has(hook)
    }

    /// Writes a line for it.
    pub(super) fn tell(&mut self, line: &str) -> Result<(), Failure> {
        let Err(error) = self.orders.write_all(line.as_bytes()) else {
            return Ok(());
        };
        Err(match error.kind() {
            io::ErrorKind::BrokenPipe => self.closed(),
            io::ErrorKind::WouldBlock => {
                Failure::Violation("did not read the lines that it has asked for".to_owned())
            }
            _ => Failure::System("write a line for the worker", error),
        })
    }

    /// Closes its pipes, by which it learns that there are no more events.
    pub(crate) fn dismiss(self) -> Child {
        self.child
    }

    /// Ends the process group, and says how the worker ended and what it left as a message.
    pub(crate) fn finish(self) -> (Option<ExitStatus>, String) {
        let status = self.child.end();
        let message = self.response.read(0, MAX_MESSAGE).unwrap_or_default();
        (status, String::from_utf8_lossy(&message).into_owned())
    }

    /// The worker's next line. Reads meanwhile what a shell function prints.
    pub(super) fn next_line(
        &mut self,
        until: Option<Duration>,
        mut output: Option<&mut OutputPipe>,
    ) -> Result<Vec<u8>, Failure> {
        self.log_is_read = false;
        loop {
            let bytes = &mut self.answers.bytes;
            let end = bytes.iter().position(|byte| *byte == b'\n');
            if end.unwrap_or(bytes.len()) >= protocol::LONGEST {
                return Err(violation(bytes, "which is too long for a line"));
            }
            if let Some(end) = end {
                let line = bytes[..end].to_vec();
                // The memory is kept, since the next lines need it again.
                bytes.drain(..=end);
                return Ok(line);
            }
            if self.answers.fd().is_none() {
                return Err(self.closed());
            }
            let pipes = [
                self.answers.fd(),
                output.as_ref().and_then(|output| output.fd()),
            ];
            let Woken {
                readable: [has_lines, has_output],
                ended,
                timed_out,
            } = wait(&self.child, pipes, until).map_err(failed_to("wait for the worker"))?;
            self.log_is_read = wait::has_log();
            // The order matters: what a worker did before its end, or in time, counts.
            if has_lines {
                self.answers
                    .read()
                    .map_err(failed_to("read from the worker"))?;
            }
            if let Some(output) = output.as_mut().filter(|_| has_output) {
                output.read().map_err(failed_to("read the response"))?;
            }
            if !self.answers.bytes.contains(&b'\n') {
                if ended {
                    return Err(Failure::Ended);
                }
                if timed_out {
                    return Err(Failure::TimedOut);
                }
            }
        }
    }

    /// What it means that the worker's end of a pipe is closed: it ends, or it broke the protocol.
    fn closed(&self) -> Failure {
        match wait::await_end(&self.child, since_boot() + ENDING) {
            Ok(true) => Failure::Ended,
            Ok(false) => Failure::Violation("closed its pipe and went on running".to_owned()),
            Err(error) => Failure::System("wait for the worker", error),
        }
    }

    /// Checks that no line follows: after one line it is the bootstrap's turn.
    pub(super) fn nothing_more(&self) -> Result<(), Failure> {
        if self.answers.bytes.is_empty() {
            return Ok(());
        }
        Err(violation(&self.answers.bytes, "behind another line"))
    }

    /// The error that it gave, with the message that begins at this byte of the response file.
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
