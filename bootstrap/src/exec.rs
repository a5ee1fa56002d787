//! A fresh process for each event: the event is its standard input, its standard output the
//! response, collected or passed on as it comes.

use std::borrow::Cow;
use std::cell::Cell;
use std::ffi::{CStr, CString};
use std::io;
use std::os::fd::AsFd;
use std::path::PathBuf;

use coldspark::stream::Writer;
use coldspark::{Context, Error};

use crate::deadline::Deadline;
use crate::intake::Intake;
use crate::log::Log;
use crate::settings::Settings;
use crate::stream::Stream;
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
    /// Of a response that is streamed.
    content_type: Option<String>,
    environment: Cell<Vec<Cow<'static, CStr>>>,
    settings: Settings,
    log: &'static Log,
}

impl Exec {
    /// With a content type, responses are streamed.
    pub(crate) fn new(
        file: PathBuf,
        content_type: Option<String>,
        settings: Settings,
        log: &'static Log,
    ) -> Result<Self, Error> {
        check::executable(&file)?;
        Ok(Self {
            arguments: [program::c_string(file.clone().into_os_string())?],
            file,
            content_type,
            environment: Cell::new(program::environment()),
            settings,
            log,
        })
    }

    /// Answers an event; gives the response unless it was streamed.
    pub(crate) fn handle<S>(
        &self,
        event: &[u8],
        context: &Context<'_, S>,
        response: &mut Writer<'_>,
    ) -> Result<Option<Vec<u8>>, Error> {
        let deadline = Deadline::of(context, self.settings.deadline_margin);
        if deadline.is_over() {
            return Err(deadline.error(", which left none to start a process"));
        }
        self.log.begin(context);
        let (child, output) = self.start(event, context, &deadline)?;
        self.log.relay()?;
        let content_type = self.content_type.as_deref();
        let mut stream =
            content_type.map(|content_type| Stream::new(response, Some(content_type), deadline));
        match self.follow(&child, output, &deadline, stream.as_mut()) {
            Ok(Some(_)) if stream.as_ref().is_some_and(|stream| stream.abandoned) => {
                child.finish();
                self.log.end();
                Ok(None)
            }
            Ok(Some(output)) => {
                let whole = self.result(child, output)?;
                Ok(Some(whole).filter(|_| stream.is_none()))
            }
            Ok(None) => {
                child.finish();
                let error = deadline.error("; the process and what it has started were killed");
                let message = kind::with_tail(error.message().to_owned(), &self.log.end());
                Err(Error::new(kind::HANDLER_TIMEOUT, message))
            }
            Err(error) => Err(kind::system("read the response of the process", &error)),
        }
    }

    fn start<S>(
        &self,
        event: &[u8],
        context: &Context<'_, S>,
        deadline: &Deadline,
    ) -> Result<(Child, Intake), Error> {
        // Files of its own: what an earlier event left running has no part in this one.
        let open = || -> io::Result<_> {
            let mut input = Scratch::new(c"coldspark-event")?;
            input.set(event)?;
            Ok((input, pipe::from_child()?))
        };
        let (input, (output, output_end)) =
            open().map_err(|error| kind::system("hand over the event", &error))?;
        let mut variables = String::new();
        context::lines(context, deadline, &mut variables)?;
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

    /// Reads what the process prints until it has ended, or nobody wants it any more; None when
    /// the deadline came first.
    fn follow(
        &self,
        child: &Child,
        mut output: Intake,
        deadline: &Deadline,
        mut stream: Option<&mut Stream<'_, '_>>,
    ) -> io::Result<Option<Intake>> {
        loop {
            let woken = wait(child, [output.open(), None], deadline.at)?;
            if woken.readable[0] || woken.ended {
                output.take()?;
            }
            if let Some(stream) = &mut stream {
                // What a process has left when it ends fits into one turn. Whoever still holds its
                // pipe may go on for ever.
                if woken.ended {
                    stream.is_made();
                }
                stream.pass(&output.bytes);
                output.bytes.clear();
                if stream.abandoned {
                    return Ok(Some(output));
                }
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
