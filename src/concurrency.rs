//! Several invocations at a time, as Lambda Managed Instances hand them out.
//!
//! ```text
//! main thread:  start the second poller -> loop: next -> handler -> answer
//! each other:   start the next poller -> the same loop, on a connection of its own
//! ```
//!
//! Every poller is a thread that starts at most one other, so that the first `next`, which ends
//! the init phase, waits for one thread and not for all.
//!
//! Source: the Lambda developer guide, "Lambda Managed Instances execution environment" and
//! "Building a custom runtime".

use std::convert::Infallible;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::api::{ApiError, RuntimeApi};
use crate::client::DefaultClient;
use crate::ending::{self, Farewell, Reason};
use crate::error::{Error, error_type};
use crate::poller::{self, Poller};
use crate::registration::Function;
use crate::settings;
use crate::sys::{self, descriptors, thread};
use crate::{log, run};

/// Descriptors that are left to the function: standard streams, files, connections.
const DESCRIPTORS_LEFT: usize = 24;

/// The number of pollers, each of which needs `connections` connections. A setting that is not a number,
/// or for which there are not enough descriptors, is logged.
pub(crate) fn count(connections: usize) -> usize {
    let (count, problem) = settings::max_concurrency();
    if let Some(problem) = problem {
        log::warn(format_args!("{problem}"));
    }
    if count == 1 {
        return count;
    }
    let Some(limit) = descriptors::limit() else {
        return count;
    };
    let most = (limit.saturating_sub(DESCRIPTORS_LEFT) / connections).max(1);
    if count > most {
        log::warn(format_args!(
            "only {most} of {count} pollers are used: the process may have {limit} descriptors, of \
             which each poller needs {connections} and {DESCRIPTORS_LEFT} are left to the \
             function; lower the function's maximum concurrency, or raise the limit"
        ));
    }
    count.min(most)
}

/// How many pollers there are, the first one included.
static LIVING: AtomicUsize = AtomicUsize::new(1);

/// What the pollers share.
struct Shared<S: 'static> {
    function: Function<S>,
    count: usize,
}

/// Polls with `count` threads, of which this one is the first; `api` is its connection.
pub(crate) fn poll<S: Sync>(
    mut api: RuntimeApi<DefaultClient>,
    function: Function<S>,
    count: usize,
) -> Result<Infallible, ApiError> {
    let shared: &'static Shared<S> = Box::leak(Box::new(Shared { function, count }));
    let first = poller::first();
    first.bind_to_thread();
    start(shared, first, 2);
    let Err(error) = run::poll(&mut api, &shared.function);
    drop(api);
    stop(error);
    // If the main thread returned, the process would end.
    sys::wait_for_the_end()
}

/// Starts the poller with this number.
fn start<S: Sync>(shared: &'static Shared<S>, last: &'static Poller, number: usize) {
    if number > shared.count {
        return;
    }
    let poller = last.add_poller();
    LIVING.fetch_add(1, Ordering::AcqRel);
    let work = move || {
        poller.bind_to_thread();
        start(shared, poller, number + 1);
        let mut api = RuntimeApi::<DefaultClient>::new(shared.function.endpoint);
        let Err(error) = run::poll(&mut api, &shared.function);
        drop(api);
        stop(error);
    };
    if let Err(error) = thread::spawn(work) {
        LIVING.fetch_sub(1, Ordering::AcqRel);
        log::warn(format_args!(
            "only {} of {} pollers were started: {error}; lower the function's maximum \
             concurrency, or raise its limit of processes and memory",
            number - 1,
            shared.count
        ));
    }
}

/// Ends a poller that cannot go on. If only a socket is missing and another poller lives, it stops alone;
/// otherwise the process ends, and the others' events in hand are answered.
fn stop(error: ApiError) {
    let more_than_one = |living: usize| (living > 1).then(|| living - 1);
    if error.is_shortage() {
        let order = (Ordering::AcqRel, Ordering::Acquire);
        if let Ok(living) = LIVING.fetch_update(order.0, order.1, more_than_one) {
            log::warn(format_args!(
                "{error}; a poller stops, and {} go on",
                living - 1
            ));
            return;
        }
    }
    ending::begin();
    let ended = Error::new(
        error_type::PROCESS_ENDED,
        "the process ends, because the Runtime API does not let it go on; the log has the reason, \
         and the invocation may be tried again",
    );
    let farewell = Farewell {
        panicked: None,
        error: &ended,
        until: ending::now() + ending::LIMIT,
        waits_for_deadlines: true,
    };
    farewell.send_and_log();
    ending::exit(&Reason::Api(error))
}
