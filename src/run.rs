//! The run loop: init, then next, handle, answer.

use std::borrow::Cow;
use std::cell::RefCell;
use std::convert::Infallible;
use std::time::Duration;

use crate::api::{ApiError, Invocation, MAX_RESPONSE, RuntimeApi};
use crate::client::{Client, DefaultClient};
use crate::error::{Error, error_type};
use crate::handler::{Handler, NoResponse};
use crate::invocation::Context;
use crate::poller;
use crate::runtime::{Announce, Init, InitStep, OptIn, Runtime, Step};
use crate::settings::{Endpoint, InvalidEndpoint, Settings};
use crate::snapshot::{self, Hook};
use crate::{ending, log, panics, sys};

/// Runs a function until it cannot go on, and says why.
pub(crate) fn run<S>(runtime: Runtime<S>) -> ! {
    sys::ignore_sigpipe();
    serve(runtime)
}

/// Logs why the process ends, and ends it.
#[cold]
pub(crate) fn end(stop: &Stop) -> ! {
    log::install();
    match stop {
        Stop::Settings(error) => log::error(format_args!("{error}")),
        Stop::Api(error) => log::error(format_args!("{error}; the process ends")),
    }
    sys::exit(1)
}

/// Each end is one of the process, so that nothing is there to be dropped: code for that would lie
/// between what a start executes.
fn serve<S>(runtime: Runtime<S>) -> ! {
    let settings = match Settings::from_env() {
        Ok(settings) => settings,
        Err(error) => end(&Stop::Settings(error)),
    };
    let mut api = RuntimeApi::<DefaultClient>::new(settings.endpoint);
    let snap_start = settings.snap_start;
    let started = start(runtime, settings.handler, snap_start, &mut api);
    let shutdown = started.opt_in.as_ref().and_then(|it| it.shutdown.as_ref());
    let extension = shutdown.map(|shutdown| shutdown.extension);
    if let Some(extension) = extension {
        extension(settings.endpoint);
    }
    // Needed until the process ends; without state nothing is allocated.
    let handler: &'static dyn Handler<S> = Box::leak(started.handler);
    let state: &'static S = Box::leak(Box::new(started.state));
    if snap_start {
        restore(&mut api, started.after, state);
        if let Some(extension) = extension {
            extension(settings.endpoint);
        }
    }
    let result = match started.opt_in {
        None => poll(&mut api, handler, state, None),
        Some(opt_in) => {
            let concurrency = started.concurrency;
            opted_in(*opt_in, settings.endpoint, api, handler, state, concurrency)
        }
    };
    match result {
        Err(error) => {
            ending::claim();
            end(&Stop::Api(error))
        }
    }
}

#[cold]
fn init_failed<C: Client>(api: &mut RuntimeApi<C>, error: Error) -> ! {
    failed("the init phase failed: ", &error, || api.init_error(&error))
}

/// Logs why a phase failed, reports it, and ends the process. In this order, since the platform
/// may end the process as soon as it knows.
#[cold]
fn failed(what: &str, error: &Error, report: impl FnOnce() -> Result<(), ApiError>) -> ! {
    log::install();
    log::failure(what, error);
    if let Err(reason) = report() {
        log::error(format_args!("reporting that failed too: {reason}"));
    }
    sys::exit(1)
}

/// Polls as the function has opted in to.
#[cold]
fn opted_in<S>(
    opt_in: OptIn<S>,
    endpoint: &'static Endpoint,
    mut api: RuntimeApi<DefaultClient>,
    handler: &'static dyn Handler<S>,
    state: &'static S,
    concurrency: usize,
) -> Result<Infallible, ApiError> {
    // Before there are other threads.
    panics::prepare();
    if let Some(shutdown) = opt_in.shutdown {
        (shutdown.watch)(state, shutdown.hooks);
    }
    match opt_in.pollers {
        Some(pollers) if concurrency > 1 => {
            (pollers.poll)(endpoint, api, handler, state, concurrency)
        }
        _ => poll(&mut api, handler, state, opt_in.announce),
    }
}

/// What the init phase has made.
struct Started<S: 'static> {
    handler: Box<dyn Handler<S>>,
    state: S,
    after: Vec<Hook<S>>,
    concurrency: usize,
    opt_in: Option<Box<OptIn<S>>>,
}

