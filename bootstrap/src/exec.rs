//! A fresh process for each event: the event is its standard input, its standard output the
//! response.

use std::cell::Cell;
use std::ffi::CString;
use std::io;
use std::os::fd::AsFd;
use std::path::PathBuf;

use coldspark::{Context, Error};

use crate::deadline::Deadline;
use crate::intake::Intake;
use crate::log::Log;
use crate::settings::Settings;
use crate::sys::child::Child;
use crate::sys::file::Scratch;
use crate::sys::pipe;
use crate::sys::spawn::Spawn;
use crate::trouble::{MAX_RESPONSE, Trouble, collected};
use crate::wait::wait;
use crate::{check, context, kind, program};

/// An executable of the function's package.
pub(crate) struct Exec {
    file: PathBuf,
    arguments: [CString; 1],
    environment: Cell<Vec<CString>>,
    settings: Settings,
    log: &'static Log,
}

impl Exec {
    pub(crate) fn new(file: PathBuf, settings: Settings, log: &'static Log) -> Result<Self, Error> {
        check::executable(&file)?;
        Ok(Self {
            arguments: [program::c_string(file.clone().into_os_string())?],
            file,
            environment: Cell::new(program::environment()),
            settings,
            log,
        })
    }

    pub(crate) fn handle<S>(
        &self,
        event: &[u8],
        context: &Context<'_, S>,
    ) -> Result<Vec<u8>, Error> {
        let deadline = Deadline::new(context.time_left(), self.settings.deadline_margin);
        if deadline.is_over() {
            return Err(deadline.error(", which left none to start a process"));
        }
        self.log.begin(context);
        let (child, output) = self.start(event, context)?;
        self.log.relay()?;
        match self.follow(&child, output, &deadline) {
            Ok(Some(output)) => self.result(child, output),
            Ok(None) => {
                child.finish();
                let error = deadline.error("; the process and what it has started were killed");
                let message = kind::with_tail(error.message().to_owned(), &self.log.end());
                Err(Error::new(kind::HANDLER_TIMEOUT, message))
            }
            Err(error) => Err(kind::system("read the response of the process", &error)),
        }
    }

    fn start<S>(&self, event: &[u8], context: &Context<'_, S>) -> Result<(Child, Intake), Error> {
        // Files of its own: what an earlier event left running has no part in this one.
        let open = || -> io::Result<_> {
            let mut input = Scratch::new(c"coldspark-event")?;
            input.set(event)?;
            Ok((input, pipe::from_child()?))
        };
        let (input, (output, output_end)) =
            open().map_err(|error| kind::system("hand over the event", &error))?;
        let mut variables = String::new();
        context::lines(context, &mut variables)?;
        let mut environment = self.environment.take();
        let own = environment.len();
        context::variables(&variables, &mut environment);
        let spawn = Spawn {
            program: &self.arguments[0],
            arguments: &self.arguments,
            environment: &environment,
            descriptors: &[
                (input.as_fd(), 0),
                (output_end.as_fd(), 1),
                (self.log.error(), 2),
            ],
        };
        let child = spawn.start();
        environment.truncate(own);
        self.environment.set(environment);
        let child = child.map_err(|error| {
            let reason = check::executable(&self.file).err();
            reason.unwrap_or_else(|| {
                kind::system(&format!("start {}", self.file.to_string_lossy()), &error)
            })
        })?;
        Ok((child, Intake::new(output, MAX_RESPONSE)))
    }

    /// Reads what the process prints until it has ended; None when the deadline came first.
    fn follow(
        &self,
        child: &Child,
        mut output: Intake,
        deadline: &Deadline,
    ) -> io::Result<Option<Intake>> {
        loop {
            let woken = wait(child, [output.open(), None], deadline.at)?;
            if woken.readable[0] || woken.ended {
                output.take()?;
            }
            if woken.ended {
                return Ok(Some(output));
            }
            if woken.timed_out {
                return Ok(None);
            }
        }
    }

    /// What the process made of the event. Others may still hold its pipes; they are killed.
    fn result(&self, child: Child, output: Intake) -> Result<Vec<u8>, Error> {
        let status = child.finish();
        let tail = self.log.end();
        if !status.is_some_and(|status| status.success()) {
            let message = format!(
                "{} ended with {}",
                self.file.to_string_lossy(),
                kind::ending(status)
            );
            return Err(Error::new(
                kind::EXIT_STATUS,
                kind::with_tail(message, &tail),
            ));
        }
        collected(output).map_err(|trouble| match trouble {
            Trouble::Said {
                error_type,
                message,
            } => Error::new(error_type, message),
            _ => Error::new(kind::SYSTEM, "the response was lost"),
        })
    }
}
