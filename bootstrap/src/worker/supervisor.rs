//! Keeps a worker ready for the next event, whatever became of the last one.

use coldspark::stream::Writer;
use coldspark::{Context, Error, internal};
use std::cell::RefCell;
use std::time::Duration;

use super::errors::WorkerErrors;
use super::exchange::Exchange;
use super::process::Worker;
use super::program::Program;
use super::protocol::{self, Hook, Task};
use crate::context::{self, EventNumbers};
use crate::deadline::{Deadline, milliseconds};
use crate::error::failure::Failure;
use crate::error::{self, When};
use crate::log::Log;
use crate::settings::Settings;
use crate::sys::child::Child;

/// The highest number of a shell function's event.
const MAX_SHELL_NUMBER: u64 = 99;

/// A program, and the worker that runs it at the moment.
pub(crate) struct Supervisor {
    program: Program,
    settings: Settings,
    log: &'static Log,
    state: RefCell<State>,
}

struct State {
    worker: Option<Worker>,
    /// The text of the context; kept for its memory.
    context: String,
    numbers: EventNumbers,
}

impl Supervisor {
    /// Starts the first worker, and does not wait for it.
    pub(crate) fn start(
        program: Program,
        settings: Settings,
        log: &'static Log,
    ) -> Result<Self, Error> {
        let worker = Worker::start(&program, log)?;
        Ok(Self {
            program,
            settings,
            log,
            state: RefCell::new(State {
                worker: Some(worker),
                context: String::new(),
                numbers: EventNumbers::default(),
            }),
        })
    }

