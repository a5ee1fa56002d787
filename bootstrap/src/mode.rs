//! Starts what answers the events, as the handler says: `worker:` and `shell:` have supervisors, `exec:` and
//! `stream:` executables, `http:` a web application.

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

/// What answers the function's events: a pool for `worker:` and `shell:`, one for `exec:` and `stream:`, or a web
/// application.
pub(crate) enum Processes {
    Supervised(Pool<Supervisor>),
    Exec(Pool<Exec>),
    Http(Box<Application>),
}

/// How long an init phase with COLDSPARK_ASYNC_INIT waits for a worker, counted from now; the first event waits
/// for the rest. Lambda stops an init phase after 10 s and starts it again; some of that time has passed when
/// this process starts.
const ASYNC_INIT_LIMIT: Duration = Duration::from_millis(9500);

/// The init step: starts what answers, and waits until it is ready.
pub(crate) fn start(init: &Init<'_>) -> Result<Processes, Error> {
    signals::set_up();
    let async_limit = settings::async_init()?.then(|| since_boot() + ASYNC_INIT_LIMIT);
    let settings = Settings::from_env(init.task_root())?;
    // Most functions need not wait for this, which takes a second connection and an exchange.
    internal::polled_shutdown::register_extension(settings::shutdown()?);
    if is_web_application(init.handler()) {
        return start_web(init, settings);
    }
    settings::warn_of_wrapper();
    let target = match init.handler() {
        "" => resolve::target(&arguments::first().unwrap_or_default(), &settings)?,
        handler => resolve::target(handler, &settings)?,
    };
    let one_poller = init.concurrency() == 1;
    let target = match target {
        Target::Exec(file) => return start_exec(file, None, settings, one_poller),
        Target::Stream(file) => {
            return start_exec(file, Some(settings::content_type()?), settings, one_poller);
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
        Supervisor::start(program, settings.clone(), log(one_poller)?)
    });
    let first = pool.another()?;
    init.connect();
    first.await_ready(async_limit)?;
    // The others get ready while the first one may have events; an event that needs one waits for it.
    for _ in 1..init.concurrency() {
        let other = pool.another().and_then(|other| {
            other.ensure_log_reader()?;
            Ok(other)
        });
        match other {
            Ok(other) => pool.put(other),
            Err(error) => {
                internal::warn(format_args!(
                    "there are fewer workers than events at a time: {error}; an event that finds no idle \
                     worker starts one"
                ));
                break;
            }
        }
    }
    pool.put(first);
    Ok(Processes::Supervised(pool))
}

/// Whether the handler is a web application. Every start asks this, so the module of web applications is
/// called only where the answer is not clear without it.
fn is_web_application(handler: &str) -> bool {
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
fn log(one_poller: bool) -> Result<&'static Log, Error> {
    let log = Log::open(one_poller)?;
    if one_poller {
        wait::set_log(log);
    }
    Ok(log)
}

/// Runs the hooks of workers and web applications. In exec mode no process runs between two events.
pub(crate) fn run_hook(processes: &Processes, hook: Hook) -> Result<(), Error> {
    match processes {
        Processes::Supervised(pool) => pool.idle().iter().try_for_each(|one| one.hook(hook)),
        Processes::Exec(_) => Ok(()),
        Processes::Http(application) => application.hook(hook),
    }
}

/// Ends every process.
pub(crate) fn shut_down(processes: &Processes) -> Result<(), Error> {
    match processes {
        Processes::Supervised(pool) => shutdown::end_workers(pool),
        Processes::Exec(_) | Processes::Http(_) => shutdown::end_executables(),
    }
    Ok(())
}

/// Answers an event.
pub(crate) fn handle(
    event: &[u8],
    context: &Context<'_, Processes>,
    writer: &mut Writer<'_>,
) -> Result<(), Error> {
    if children::shutdown_has_begun() {
        return Err(Error::new(
            error::PROCESS_ENDED,
            "Lambda ends the environment; the invocation may be tried again",
        ));
    }
    signals::before_event();
    let response = match context.state() {
        Processes::Supervised(pool) => pool.with(|one| one.handle(event, context, writer))?,
        Processes::Exec(pool) => handle_exec(pool, event, context, writer)?,
        Processes::Http(application) => handle_http(application, event, context, writer)?,
    };
    match response {
        Some(response) => writer
            .respond_whole(response)
            .map_err(|error| Error::new(error::SYSTEM, error.to_string())),
        None => Ok(()),
    }
}

// These are not inlined, so that the code of one mode does not lie within that of another.

#[inline(never)]
fn handle_exec(
    pool: &Pool<Exec>,
    event: &[u8],
    context: &Context<'_, Processes>,
    writer: &mut Writer<'_>,
) -> Result<Option<Vec<u8>>, Error> {
    pool.with(|exec| exec.handle(event, context, writer))
}

#[inline(never)]
fn handle_http(
    application: &Application,
    event: &[u8],
    context: &Context<'_, Processes>,
    writer: &mut Writer<'_>,
) -> Result<Option<Vec<u8>>, Error> {
    application.handle(event, &context.without_state(), writer)
}

/// The init step of executables.
#[inline(never)]
fn start_exec(
    file: PathBuf,
    content_type: Option<String>,
    settings: Settings,
    one_poller: bool,
) -> Result<Processes, Error> {
    let pool = Pool::new(move || {
        Exec::new(
            file.clone(),
            content_type.clone(),
            settings.clone(),
            log(one_poller)?,
        )
    });
    pool.put(pool.another()?);
    Ok(Processes::Exec(pool))
}

/// The init step of a web application.
#[inline(never)]
fn start_web(init: &Init<'_>, settings: Settings) -> Result<Processes, Error> {
    http::go_through_proxy();
    let log = log(init.concurrency() == 1)?;
    let application = http::start(init, settings, log, since_boot() + ASYNC_INIT_LIMIT)?;
    Ok(Processes::Http(application))
}