/// The init phase: chooses the handler, runs the init step, and under SnapStart the
/// before-snapshot hooks. A failure ends the process.
fn start<C: Client, S>(
    runtime: Runtime<S>,
    name: String,
    snap_start: bool,
    api: &mut RuntimeApi<C>,
) -> Started<S> {
    let begun = snap_start.then(sys::since_boot);
    let (handler, step, hooks, opt_in) = match runtime.choose(&name) {
        Ok(chosen) => chosen,
        Err(error) => init_failed(api, error),
    };
    let pollers = opt_in.as_ref().and_then(|opt_in| opt_in.pollers.as_ref());
    let concurrency = pollers.map_or(1, |pollers| (pollers.count)(handler.sockets()));
    let state = match step {
        Step::Done(state) => state,
        Step::Pending(step) => init(step, name, concurrency, api),
    };
    if let Some(begun) = begun {
        before_snapshot(hooks.before, &state, begun, api);
    }
    Started {
        handler,
        state,
        after: hooks.after,
        concurrency,
        opt_in,
    }
}

/// Runs the init step.
#[inline(never)]
fn init<C: Client, S>(
    step: Box<InitStep<S>>,
    handler: String,
    concurrency: usize,
    api: &mut RuntimeApi<C>,
) -> S {
    let state = {
        let api = RefCell::new(&mut *api);
        let init = Init {
            handler,
            concurrency,
            connect: &|| api.borrow_mut().connect(),
        };
        panics::during_init(|| step(&init))
    };
    state.unwrap_or_else(|error| init_failed(api, error))
}

#[cold]
#[inline(never)]
fn before_snapshot<C: Client, S>(
    hooks: Vec<Hook<S>>,
    state: &S,
    begun: Duration,
    api: &mut RuntimeApi<C>,
) {
    panics::prepare();
    if let Err(error) = snapshot::before(hooks, state, begun) {
        init_failed(api, error);
    }
}

/// The snapshot and what follows it in each restored environment.
#[cold]
fn restore<C: Client, S>(api: &mut RuntimeApi<C>, after: Vec<Hook<S>>, state: &S) {
    if let Err(error) = snapshot::cross(api) {
        end(&Stop::Api(error));
    }
    if let Err(error) = snapshot::after(after, state) {
        failed("the restore failed: ", &error, || api.restore_error(&error));
    }
}

/// Why the process ends.
pub(crate) enum Stop {
    /// There is no Runtime API to talk to.
    Settings(InvalidEndpoint),
    /// The Runtime API does not let it go on.
    Api(ApiError),
}

/// Serves events one after the other; `announce` is told of each before its handler runs.
pub(crate) fn poll<C: Client, S>(
    api: &mut RuntimeApi<C>,
    handler: &dyn Handler<S>,
    state: &S,
    announce: Option<Announce>,
) -> Result<Infallible, ApiError> {
    let function = Function {
        handler,
        state,
        announce,
    };
    let mut scratch = Vec::new();
    loop {
        let invocation = api.next()?;
        serve_one(invocation, &function, &mut scratch)?;
    }
}

/// What an event needs of the function.
struct Function<'a, S> {
    handler: &'a dyn Handler<S>,
    state: &'a S,
    announce: Option<Announce>,
}

/// Handles an event and answers it. Apart from the loop, where start-up waits for the first one.
#[inline(never)]
fn serve_one<C: Client, S>(
    invocation: Invocation<'_, C>,
    function: &Function<'_, S>,
    scratch: &mut Vec<u8>,
) -> Result<(), ApiError> {
    let Invocation {
        event,
        metadata,
        answer,
        broken,
    } = invocation;
    let in_flight = poller::mine();
    panics::prepare();
    in_flight.handle(&metadata);
    scratch.clear();
    let context = Context::new(metadata, function.state);
    if let Some(announce) = function.announce {
        announce(&metadata);
    }
    let result = match broken {
        None => panics::within_invocation(|| function.handler.call(event, &context, scratch)),
        Some(reason) => {
            let message = format!("the event did not come whole: {reason}");
            Err(NoResponse::Failed(Error::new(
                error_type::INVALID_EVENT,
                message,
            )))
        }
    };
    let response = result.and_then(fits);
    let answered = match response {
        Ok(body) => answer.respond(in_flight.claim(), &body),
        Err(NoResponse::Failed(error)) => {
            log::failure("", &error);
            answer.fail(in_flight.claim(), &error)
        }
        // The stream has claimed the answer.
        Err(NoResponse::Streamed(answered)) => answered,
    };
    in_flight.answered();
    match answered {
        Err(error) if error.is_fatal() => return Err(error),
        Err(error) => log::warn(format_args!("the answer was not taken: {error}")),
        Ok(()) => {}
    }
    Ok(())
}

/// Refuses a response that the Runtime API would refuse, so that the caller learns the sizes.
fn fits(body: Cow<'_, [u8]>) -> Result<Cow<'_, [u8]>, NoResponse> {
    if body.len() <= MAX_RESPONSE {
        return Ok(body);
    }
    Err(NoResponse::Failed(Error::new(
        error_type::RESPONSE_TOO_LARGE,
        format!(
            "the response has {} bytes, and Lambda takes at most {MAX_RESPONSE}; return less, or \
             put it into S3 and return where it is",
            body.len()
        ),
    )))
}
