//! The three modes: a worker, a shell function, an executable.

use coldspark::stream::Writer;
use coldspark::{Context, Error, Init};

use crate::control::Hook;
use crate::exec::Exec;
use crate::log::Log;
use crate::program::Program;
use crate::resolve::Target;
use crate::settings::{self, Settings};
use crate::supervisor::Supervisor;
use crate::{kind, resolve, shell};

/// How the function's events are answered.
#[allow(clippy::large_enum_variant)] // There is only ever one.
pub(crate) enum Mode {
    Supervised(Supervisor),
    Exec(Exec),
}

/// The init step: starts what answers, and waits until it is ready.
pub(crate) fn start(init: &Init<'_>) -> Result<Mode, Error> {
    let settings = Settings::from_env(init.task_root())?;
    let target = resolve::target(init.handler(), &settings)?;
    let log = Log::open()?;
    let program = match target {
        Target::Exec(file) => return Exec::new(file, None, settings, log).map(Mode::Exec),
        Target::Stream(file) => {
            let content_type = settings::content_type()?;
            return Exec::new(file, Some(content_type), settings, log).map(Mode::Exec);
        }
        Target::Worker(file) => Program::new(file)?,
        Target::Shell { script, function } => shell::program(&script, &function)?,
    };
    let supervisor = Supervisor::start(program, settings, log)?;
    init.connect();
    supervisor.await_ready()?;
    Ok(Mode::Supervised(supervisor))
}

/// What is to be done around a snapshot. Between two events, exec mode has no process to tell.
pub(crate) fn hook(mode: &Mode, hook: Hook) -> Result<(), Error> {
    match mode {
        Mode::Supervised(supervisor) => supervisor.hook(hook),
        Mode::Exec(_) => Ok(()),
    }
}

/// Answers an event.
pub(crate) fn handle(
    event: &[u8],
    context: &Context<'_, Mode>,
    response: &mut Writer<'_>,
) -> Result<(), Error> {
    let whole = match context.state() {
        Mode::Supervised(supervisor) => supervisor.handle(event, context, response)?,
        Mode::Exec(exec) => exec.handle(event, context, response)?,
    };
    match whole {
        Some(whole) => response
            .respond_whole(whole)
            .map_err(|error| Error::new(kind::SYSTEM, error.to_string())),
        None => Ok(()),
    }
}
