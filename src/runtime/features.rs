//! Methods for opt-in features. Only they refer to the features' code, so that other functions do not
//! link it.

use super::Runtime;
use crate::error::Error;
use crate::invocation::Context;
use crate::registration::{AnswerHooks, Pollers, Shutdown};
use crate::{answer_hooks, concurrency, shutdown, sys};

/// The variable in which X-Ray's libraries look for the tracing header.
const TRACE_ID: &str = "_X_AMZN_TRACE_ID";

impl<S: 'static> Runtime<S> {
    /// Lets the function serve several invocations at a time where Lambda hands them out, on
    /// Lambda Managed Instances: `AWS_LAMBDA_MAX_CONCURRENCY` threads poll, each with a
    /// connection of its own, and share the handler and the state. Without this call a function
    /// polls with one thread, whatever the variable says.
    ///
    /// Unset or 1 means one poller, as everywhere else in Lambda. So do 0 and a value that is not a whole
    /// number, with a warning in the log. More than 1,000 is logged and lowered to 1,000, because threads,
    /// descriptors and memory would run out. Each poller needs a
    /// descriptor, or two when the handler streams: if the process may not have as many
    /// (`RLIMIT_NOFILE`), of which 24 are left to the function, there are fewer pollers, and a
    /// warning says so. If the system gives fewer threads, the function goes on with those and logs
    /// how many; a poller that finds no descriptor or memory for its connection later stops alone,
    /// with a warning, as long as another one lives. The stack of a poller has 2 MiB of address
    /// space; the first poller is the main thread.
    ///
    /// - [`Context`](crate::Context) has the data of one invocation, its deadline too. Lambda
    ///   Managed Instances do not end a handler that has timed out: look at
    ///   [`time_left`](crate::Metadata::time_left). An answer that comes too late is refused
    ///   (410), logged and dropped.
    /// - A panic under `panic=abort` ends the process, and with it every invocation in hand. The
    ///   one that panicked gets the panic as its error, each other one the error
    ///   `Runtime.ProcessEnded`, in the trailers if it streams, and answers that are on the way are
    ///   waited for until the deadlines of their events. What is sent meanwhile may take 6 seconds
    ///   in all. Built with unwinding, only the invocation that panicked fails.
    /// - Threads that a handler starts and ends cost memory with mimalloc, which keeps a heap for
    ///   each: 6,400 threads, 64 at a time, with 1.25 MB of blocks each had a peak of 33 to 121 MB,
    ///   with musl's malloc (without the feature `mimalloc`) 18 to 35 MB (x86_64, 2 processors).
    ///   A few long-lived threads are better than many short ones.
    /// - When the Runtime API does not let one poller go on, the others' events are answered in the
    ///   same way; the process logs it and exits with status 1, once, as with one poller.
    ///
    /// ```no_run
    /// use coldspark::{Context, Error, Runtime};
    /// use std::sync::atomic::{AtomicU64, Ordering};
    ///
    /// fn main() {
    ///     Runtime::with_init(|_| Ok(AtomicU64::new(0)))
    ///         .concurrent()
    ///         .json("count", |_: serde_json::Value, context: &Context<'_, AtomicU64>| {
    ///             Ok(context.state().fetch_add(1, Ordering::Relaxed))
    ///         })
    ///         .run()
    /// }
    /// ```
    #[must_use]
    pub fn concurrent(mut self) -> Self
    where
        S: Sync,
    {
        self.0.features().pollers = Some(Pollers {
            count: concurrency::count,
            poll: concurrency::poll::<S>,
        });
        self
    }

    /// Registers a hook that runs when Lambda ends the environment, which it announces by SIGTERM:
    /// the place to write out data that is still in memory, and to close connections. Lambda only
    /// sends it to environments with an extension, and kills others without notice. So a function
    /// with a hook registers itself as an internal extension without events,
    /// `coldspark-shutdown`, at the end of its init phase; one without a hook does not. When that is
    /// refused, a warning is logged and the function goes on.
    ///
    /// Hooks run in the reverse order of their registration, on a thread of their own while the
    /// pollers go on waiting for events. They have about 300 ms together: Lambda then kills the
    /// process. After the last one, an event that is still in hand gets the error
    /// `Runtime.ProcessEnded`, a streamed response that has begun gets it in its trailers, and
    /// answers that are on the way are waited for: until 270 ms after the signal, and at least 50 ms,
    /// so that hooks which take up to 220 ms leave the whole within the 300. How many answers had to
    /// be cut is logged. Then the process exits with status 0, or with 1 if a hook failed; a failure
    /// is logged, and the others still run. A panic is such a failure where the profile unwinds; where
    /// it aborts, the process ends with it.
    ///
    /// With a hook, the end of the init phase starts a thread and registers the extension: a second
    /// connection to the Runtime API, which stays open, for one exchange and a request whose reply is
    /// never read (six system calls, 0.1 ms where it was measured).
    ///
    /// ```no_run
    /// # use coldspark::Runtime;
    /// # struct Pool;
    /// # impl Pool { fn new() -> Self { Pool } fn close(&self) {} }
    /// Runtime::with_init(|_| Ok(Pool::new()))
    ///     .on_shutdown(|pool| Ok(pool.close()))
    ///     .raw("hello", |event, _| Ok(event.into()))
    ///     .run()
    /// ```
    #[must_use]
    pub fn on_shutdown(
        mut self,
        hook: impl FnOnce(&S) -> Result<(), Error> + Send + 'static,
    ) -> Self
    where
        S: Sync,
    {
        let shutdown = self.0.features().shutdown.get_or_insert_with(|| Shutdown {
            watch: shutdown::watch::<S>,
            register_extension: shutdown::register_extension,
            hooks: Vec::new(),
        });
        shutdown.hooks.push(Box::new(hook));
        self
    }

    /// Registers a hook that runs after the handler and before its answer is sent: the place to write out
    /// what must not be lost, such as lines, spans or counts that are collected in memory. The caller waits
    /// for it, and the deadline stays in force ([`time_left`](crate::Metadata::time_left)).
    ///
    /// The hook gets the context of the invocation, and its result: an error is the one that the caller
    /// will get. For a streamed response it runs before the end is sent, while the caller has what came
    /// before. Hooks run in the order of their registration, on the thread of the handler; with several
    /// pollers ([`concurrent`](Self::concurrent)) several run at a time. One runs for each answer, also
    /// where an event did not come whole and the handler was not called; not for an event that the end
    /// of the process answers.
    ///
    /// An error of the hook is logged, and changes neither the answer nor the other hooks; neither does a
    /// panic where the profile unwinds. Where it aborts, the process ends with it, as with a panic of the
    /// handler, and the caller gets the panic as the error.
    ///
    /// ```no_run
    /// # struct Spans;
    /// # impl Spans { fn new() -> Self { Spans } fn flush(&self) -> std::io::Result<()> { Ok(()) } }
    /// use coldspark::Runtime;
    ///
    /// fn main() {
    ///     Runtime::with_init(|_| Ok(Spans::new()))
    ///         .before_answer(|context, _result| Ok(context.state().flush()?))
    ///         .raw("hello", |event, _| Ok(event.into()))
    ///         .run()
    /// }
    /// ```
    #[must_use]
    pub fn before_answer(
        mut self,
        hook: impl Fn(&Context<'_, S>, Result<(), &Error>) -> Result<(), Error> + Send + Sync + 'static,
    ) -> Self {
        self.answer_hooks().before.push(Box::new(hook));
        self
    }

    /// Registers a hook that runs after the answer was taken and before the next event is asked for: the
    /// caller does not wait for it. Lambda bills its time with the invocation, ends it at the same
    /// deadline, and does not freeze the environment meanwhile, since that begins with the call for the
    /// next event; a next event waits.
    ///
    /// The hook gets the context of the invocation, and its result. An error is the one that the caller
    /// got, or `Runtime.AnswerNotTaken` when the Runtime API refused the answer or nobody read it. Order,
    /// threads, errors and panics are as with [`before_answer`](Self::before_answer); a panic that aborts
    /// ends the process without an effect on the answer. When the process ends with the answer, no hook
    /// runs: what must not be lost is better written out before it.
    ///
    /// ```no_run
    /// # use coldspark::Runtime;
    /// # struct Counts;
    /// # impl Counts { fn new() -> Self { Counts } fn send(&self, id: &str, good: bool) -> std::io::Result<()> { Ok(()) } }
    /// Runtime::with_init(|_| Ok(Counts::new()))
    ///     .after_answer(|context, result| {
    ///         Ok(context.state().send(context.request_id(), result.is_ok())?)
    ///     })
    ///     .raw("hello", |event, _| Ok(event.into()))
    ///     .run()
    /// ```
    #[must_use]
    pub fn after_answer(
        mut self,
        hook: impl Fn(&Context<'_, S>, Result<(), &Error>) -> Result<(), Error> + Send + Sync + 'static,
    ) -> Self {
        self.answer_hooks().after.push(Box::new(hook));
        self
    }

    fn answer_hooks(&mut self) -> &mut AnswerHooks<S> {
        let nothing = || {
            // Needed until the process ends.
            Box::leak(Box::new(AnswerHooks {
                install: answer_hooks::install::<S>,
                before: Vec::new(),
                after: Vec::new(),
            }))
        };
        self.0.features().answers.get_or_insert_with(nothing)
    }

    /// Sets `_X_AMZN_TRACE_ID` to the tracing header of each event before its handler runs, for
    /// libraries that look for it there; an event without one removes the variable. Handlers have
    /// it in [`Context::trace_id`](crate::Metadata::trace_id) without this.
    ///
    /// With several pollers ([`concurrent`](Self::concurrent)) it is not set, because the
    /// environment belongs to the whole process.
    ///
    /// ```no_run
    /// coldspark::Runtime::new()
    ///     .trace_environment()
    ///     .raw("hello", |event, _| Ok(event.into()))
    ///     .run()
    /// ```
    ///
    /// Rust code may read the environment at any time. C code (`getenv`) on a thread that a
    /// handler has left behind may not, since the C library does not lock it: do not opt in with
    /// such a thread.
    #[must_use]
    pub fn trace_environment(mut self) -> Self {
        self.0.features().before_event =
            Some(|metadata| sys::set_variable(TRACE_ID, metadata.trace_id));
        self
    }
}
