//! The run loop: init, then next, handle, answer.

use std::borrow::Cow;
use std::cell::RefCell;
use std::convert::Infallible;
use std::fmt::Display;

use crate::api::{ApiError, Invocation, MAX_RESPONSE, RuntimeApi};
use crate::client::{Client, DefaultClient};
use crate::error::{Error, kind};
use crate::handler::{Handler, NoResponse};
use crate::invocation::Context;
use crate::runtime::{Init, Runtime, Step};
use crate::settings::{InvalidEndpoint, Settings};
use crate::snapshot::{self, Hook};
use crate::{invocation, log, panics, sys};

/// Runs a function until it cannot go on, and says why.
pub(crate) fn run<S>(runtime: Runtime<S>) -> ! {
    sys::ignore_sigpipe();
    let Err(stop) = serve(runtime);
    log::install();
    match stop {
        Stop::Settings(error) => tracing::error!("{error}"),
        Stop::Init(error, unreported) => {
            log::failure("the init phase failed: ", &error, shown(&unreported));
        }
        Stop::Restore(error, unreported) => {
            log::failure("the restore failed: ", &error, shown(&unreported));
        }
        Stop::Api(error) => tracing::error!("{error}; the process ends"),
    }
    sys::exit(1)
}

fn shown(error: &Option<ApiError>) -> Option<&dyn Display> {
    error.as_ref().map(|error| error as _)
}

fn serve<S>(runtime: Runtime<S>) -> Result<Infallible, Stop> {
    let settings = Settings::from_env().map_err(Stop::Settings)?;
    panics::install();
    let mut api = RuntimeApi::<DefaultClient>::new(settings.endpoint);
    let snap_start = settings.snap_start;
    let started = start(runtime, settings.handler, snap_start, &mut api);
    let (handler, state, after) = started.map_err(|error| {
        let unreported = api.init_error(&error).err();
        Stop::Init(error, unreported)
    })?;
    if snap_start {
        restore(&mut api, after, &state)?;
    }
    poll(&mut api, &*handler, &state).map_err(Stop::Api)
}

/// The handler, its state, and the after-restore hooks.
type Started<S> = (Box<dyn Handler<S>>, S, Vec<Hook<S>>);

/// The init phase: chooses the handler, runs the init step, and under SnapStart the
/// before-snapshot hooks.
fn start<C: Client, S>(
    runtime: Runtime<S>,
    name: String,
    snap_start: bool,
    api: &mut RuntimeApi<C>,
) -> Result<Started<S>, Error> {
    let begun = snap_start.then(sys::since_boot);
    let (handler, step, hooks) = runtime.choose(&name)?;
    let state = match step {
        Step::Done(state) => state,
        Step::Pending(step) => {
            log::install();
            let api = RefCell::new(api);
            let init = Init {
                handler: name,
                connect: &|| api.borrow_mut().connect(),
            };
            panics::during_init(|| step(&init))?
        }
    };
    if let Some(begun) = begun {
        log::install();
        snapshot::before(hooks.before, &state, begun)?;
    }
    Ok((handler, state, hooks.after))
}

/// The snapshot and what follows it in each restored environment.
#[cold]
fn restore<C: Client, S>(
    api: &mut RuntimeApi<C>,
    after: Vec<Hook<S>>,
    state: &S,
) -> Result<(), Stop> {
    snapshot::cross(api).map_err(Stop::Api)?;
    snapshot::after(after, state).map_err(|error| {
        let unreported = api.restore_error(&error).err();
        Stop::Restore(error, unreported)
    })
}

/// Why the process ends.
enum Stop {
    /// There is no Runtime API to talk to.
    Settings(InvalidEndpoint),
    /// The init phase failed; it was reported unless there is a second error.
    Init(Error, Option<ApiError>),
    /// An after-restore hook failed; it was reported unless there is a second error.
    Restore(Error, Option<ApiError>),
    /// The Runtime API does not let it go on.
    Api(ApiError),
}

fn poll<C: Client, S>(
    api: &mut RuntimeApi<C>,
    handler: &dyn Handler<S>,
    state: &S,
) -> Result<Infallible, ApiError> {
    let mut scratch = Vec::new();
    loop {
        let Invocation {
            event,
            metadata,
            answer,
            broken,
        } = api.next()?;
        log::install();
        scratch.clear();
        let context = Context::new(metadata, state);
        let result = match broken {
            None => {
                panics::during_invocation(&metadata, || handler.call(event, &context, &mut scratch))
            }
            Some(reason) => {
                invocation::set_current(&metadata);
                let message = format!("the event did not come whole: {reason}");
                Err(NoResponse::Failed(Error::new(kind::INVALID_EVENT, message)))
            }
        };
        let response = result.and_then(fits);
        let answered = match response {
            Ok(body) => answer.respond(&body),
            Err(NoResponse::Failed(error)) => {
                log::failure("", &error, None);
                answer.fail(&error)
            }
            Err(NoResponse::Streamed(answered)) => answered,
        };
        match answered {
            Ok(()) => {}
            Err(error) if error.is_fatal() => return Err(error),
            Err(error) => {
                tracing::warn!("the answer was not taken: {error}");
            }
        }
    }
}

/// Refuses a response that the Runtime API would refuse, so that the caller learns the sizes.
fn fits(body: Cow<'_, [u8]>) -> Result<Cow<'_, [u8]>, NoResponse> {
    if body.len() <= MAX_RESPONSE {
        return Ok(body);
    }
    Err(NoResponse::Failed(Error::new(
        kind::RESPONSE_TOO_LARGE,
        format!(
            "the response has {} bytes, and Lambda takes at most {MAX_RESPONSE}; return less, or \
             put it into S3 and return where it is",
            body.len()
        ),
    )))
}
