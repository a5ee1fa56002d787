//! A new process for each event: the event is its standard input, and its standard output is the response,
//! which is collected from a pipe or a file, or streamed.

use std::borrow::Cow;
use std::cell::Cell;
use std::ffi::{CStr, CString};
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::PathBuf;
use std::time::Duration;

use coldspark::internal::{MAX_RESPONSE, since_boot};
use coldspark::stream::Writer;
use coldspark::{Context, Error};

use crate::deadline::Deadline;
use crate::error::failure::Failure;
use crate::log::Log;
use crate::process::output::OutputPipe;
use crate::process::response::{self, StreamedResponse};
use crate::process::wait::{Woken, wait};
use crate::process::{arguments, executable};
use crate::settings::{self, Settings};
use crate::sys::child::Child;
use crate::sys::pipe;
use crate::sys::scratch_file::ScratchFile;
use crate::sys::spawn::Command;
use crate::{context, error};

/// What a system call was for, in the text of its error.
const READ_RESPONSE: &str = "read the response of the process";
/// How long a wait lasts before the size of a process's output file is checked again.
const SIZE_CHECK_INTERVAL: Duration = Duration::from_millis(20);

/// What a process's standard output is.
enum Output {
    Pipe(OutputPipe),
    File(ScratchFile),
}

/// The standard output before the process is started: the bootstrap still has both ends of the pipe.
enum OutputEnds {
    Pipe { read: OwnedFd, write: OwnedFd },
    File(ScratchFile),
}

impl OutputEnds {
    /// The descriptor that becomes the process's standard output.
    fn for_child(&self) -> BorrowedFd<'_> {
        match self {
            Self::Pipe { write, .. } => write.as_fd(),
            Self::File(file) => file.as_fd(),
        }
    }
}

impl From<OutputEnds> for Output {
    fn from(ends: OutputEnds) -> Self {
        match ends {
            OutputEnds::Pipe { read, .. } => Self::Pipe(OutputPipe::new(read, MAX_RESPONSE)),
            OutputEnds::File(file) => Self::File(file),
        }
    }
}

/// An executable of the function's package.
pub(crate) struct Exec {
    file: PathBuf,
    arguments: [CString; 1],
    /// The content type of a streamed response; `None` when the response is collected.
    content_type: Option<String>,
    /// Whether standard output is a file in memory and not a pipe.
    file_output: bool,
    environment: Cell<Vec<Cow<'static, CStr>>>,
    settings: Settings,
    log: &'static Log,
}

impl Exec {
    /// Makes the executable that answers events. Responses are streamed if there is a content type.
    pub(crate) fn new(
        file: PathBuf,
        content_type: Option<String>,
        settings: Settings,
        log: &'static Log,
    ) -> Result<Self, Error> {
        executable::check(&file)?;
        let file_output = content_type.is_none() && settings::file_output()?;
        Ok(Self {
            arguments: [arguments::c_string(file.clone().into_os_string())?],
            file,
            file_output,
            content_type,
            environment: Cell::new(arguments::environment()),
            settings,
            log,
        })
    }

    /// Answers an event; returns the response unless it was streamed.
    pub(crate) fn handle<S>(
        &self,
        event: &[u8],
        context: &Context<'_, S>,
        writer: &mut Writer<'_>,
    ) -> Result<Option<Vec<u8>>, Error> {
        let deadline = Deadline::with_time_left(context, self.settings.deadline_margin)?;
        self.log.begin_event(context);
        let (child, output) = self.start(event, context, &deadline)?;
        self.log.ensure_reader()?;
        let output = match output {
            Output::Pipe(output) => output,
            Output::File(file) => return self.await_file(child, &file, &deadline).map(Some),
        };
        let content_type = self.content_type.as_deref();
        let mut stream = content_type
            .map(|content_type| StreamedResponse::new(writer, Some(content_type), deadline));
        match self.read_output(&child, output, &deadline, stream.as_mut()) {
            Ok(Some(_)) if stream.as_ref().is_some_and(|stream| stream.reader_is_gone) => {
                child.end();
                self.log.end_process();
                Ok(None)
            }
            Ok(Some(output)) => {
                self.check_status(child)?;
                let whole = response::from_pipe(output).map_err(response_error)?;
                Ok(Some(whole).filter(|_| stream.is_none()))
            }
            Ok(None) => Err(self.timed_out(child, &deadline)),
            Err(error) => Err(error::system(READ_RESPONSE, &error)),
        }
    }