    fn errors(&self) -> WorkerErrors<'_> {
        WorkerErrors {
            program: &self.program,
            log: self.log,
        }
    }

    /// Waits in the init phase until the first worker is ready. If that takes until `async_limit`, counted since
    /// the boot, the worker is left to the first event, which waits for it.
    pub(crate) fn await_ready(&self, async_limit: Option<Duration>) -> Result<(), Error> {
        self.log.ensure_reader()?;
        let mut state = self.state.borrow_mut();
        let until = self
            .settings
            .init_timeout
            .map(|limit| internal::since_boot() + limit);
        let async_limit =
            async_limit.filter(|async_limit| until.is_none_or(|until| *async_limit < until));
        let result = match &mut state.worker {
            Some(worker) => worker.await_ready(async_limit.or(until)),
            None => Ok(()),
        };
        if async_limit.is_some() && matches!(result, Err(Failure::TimedOut)) {
            internal::warn(format_args!(
                "{} is not ready shortly before Lambda's limit for the init phase; the first event \
                 waits for it (COLDSPARK_ASYNC_INIT)",
                self.errors().name()
            ));
            self.log.flush();
            return Ok(());
        }
        let result = result.map_err(|failure| match failure {
            Failure::TimedOut => {
                let limit = milliseconds(self.settings.init_timeout.unwrap_or_default());
                let message = format!(
                    "{} was not ready within {limit} ms (COLDSPARK_INIT_TIMEOUT_MS)",
                    self.errors().name()
                );
                self.errors()
                    .end(state.worker.take(), error::INIT_TIMEOUT, message)
            }
            failure => self
                .errors()
                .failed(state.worker.take(), failure, When::GettingReady),
        });
        self.end_lines(state.worker.as_ref());
        result
    }

    /// Writes what was printed until now, also a last line without an end.
    fn end_lines(&self, worker: Option<&Worker>) {
        match worker {
            Some(worker) if worker.log_is_read => self.log.end_lines(),
            _ => self.log.flush(),
        }
    }

    /// Starts the reader of the log, when no thread waits for the first worker yet.
    pub(crate) fn ensure_log_reader(&self) -> Result<(), Error> {
        self.log.ensure_reader()
    }

    /// Tells the worker that there are no more events; returns the process, which may go on.
    pub(crate) fn dismiss(&self) -> Option<Child> {
        self.state.borrow_mut().worker.take().map(Worker::dismiss)
    }

    /// Ends a process that was dismissed, and writes what it has printed.
    pub(crate) fn end_dismissed(&self, child: Child) {
        child.end();
        self.log.end_process();
    }

    /// Tells the worker of the snapshot or the restore, if it has asked for that, and waits until
    /// it has done its part.
    pub(crate) fn hook(&self, hook: Hook) -> Result<(), Error> {
        let worker = &mut self.state.borrow_mut().worker;
        let Some(running) = worker
            .as_mut()
            .filter(|running| running.requests.include(hook))
        else {
            return Ok(());
        };
        self.log.begin_hook();
        let waiting = running.check_waiting();
        if waiting.is_err() && hook == Hook::AfterRestore {
            // The first event notices that as well, and starts another worker: that was in no snapshot, and has
            // no hook to run after the restore.
            return Ok(());
        }
        // A hook has no limit of its own: Lambda has one.
        let done = waiting
            .and_then(|()| {
                running.answer(Exchange {
                    task: Task::Hook(hook),
                    event: b"",
                    context: "",
                    shell_output: None,
                    deadline: Deadline::none(),
                    writer: None,
                })
            })
            .map_err(|failure| self.errors().failed(worker.take(), failure, hook.when()));
        self.log.flush();
        done.map(drop)
    }

    /// Answers an event; returns the response unless it was streamed. After a failure that leaves the worker's state
    /// in doubt, a new worker is started.
    pub(crate) fn handle<S>(
        &self,
        event: &[u8],
        context: &Context<'_, S>,
        writer: &mut Writer<'_>,
    ) -> Result<Option<Vec<u8>>, Error> {
        let deadline = Deadline::with_time_left(context, self.settings.deadline_margin)?;
        let mut state = self.state.borrow_mut();
        let State {
            worker,
            context: text,
            numbers,
        } = &mut *state;
        self.log.begin_event(context);
        self.prepare(worker, &deadline)?;
        let Some(running) = worker else {
            return Err(Error::new(error::SYSTEM, "there is no worker"));
        };
        // The event's number comes from random bits: those drawn with its seed, or new ones if it has no seed.
        let bits_of_seed =
            context::write_lines(context, &deadline, !running.requests.no_seed, text)?;
        let random = bits_of_seed.map_or_else(|| numbers.next(), Ok)?;
        let mut number = protocol::event_number(random);
        if self.program.shell_output.is_some() {
            // A short number: bash reads its lines byte by byte. Nobody has to guess it, since the shell's
            // driver is the layer's own and answers nothing early.
            number = number % MAX_SHELL_NUMBER + 1;
        }
        let shell_output = self.program.shell_output.as_ref();
        if shell_output.is_some() {
            self.log.set_blocking();
        }
        let answer = running.answer(Exchange {
            task: Task::Event(number),
            event,
            context: text,
            shell_output,
            deadline,
            writer: Some(writer),
        });
        let failure = match answer {
            Ok(response) => {
                self.end_lines(worker.as_ref());
                return Ok(response);
            }
            Err(failure) => failure,
        };
        if let Failure::Reported(error) = failure {
            return Err(self.errors().reported(error));
        }
        let error = match failure {
            Failure::TimedOut => self.errors().timed_out(worker.take(), &deadline),
            failure => self
                .errors()
                .failed(worker.take(), failure, When::Answering),
        };
        match Worker::start(&self.program, self.log) {
            Ok(new) => *worker = Some(new),
            Err(error) => internal::warn(format_args!(
                "no new worker: {error}; the next event tries again"
            )),
        }
        Err(error)
    }

    /// Makes sure that a worker waits for an event, and starts another one otherwise.
    fn prepare(&self, worker: &mut Option<Worker>, deadline: &Deadline) -> Result<(), Error> {
        // The worker may have been started for this event.
        self.log.ensure_reader()?;
        if let Some(running) = worker.as_mut().filter(|running| running.ready) {
            let Err(failure) = running.check_waiting() else {
                return Ok(());
            };
            let lost = self
                .errors()
                .failed(worker.take(), failure, When::BetweenEvents);
            internal::warn(format_args!("{}; a new one is started", lost.message()));
        }
        let mut new = match worker.take() {
            Some(new) => new,
            None => Worker::start(&self.program, self.log)?,
        };
        match new.await_ready(deadline.give_up_at) {
            Ok(()) => {
                *worker = Some(new);
                Ok(())
            }
            // The next event starts another one: a worker that never gets ready is not started
            // again and again.
            Err(Failure::TimedOut) => Err(self.errors().timed_out(Some(new), deadline)),
            Err(failure) => Err(self.errors().failed(Some(new), failure, When::GettingReady)),
        }
    }
}
