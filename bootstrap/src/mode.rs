//! The modes: a worker, a shell function, an executable, a web application.

use std::path::PathBuf;
use std::time::Duration;

use coldspark::internal::since_boot;
use coldspark::stream::Writer;
use coldspark::{Context, Error, Init, internal};

use crate::exec::Exec;
use crate::http::{self, Application};
use crate::log::Log;
use crate::pool::Pool;
use crate::process::{arguments, wait};
use crate::resolve::Target;
use crate::settings::{self, Settings};
use crate::sys::{self, children, signals};
use crate::worker::program::Program;
use crate::worker::protocol::Hook;
use crate::worker::shell;
use crate::worker::supervisor::Supervisor;
use crate::{error, resolve, shutdown};

/// How the function's events are answered.
pub(crate) enum Mode {
    Supervised(Pool<Supervisor>),
    Exec(Pool<Exec>),
    Http(Box<Application>),
}

/// How long after the boot a worker that is not ready is left to the first event, with
/// COLDSPARK_ASYNC_INIT. Lambda stops an init phase after 10 s and starts it again; some of that time has
/// passed when this process starts.
const LEAVE: Duration = Duration::from_millis(9500);

/// The init step: starts what answers, and waits until it is ready.
pub(crate) fn start(init: &Init<'_>) -> Result<Mode, Error> {
    signals::set_up();
    let leave = settings::async_init()?.then(|| since_boot() + LEAVE);
    let settings = Settings::from_env(init.task_root())?;
    // It takes a second connection and an exchange, which most functions need not wait for.
    internal::shutdown_by_hand::register_extension(settings::shutdown()?);
    if is_web(init.handler()) {
        return start_web(init, settings);
    }
    settings::warn_of_wrapper();
    let target = match init.handler() {
        "" => resolve::target(&arguments::first().unwrap_or_default(), &settings)?,
        handler => resolve::target(handler, &settings)?,
    };
    let alone = init.concurrency() == 1;
    let target = match target {
        Target::Exec(file) => return start_exec(file, None, settings, alone),
        Target::Stream(file) => {
            return start_exec(file, Some(settings::content_type()?), settings, alone);
        }
        Target::Worker(_) | Target::Shell { .. } => target,
    };
    let pool = Pool::new(move || {
        let program = match &target {
            Target::Shell { script, function } => shell::program(script, function)?,
            Target::Exec(file) | Target::Stream(file) | Target::Worker(file) => {
                Program::new(file.clone())?
            }
        };
        Supervisor::start(program, settings.clone(), log(alone)?)
    });
    let first = pool.another()?;
    init.connect();
    first.await_ready(leave)?;
    // The others get ready while the first one may have events; whoever needs one waits for it.
    for _ in 1..init.concurrency() {
        let other = pool.another().and_then(|other| {
            other.ensure_log_reader()?;
            Ok(other)
        });
        match other {
            Ok(other) => pool.put(other),
            Err(error) => {
                internal::warn(format_args!(
                    "no worker for each event at a time: {error}; events start what is missing"
                ));
                break;
            }
        }
    }
    pool.put(first);
    Ok(Mode::Supervised(pool))
}

/// Whether the handler is a web application. All starts ask this, so the module is asked only what
/// cannot be ruled out here.
fn is_web(handler: &str) -> bool {
    let (form, _) = handler.split_once(':').unwrap_or_default();
    match form {
        "http" => true,
        "worker" | "exec" | "stream" | "shell" => false,
        _ if settings::has_adapter_settings() => true,
        _ => {
            (handler.is_empty() || sys::variable(settings::WRAPPER).is_some())
                && http::is_wrapped(handler)
        }
    }
}

/// Opens a log. With one poller, every wait reads it from then on.
fn log(alone: bool) -> Result<&'static Log, Error> {
    let log = Log::open(alone)?;
    if alone {
        wait::set_log(log);
    }
    Ok(log)
}

/// Tells the workers of a snapshot or a restore. In exec mode no process runs between two events.
pub(crate) fn hook(mode: &Mode, hook: Hook) -> Result<(), Error> {
    match mode {
        Mode::Supervised(pool) => pool.idle().iter().try_for_each(|one| one.hook(hook)),
        Mode::Exec(_) => Ok(()),
        Mode::Http(application) => application.hook(hook),
    }
}

/// Ends every process.
pub(crate) fn shut_down(mode: &Mode) -> Result<(), Error> {
    match mode {
        Mode::Supervised(pool) => shutdown::end_workers(pool),
        Mode::Exec(_) | Mode::Http(_) => shutdown::end_executables(),
    }
    Ok(())
}

/// Answers an event.
pub(crate) fn handle(
    event: &[u8],
    context: &Context<'_, Mode>,
    response: &mut Writer<'_>,
) -> Result<(), Error> {
    if children::shutdown_has_begun() {
        return Err(Error::new(
            error::PROCESS_ENDED,
            "Lambda ends the environment; the invocation may be tried again",
        ));
    }
    signals::before_event();
    let whole = match context.state() {
        Mode::Supervised(pool) => pool.with(|one| one.handle(event, context, response))?,
        Mode::Exec(pool) => execute(pool, event, context, response)?,
        Mode::Http(application) => ask(application, event, context, response)?,
    };
    match whole {
        Some(whole) => response
            .respond_whole(whole)
            .map_err(|error| Error::new(error::SYSTEM, error.to_string())),
        None => Ok(()),
    }
}

// Functions of their own, so that the code of one mode does not lie between that of another.

#[inline(never)]
fn execute(
    pool: &Pool<Exec>,
    event: &[u8],
    context: &Context<'_, Mode>,
    response: &mut Writer<'_>,
) -> Result<Option<Vec<u8>>, Error> {
    pool.with(|exec| exec.handle(event, context, response))
}

#[inline(never)]
fn ask(
    application: &Application,
    event: &[u8],
    context: &Context<'_, Mode>,
    response: &mut Writer<'_>,
) -> Result<Option<Vec<u8>>, Error> {
    application.handle(event, &context.without_state(), response)
}

/// The init step of executables.
#[inline(never)]
fn start_exec(
    file: PathBuf,
    streamed: Option<String>,
    settings: Settings,
    alone: bool,
) -> Result<Mode, Error> {
    let pool = Pool::new(move || {
        Exec::new(
            file.clone(),
            streamed.clone(),
            settings.clone(),
            log(alone)?,
        )
    });
    pool.put(pool.another()?);
    Ok(Mode::Exec(pool))
}

/// The init step of a web application.
#[inline(never)]
fn start_web(init: &Init<'_>, settings: Settings) -> Result<Mode, Error> {
    http::go_through_proxy();
    let log = log(init.concurrency() == 1)?;
    let application = http::start(init, settings, log, since_boot() + LEAVE)?;
    Ok(Mode::Http(application))
}
