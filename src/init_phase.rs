//! The init phase: the init step, and under SnapStart the hooks before the snapshot; and the restore, which
//! follows it in each environment. A failure is reported, and ends the process.

use std::cell::RefCell;
use std::time::Duration;

use crate::api::{ApiError, RuntimeApi};
use crate::client::Client;
use crate::ending::{self, Reason};
use crate::error::Error;
use crate::handler::Handler;
use crate::registration::{Chosen, Features, Init, InitStep, Step, Surroundings};
use crate::snapshot::{self, Hook};
use crate::{log, panics, sys};

/// The results of the init phase.
pub(crate) struct Started<S: 'static> {
    pub(crate) handler: Box<dyn Handler<S>>,
    pub(crate) state: S,
    pub(crate) after_restore: Vec<Hook<S>>,
    pub(crate) concurrency: usize,
    pub(crate) features: Option<Box<Features<S>>>,
}

/// The init phase with the handler that was chosen: runs the init step, and under SnapStart the
/// before-snapshot hooks. A failure ends the process.
pub(crate) fn run<C: Client, S>(
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
        Err(error) => end_init(api, error),
    };
    let pollers = features.as_ref().and_then(|it| it.pollers.as_ref());
    let concurrency = pollers.map_or(1, |pollers| (pollers.count)(handler.connections()));
    let state = match step {
        Step::Done(state) => state,
        Step::Pending(step) => run_step(step, name, concurrency, api),
    };
    if let Some(begun) = begun {
        before_snapshot(hooks.before, &state, begun, api);
    }
    Started {
        handler,
        state,
        after_restore: hooks.after,
        concurrency,
        features,
    }
}

/// Runs the init step.
#[inline(never)]
fn run_step<C: Client, S>(
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
    state.unwrap_or_else(|error| end_init(api, error))
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
        end_init(api, error);
    }
}

/// The snapshot and what follows it in each restored environment.
#[cold]
pub(crate) fn restore<C: Client, S>(api: &mut RuntimeApi<C>, after: Vec<Hook<S>>, state: &S) {
    if let Err(error) = snapshot::wait_for_restore(api) {
        ending::exit(&Reason::Api(error));
    }
    if let Err(error) = snapshot::after(after, state) {
        end_phase("the restore failed: ", &error, || api.restore_error(&error));
    }
}

#[cold]
fn end_init<C: Client>(api: &mut RuntimeApi<C>, error: Error) -> ! {
    end_phase("the init phase failed: ", &error, || api.init_error(&error))
}

/// Logs why a phase failed, reports it, and ends the process. The log comes first, since the platform may
/// end the process as soon as it has the report.
#[cold]
fn end_phase(what: &str, error: &Error, report: impl FnOnce() -> Result<(), ApiError>) -> ! {
    log::failure(what, error);
    if let Err(reason) = report() {
        log::error(format_args!(
            "the Runtime API did not get the error of this failure: {reason}"
        ));
    }
    sys::exit(1)
}
