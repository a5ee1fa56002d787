//! The run loop: init, then next, handle, answer.

use std::cell::RefCell;
use std::convert::Infallible;
use std::time::Duration;

use crate::api::{Answer, ApiError, Invocation, MAX_RESPONSE, RuntimeApi, response_too_large};
use crate::client::{Client, DefaultClient};
use crate::error::{Error, error_type};
use crate::handler::{self, Handler, Outcome};
use crate::invocation::Context;
use crate::poller::{self, Poller};
use crate::registration::{Chosen, Features, Function, Init, InitStep, Registration, Step, Surroundings};
use crate::settings::{InvalidEndpoint, Settings};
use crate::snapshot::{self, Hook};
use crate::{ending, log, panics, sys};

/// Runs a function until it cannot go on, and says why.
pub(crate) fn run<S>(registration: Registration<S>) -> ! {
    sys::ignore_sigpipe();
    serve(registration)
}

/// Logs why the process ends, and ends it.
#[cold]
pub(crate) fn end(stop: &Stop) -> ! {
    match stop {
        Stop::Settings(error) => log::error(format_args!("{error}")),
        Stop::Api(error) => log::error(format_args!("{error}; the process ends")),
    }
    sys::exit(1)
}

/// Every way out ends the process, so no value is dropped: code for that would lie between the code that
/// a start executes.
fn serve<S>(registration: Registration<S>) -> ! {
    let settings = match Settings::from_env() {
        Ok(settings) => settings,
        Err(error) => end(&Stop::Settings(error)),
    };
    let mut api = RuntimeApi::<DefaultClient>::new(settings.endpoint);
    let snap_start = settings.snap_start;
    let chosen = registration.choose(&settings.handler, settings.has_log_level);
    let started = start(chosen, settings.handler, snap_start, &mut api);
    let shutdown = started
        .features
        .as_ref()
        .and_then(|it| it.shutdown.as_ref());
    let register_extension = shutdown.map(|shutdown| shutdown.register_extension);
    if let Some(register_extension) = register_extension {
        register_extension(settings.endpoint);
    }
    let function = Function {
        endpoint: settings.endpoint,
        // Needed until the process ends; without state nothing is allocated.
        handler: Box::leak(started.handler),
        state: Box::leak(Box::new(started.state)),
        before_event: None,
    };
    if snap_start {
        restore(&mut api, started.after, function.state);
        if let Some(register_extension) = register_extension {
            register_extension(settings.endpoint);
        }
    }
    let result = match started.features {
        None => poll(&mut api, &function),
        Some(features) => poll_with(*features, api, function, started.concurrency),
    };
    match result {
        Err(error) => {
            ending::begin();
            end(&Stop::Api(error))
        }
    }
}

#[cold]
fn init_failed<C: Client>(api: &mut RuntimeApi<C>, error: Error) -> ! {
    failed("the init phase failed: ", &error, || api.init_error(&error))
}

/// Logs why a phase failed, reports it, and ends the process. The log comes first, since the platform may
/// end the process as soon as it has the report.
#[cold]
fn failed(what: &str, error: &Error, report: impl FnOnce() -> Result<(), ApiError>) -> ! {
    log::failure(what, error);
    if let Err(reason) = report() {
        log::error(format_args!("reporting that failed too: {reason}"));
    }
    sys::exit(1)
}

/// Polls with the features of the function.
#[cold]
fn poll_with<S>(
    features: Features<S>,
    mut api: RuntimeApi<DefaultClient>,
    mut function: Function<S>,
    concurrency: usize,
) -> Result<Infallible, ApiError> {
    // Before there are other threads.
    panics::install_with_log();
    if let Some(shutdown) = features.shutdown {
        (shutdown.watch)(function.state, shutdown.hooks);
    }
    if let Some(hooks) = features.answers {
        (hooks.install)(hooks);
    }
    match features.pollers {
        Some(pollers) if concurrency > 1 => (pollers.poll)(api, function, concurrency),
        _ => {
            // Only a single poller may change the environment, which belongs to all of them.
            function.before_event = features.before_event;
            poll(&mut api, &function)
        }
    }
}