    /// Waits for a process that writes its response into a file, and returns the response.
    fn await_file(
        &self,
        child: Child,
        file: &ScratchFile,
        deadline: &Deadline,
    ) -> Result<Vec<u8>, Error> {
        let failed = |error: io::Error| error::system(READ_RESPONSE, &error);
        loop {
            let next_check = since_boot() + SIZE_CHECK_INTERVAL;
            let until = deadline
                .give_up_at
                .map_or(next_check, |at| at.min(next_check));
            let woken = wait(&child, [None, None], Some(until)).map_err(failed)?;
            if woken.ended {
                self.check_status(child)?;
                return response::from_file(file).map_err(response_error);
            }
            if deadline.has_come() {
                return Err(self.timed_out(child, deadline));
            }
            // A response that is too large is never read, so its memory is released.
            let size = file.size().map_err(failed)?;
            if size > MAX_RESPONSE as u64 {
                file.release(0, size);
            }
        }
    }

    /// Kills a process that has not answered in time, and makes the event's error.
    fn timed_out(&self, child: Child, deadline: &Deadline) -> Error {
        child.end();
        let error = deadline.error("; the process and what it has started were killed");
        let message = error.message().to_owned();
        error::with_stderr(error::HANDLER_TIMEOUT, message, &self.log.end_process())
    }

    fn start<S>(
        &self,
        event: &[u8],
        context: &Context<'_, S>,
        deadline: &Deadline,
    ) -> Result<(Child, Output), Error> {
        // They are new for each event, so that what an earlier event has left running does not reach them.
        let open = || -> io::Result<_> {
            let input = ScratchFile::new(c"coldspark-event")?;
            input.set(event)?;
            let ends = if self.file_output {
                OutputEnds::File(ScratchFile::new(c"coldspark-response")?.appending()?)
            } else {
                let (read, write) = pipe::from_child()?;
                OutputEnds::Pipe { read, write }
            };
            Ok((input, ends))
        };
        let (input, ends) = open().map_err(|error| error::system("hand over the event", &error))?;
        let mut variables = String::new();
        context::write_lines(context, deadline, true, &mut variables)?;
        let mut environment = self.environment.take();
        let count = environment.len();
        context::push_variables(&variables, &mut environment);
        let command = Command {
            program: &self.arguments[0],
            arguments: &self.arguments,
            environment: &environment,
            descriptors: &[
                (input.as_fd(), 0),
                (ends.for_child(), 1),
                (self.log.error(), 2),
            ],
        };
        let child = command.spawn();
        environment.truncate(count);
        self.environment.set(environment);
        let child = child.map_err(|error| {
            executable::not_started(&self.file, &self.file.to_string_lossy(), &error)
        })?;
        Ok((child, ends.into()))
    }

    /// Reads what the process prints until it has ended, or the reader of a streamed response is gone; returns
    /// `None` when the deadline came first.
    fn read_output(
        &self,
        child: &Child,
        mut output: OutputPipe,
        deadline: &Deadline,
        mut stream: Option<&mut StreamedResponse<'_, '_>>,
    ) -> io::Result<Option<OutputPipe>> {
        loop {
            let Woken {
                readable: [has_output, _],
                ended,
                timed_out,
            } = wait(child, [output.fd(), None], deadline.give_up_at)?;
            if has_output || ended {
                output.read()?;
            }
            if let Some(stream) = &mut stream {
                // What a process leaves in its pipe is read at once. What other processes write into the pipe
                // later is not the response: they may go on for ever.
                if ended {
                    stream.send_until_deadline();
                }
                stream.send(&output.bytes);
                output.bytes.clear();
                if stream.reader_is_gone {
                    return Ok(Some(output));
                }
            }
            if ended {
                return Ok(Some(output));
            }
            if timed_out {
                return Ok(None);
            }
        }
    }

    /// Checks that the process has ended well, and kills those that it has left.
    fn check_status(&self, child: Child) -> Result<(), Error> {
        let status = child.end();
        let stderr = self.log.end_process();
        if status.is_some_and(|status| status.success()) {
            return Ok(());
        }
        let message = format!(
            "{} ended with {}",
            self.file.to_string_lossy(),
            error::describe_end(status)
        );
        Err(error::with_stderr(error::EXIT_STATUS, message, &stderr))
    }
}

/// The error of a response that cannot be posted.
fn response_error(failure: Failure) -> Error {
    match failure {
        Failure::Reported(error) => error,
        Failure::System(what, error) => error::system(what, &error),
        _ => Error::new(error::SYSTEM, "the response was lost"),
    }
}
