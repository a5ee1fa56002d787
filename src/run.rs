//! The run of a function: the init phase, then the loop of next, handler, answer.

use std::convert::Infallible;

use crate::api::{Answer, ApiError, Invocation, MAX_RESPONSE, RuntimeApi, response_too_large};
use crate::client::{Client, DefaultClient};
use crate::ending::{self, Reason};
use crate::error::{Error, error_type};
use crate::handler::{self, Outcome};
use crate::invocation::Context;
use crate::poller::{self, Poller};
use crate::registration::{Features, Function, Registration};
use crate::settings::Settings;
use crate::{init_phase, log, panics, sys};

/// Runs a function until it cannot go on, and says why.
pub(crate) fn run<S>(registration: Registration<S>) -> ! {
    sys::ignore_sigpipe();
    serve(registration)
}

/// It never returns, so it drops no value: code that drops values would lie between the code that a start
/// executes, and fill its pages.
fn serve<S>(registration: Registration<S>) -> ! {
    let settings = match Settings::from_env() {
        Ok(settings) => settings,
        Err(error) => ending::exit(&Reason::Settings(error)),
    };
    let mut api = RuntimeApi::<DefaultClient>::new(settings.endpoint);
    let snap_start = settings.snap_start;
    let chosen = registration.choose(&settings.handler, settings.has_log_level);
    let started = init_phase::run(chosen, settings.handler, snap_start, &mut api);
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
        init_phase::restore(&mut api, started.after_restore, function.state);
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
            ending::exit(&Reason::Api(error))
        }
    }
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

/// Handles an event and answers it. It is not inlined into the loop, so that start-up, which ends with the wait
/// there, does not load this code.
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