/// The results of the init phase.
struct Started<S: 'static> {
    handler: Box<dyn Handler<S>>,
    state: S,
    after: Vec<Hook<S>>,
    concurrency: usize,
    features: Option<Box<Features<S>>>,
}

/// The init phase with the handler that was chosen: runs the init step, and under SnapStart the
/// before-snapshot hooks. A failure ends the process.
fn start<C: Client, S>(
    chosen: Result<Chosen<S>, Error>,
    name: String,
    snap_start: bool,
    api: &mut RuntimeApi<C>,
) -> Started<S> {
    let begun = snap_start.then(sys::since_boot);
    let Chosen {
        handler,
        step,
        hooks,
        features,
    } = match chosen {
        Ok(chosen) => chosen,
        Err(error) => init_failed(api, error),
    };
    let pollers = features.as_ref().and_then(|it| it.pollers.as_ref());
    let concurrency = pollers.map_or(1, |pollers| (pollers.count)(handler.connections()));
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
        features,
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
        let connect = || api.borrow_mut().connect();
        let init = Init {
            handler,
            concurrency,
            surroundings: Surroundings::Lambda(&connect),
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
    panics::install_with_log();
    if let Err(error) = snapshot::before(hooks, state, begun) {
        init_failed(api, error);
    }
}

/// The snapshot and what follows it in each restored environment.
#[cold]
fn restore<C: Client, S>(api: &mut RuntimeApi<C>, after: Vec<Hook<S>>, state: &S) {
    if let Err(error) = snapshot::wait_for_restore(api) {
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

/// Serves events one after the other.
pub(crate) fn poll<C: Client, S>(
    api: &mut RuntimeApi<C>,
    function: &Function<S>,
) -> Result<Infallible, ApiError> {
    let mut scratch = Vec::new();
    loop {
        let invocation = api.next()?;
        serve_one(invocation, function, &mut scratch)?;
    }
}

/// Handles an event and answers it. It is a function apart from the loop, in which start-up waits for the
/// first event.
#[inline(never)]
fn serve_one<C: Client, S>(
    invocation: Invocation<'_, C>,
    function: &Function<S>,
    scratch: &mut Vec<u8>,
) -> Result<(), ApiError> {
    let Invocation {
        event,
        metadata,
        answer,
        broken,
        ignored,
    } = invocation;
    let poller = poller::mine();
    panics::install_with_log();
    poller.accept(&metadata);
    if !ignored.is_empty() {
        log::warn(format_args!("{ignored}"));
    }
    scratch.clear();
    let context = Context::new(metadata, function.state);
    if let Some(before_event) = function.before_event {
        before_event(&metadata);
    }
    let result = match broken {
        None => panics::within_invocation(|| function.handler.call(event, &context, scratch)),
        Some(reason) => {
            let message = format!("the event did not come whole: {reason}");
            Err(Error::new(error_type::INVALID_EVENT, message))
        }
    };
    let answered = match result {
        // The Runtime API would refuse it.
        Ok(Outcome::Response(body)) if body.len() > MAX_RESPONSE => {
            let error = response_too_large(body.len() as u64);
            fail(answer, poller, &context, error)
        }
        Ok(Outcome::Response(body)) => {
            handler::before_answer(&context, Ok(()));
            answer.respond(poller.claim(), &body)
        }
        // The stream has claimed the answer.
        Ok(Outcome::Streamed(answered)) => answered,
        Err(error) => fail(answer, poller, &context, error),
    };
    poller.answered();
    let taken = answered.is_ok();
    match answered {
        Err(error) if error.is_fatal() => return Err(error),
        Err(error) => log::warn(format_args!("the answer was not taken: {error}")),
        Ok(()) => {}
    }
    handler::after_answer(&context, taken);
    Ok(())
}

#[cold]
#[inline(never)]
fn fail<C: Client, S: 'static>(
    answer: Answer<'_, C>,
    poller: &Poller,
    context: &Context<'_, S>,
    error: Error,
) -> Result<(), ApiError> {
    log::failure("", &error);
    handler::before_answer(context, Err(&error));
    answer.fail(poller.claim(), &error)
}
