//! One worker process, from its start to its end: the bootstrap's side of the worker protocol.

use std::fs::File;
use std::io::{self, Write};
use std::os::fd::AsFd;
use std::process::ExitStatus;
use std::time::{Duration, Instant};

use coldspark::Error;

use crate::control::Hook;
use crate::intake::Intake;
use crate::log::Log;
use crate::program::Program;
use crate::shell::Outlet;
use crate::sys::child::Child;
use crate::sys::file::Scratch;
use crate::sys::pipe;
use crate::sys::spawn::Spawn;
use crate::trouble::{MAX_RESPONSE, Trouble, collected, doing, said, too_large};
use crate::wait::{Woken, wait};
use crate::{control, kind};

/// How much of an error's message is passed on.
const MAX_MESSAGE: usize = 64 * 1024;
/// How long the end of a worker may take after it has closed its pipe.
const ENDING: Duration = Duration::from_millis(100);

/// A running worker.
pub(crate) struct Worker {
    child: Child,
    /// Lines for it.
    orders: File,
    /// Lines from it.
    answers: Intake,
    event: Scratch,
    response: Scratch,
    context: Scratch,
    /// Whether it has said so.
    pub(crate) ready: bool,
    asked: control::Asked,
}

impl Worker {
    /// Starts a worker, and does not wait for it.
    pub(crate) fn start(program: &Program, log: &Log) -> Result<Self, Error> {
        let open = || -> io::Result<_> {
            Ok((
                pipe::to_child()?,
                pipe::from_child()?,
                Scratch::new(c"coldspark-event")?,
                Scratch::new(c"coldspark-response")?.appending()?,
                Scratch::new(c"coldspark-context")?,
            ))
        };
        let ((orders_end, orders), (answers, answers_end), event, response, context) =
            open().map_err(|error| kind::system("make the pipes and files of a worker", &error))?;
        let spawn = Spawn {
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
        let child = spawn.start().map_err(|error| program.refused(&error))?;
        Ok(Self {
            child,
            orders: File::from(orders),
            answers: Intake::new(answers, control::LONGEST),
            event,
            response,
            context,
            ready: false,
            asked: control::Asked::default(),
        })
    }

    /// Waits until it says that it is ready, or that it never will be.
    pub(crate) fn await_ready(&mut self, until: Option<Instant>) -> Result<(), Trouble> {
        let line = self.next_line(until, None)?;
        match control::Line::parse(&line) {
            Some(control::Line::Ready { asked }) => {
                self.nothing_more()?;
                self.ready = true;
                self.asked = asked;
                Ok(())
            }
            Some(control::Line::InitError { error_type }) => Err(Trouble::Said {
                error_type: error_type.to_owned(),
                message: self.message(0)?,
            }),
            _ => Err(said(&line, "before it was ready")),
        }
    }

    /// Whether it waits for an event, as it should: neither ended nor said anything.
    pub(crate) fn is_waiting(&mut self) -> Result<(), Trouble> {
        let now = Some(Instant::now());
        let Woken {
            readable, ended, ..
        } = wait(&self.child, [self.answers.open(), None], now)
            .map_err(doing("look after the worker"))?;
        if readable[0] {
            self.answers.take().map_err(doing("read from the worker"))?;
        }
        if !self.answers.bytes.is_empty() {
            return Err(said(&self.answers.bytes, "without an event in hand"));
        }
        if ended {
            return Err(Trouble::Ended);
        }
        if self.answers.open().is_none() {
            return Err(self.closed());
        }
        Ok(())
    }

    /// Whether it wants to be told.
    pub(crate) fn asks(&self, hook: Hook) -> bool {
        self.asked[hook as usize]
    }

    /// Hands over the event of this number, or a hook, with its line, and waits for the answer.
    pub(crate) fn answer(
        &mut self,
        number: u64,
        line: &str,
        event: &[u8],
        context: &str,
        outlet: Option<&Outlet>,
        until: Option<Instant>,
    ) -> Result<Vec<u8>, Trouble> {
        let hand_over = doing("hand over the event");
        let mut output = outlet.map(Outlet::fresh).transpose().map_err(&hand_over)?;
        self.event.set(event).map_err(&hand_over)?;
        self.context.set(context.as_bytes()).map_err(&hand_over)?;
        self.response.clear().map_err(&hand_over)?;
        if let Err(error) = self.orders.write_all([line, "\n"].concat().as_bytes()) {
            return Err(match error.kind() {
                io::ErrorKind::BrokenPipe => self.closed(),
                _ => hand_over(error),
            });
        }
        let mut sent = 0;
        loop {
            let reply = self.next_line(until, output.as_mut())?;
            match control::Line::parse(&reply) {
                Some(control::Line::Response { event }) if event == number => {
                    self.nothing_more()?;
                    return match output {
                        Some(mut output) => {
                            output.take().map_err(doing("read the response"))?;
                            collected(output)
                        }
                        None => self.response(),
                    };
                }
                Some(control::Line::Chunk { event, length }) if event == number => {
                    sent = self.counted(sent, length, &reply)?;
                }
                Some(control::Line::Error { event, error_type }) if event == number => {
                    self.nothing_more()?;
                    return Err(Trouble::Said {
                        error_type: error_type.to_owned(),
                        message: self.message(sent)?,
                    });
                }
                _ => {
                    return Err(said(&reply, &format!("as an answer to {}", line)));
                }
            }
        }
    }

    /// Closes its pipes, by which it learns that there are no more events.
    pub(crate) fn dismiss(self) -> Child {
        self.child
    }

    /// Ends the process group, and says how the worker ended and what it left as a message.
    pub(crate) fn finish(self) -> (Option<ExitStatus>, String) {
        let status = self.child.finish();
        let message = self.response.read(0, MAX_MESSAGE).unwrap_or_default();
        (status, String::from_utf8_lossy(&message).into_owned())
    }

    /// The worker's next line. Reads meanwhile what a shell function prints.
    fn next_line(
        &mut self,
        until: Option<Instant>,
        mut output: Option<&mut Intake>,
    ) -> Result<Vec<u8>, Trouble> {
        loop {
            let bytes = &mut self.answers.bytes;
            if let Some(end) = bytes.iter().position(|byte| *byte == b'\n') {
                let line = bytes[..end].to_vec();
                // Without giving up its memory, which the next lines need again.
                bytes.drain(..=end);
                return Ok(line);
            }
            if bytes.len() >= control::LONGEST {
                return Err(said(bytes, "which is too long for a line"));
            }
            if self.answers.open().is_none() {
                return Err(self.closed());
            }
            let pipes = [
                self.answers.open(),
                output.as_ref().and_then(|output| output.open()),
            ];
            let woken = wait(&self.child, pipes, until).map_err(doing("wait for the worker"))?;
            // In this order: what a worker did before its end, or in time, counts.
            if woken.readable[0] {
                self.answers.take().map_err(doing("read from the worker"))?;
            }
            if let Some(output) = output.as_mut().filter(|_| woken.readable[1]) {
                output.take().map_err(doing("read the response"))?;
            }
            if !self.answers.bytes.contains(&b'\n') {
                if woken.ended {
                    return Err(Trouble::Ended);
                }
                if woken.timed_out {
                    return Err(Trouble::Late);
                }
            }
        }
    }

    /// What it means that the worker's end of a pipe is closed: it ends, or it broke the protocol.
    fn closed(&self) -> Trouble {
        let until = Instant::now() + ENDING;
        loop {
            match wait(&self.child, [None, None], Some(until)) {
                Ok(Woken { ended: true, .. }) => return Trouble::Ended,
                Ok(Woken {
                    timed_out: true, ..
                }) => {
                    return Trouble::Protocol("closed its pipe and went on running".to_owned());
                }
                Ok(_) => {}
                Err(error) => return Trouble::System("wait for the worker", error),
            }
        }
    }

    /// One line, and then it is the bootstrap's turn; what comes right behind it is one too many.
    fn nothing_more(&self) -> Result<(), Trouble> {
        if self.answers.bytes.is_empty() {
            return Ok(());
        }
        Err(said(&self.answers.bytes, "behind another line"))
    }

    /// How much of the response is final when a chunk has this length.
    fn counted(&self, sent: u64, length: u64, line: &[u8]) -> Result<u64, Trouble> {
        let size = self.response.size();
        let size = size.map_err(doing("read the response"))?;
        let sent = sent.checked_add(length).filter(|sent| *sent <= size);
        sent.ok_or_else(|| said(line, &format!("when its response had only {size} bytes")))
    }

    fn response(&self) -> Result<Vec<u8>, Trouble> {
        let read = doing("read the response");
        let bytes = self.response.read(0, MAX_RESPONSE + 1).map_err(&read)?;
        if bytes.len() > MAX_RESPONSE {
            return Err(too_large(self.response.size().map_err(&read)?));
        }
        Ok(bytes)
    }

    fn message(&self, start: u64) -> Result<String, Trouble> {
        let message = self.response.read(start, MAX_MESSAGE);
        let message = message.map_err(doing("read the error's message"))?;
        Ok(String::from_utf8_lossy(&message).trim_end().to_owned())
    }
}
