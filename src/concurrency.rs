//! Several invocations at a time, as Lambda Managed Instances hand them out.
//!
//! ```text
//! main thread:  start the second poller -> loop: next -> handler -> answer
//! each other:   start the one behind it -> the same loop, on a connection of its own
//! ```
//!
//! Every poller is a thread that starts at most one other, so that the first `next`, which ends
//! the init phase, waits for one thread and not for all.
//!
//! Source: the Lambda developer guide, "Lambda Managed Instances execution environment" and
//! "Building a custom runtime".

use std::convert::Infallible;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::api::{ApiError, RuntimeApi};
use crate::client::DefaultClient;
use crate::error::{Error, kind};
use crate::handler::Handler;
use crate::invocation::flight::{self, Flight};
use crate::settings::{self, Endpoint};
use crate::sys::{self, thread};
use crate::{log, panics, run};

/// How many pollers there are to be; a value that is none is logged.
pub(crate) fn count() -> usize {
    let (count, problem) = settings::max_concurrency();
    if let Some(problem) = problem {
        log::install();
        log::warn(format_args!("{problem}"));
    }
    count
}

/// What the pollers share.
struct Shared<S: 'static> {
    endpoint: &'static Endpoint,
    handler: &'static dyn Handler<S>,
    state: &'static S,
    count: usize,
}

/// Polls with `count` threads, of which this one is the first; `api` is its connection.
pub(crate) fn poll<S: Sync>(
    endpoint: &'static Endpoint,
    mut api: RuntimeApi<DefaultClient>,
    handler: &'static dyn Handler<S>,
    state: &'static S,
    count: usize,
) -> Result<Infallible, ApiError> {
    // Before there are threads that may log.
    log::install();
    let shared: &'static Shared<S> = Box::leak(Box::new(Shared {
        endpoint,
        handler,
        state,
        count,
    }));
    let first = flight::first();
    first.board();
    panics::report_to(others);
    start(shared, first, 2);
    only_one(run::poll(&mut api, handler, state, None))
}

/// Starts the poller of that number behind the one whose flight is the last.
fn start<S: Sync>(shared: &'static Shared<S>, last: &'static Flight, number: usize) {
    if number > shared.count {
        return;
    }
    let flight = last.another();
    let work = move || {
        flight.board();
        start(shared, flight, number + 1);
        let mut api = RuntimeApi::<DefaultClient>::new(shared.endpoint);
        let Err(error) = only_one(run::poll(&mut api, shared.handler, shared.state, None));
        run::end(&run::Stop::Api(error));
    };
    if let Err(error) = thread::spawn(work) {
        log::warn(format_args!(
            "only {} of {} pollers were started: {error}; lower the function's maximum \
             concurrency, or raise its limit of processes and memory",
            number - 1,
            shared.count
        ));
    }
}

/// Lets the first poller that cannot go on end the process; the others wait for that.
fn only_one(stopped: Result<Infallible, ApiError>) -> Result<Infallible, ApiError> {
    static STOPPED: AtomicBool = AtomicBool::new(false);
    if STOPPED.swap(true, Ordering::Relaxed) {
        sys::wait_for_the_end();
    }
    stopped
}

/// A panic of the poller `mine`, or of a thread that is none, ends the process: each other
/// invocation in hand gets an error that says so, and answers that are on the way are waited for.
fn others(api: &mut RuntimeApi<DefaultClient>, mine: &Flight) -> Result<(), ApiError> {
    let mut reported = Ok(());
    for flight in flight::all().filter(|flight| flight.take_over(flight::INVOCATION)) {
        // Without the message, which may have what belongs to the other's caller.
        let error = Error::new(
            kind::PROCESS_ENDED,
            "the process ends because of a panic outside this invocation; the log has it, and \
             the invocation may be tried again",
        );
        reported = reported.and(panics::fail(api, flight, &error));
    }
    flight::settle(Some(mine));
    reported
}
