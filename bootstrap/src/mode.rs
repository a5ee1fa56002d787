//! The three modes: a worker, a shell function, an executable.

use std::borrow::Cow;

use coldspark::{Context, Error, Init};

use crate::control::Hook;
use crate::exec::Exec;
use crate::log::Log;
use crate::pool::Pool;
use crate::program::Program;
use crate::resolve::Target;
use crate::settings::Settings;
use crate::supervisor::{Supervisor, notice};
use crate::{resolve, shell, shutdown};

/// How the function's events are answered.
pub(crate) enum Mode {
    Supervised(Pool<Supervisor>),
    Exec(Pool<Exec>),
}

/// The init step: starts what answers, and waits until it is ready.
pub(crate) fn start(init: &Init<'_>) -> Result<Mode, Error> {
    let settings = Settings::from_env(init.task_root())?;
    let target = resolve::target(init.handler(), &settings)?;
    if let Target::Exec(file) = target {
        let pool = Pool::new(move || Exec::new(file.clone(), settings.clone(), Log::open()?));
        pool.put(pool.another()?);
        return Ok(Mode::Exec(pool));
    }
    let pool = Pool::new(move || {
        let program = match &target {
            Target::Exec(file) | Target::Worker(file) => Program::new(file.clone())?,
            Target::Shell { script, function } => shell::program(script, function)?,
        };
        Supervisor::start(program, settings.clone(), Log::open()?)
    });
    let first = pool.another()?;
    init.connect();
    first.await_ready()?;
    // The others get ready while the first one may have events; whoever needs one waits for it.
    for _ in 1..init.concurrency() {
        let other = pool.another().and_then(|other| {
            other.carry_log()?;
            Ok(other)
        });
        match other {
            Ok(other) => pool.put(other),
            Err(error) => {
                notice(&format!(
                    "no worker for each event at a time: {error}; events start what is missing"
                ));
                break;
            }
        }
    }
    pool.put(first);
    Ok(Mode::Supervised(pool))
}

/// What is to be done around a snapshot. Between two events, exec mode has no process to tell.
pub(crate) fn hook(mode: &Mode, hook: Hook) -> Result<(), Error> {
    match mode {
        Mode::Supervised(pool) => pool.idle().iter().try_for_each(|one| one.hook(hook)),
        Mode::Exec(_) => Ok(()),
    }
}

/// Ends every process that there is.
pub(crate) fn shut_down(mode: &Mode) -> Result<(), Error> {
    match mode {
        Mode::Supervised(pool) => shutdown::workers(pool),
        Mode::Exec(_) => shutdown::executables(),
    }
    Ok(())
}

/// Answers an event.
pub(crate) fn handle<'e>(
    event: &'e [u8],
    context: &Context<'e, Mode>,
) -> Result<Cow<'e, [u8]>, Error> {
    let response = match context.state() {
        Mode::Supervised(pool) => pool.with(|supervisor| supervisor.handle(event, context)),
        Mode::Exec(pool) => pool.with(|exec| exec.handle(event, context)),
    };
    response.map(Cow::Owned)
}
