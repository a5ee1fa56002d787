//! The event in hand of each poller, for code without a [`Context`](crate::Context): the log, the panic
//! hook, the end of the process, and `fresh`.
//!
//! One poller needs no thread-local value: all threads of the process work for its invocation.
//! With several, each thread that polls has an event of its own in hand, and other threads
//! have no event.
//!
//! ```text
//! IDLE -> HANDLING -> ANSWERING -> IDLE           a whole answer, or an error
//!         HANDLING -> STREAMING -> ANSWERING      a streamed response
//!         HANDLING, STREAMING -> TAKEN            the thread that ends the process answers instead
//!                                ANSWERING -> LAST -> DONE    it waits for the answer
//! ```
//!
//! Each step is one compare-exchange, and the thread that loses it waits for the end of the process. So
//! an answer has one owner: sending its first byte consumes the [`Claim`] that a step returns. A step
//! applies to the event that is in hand at that moment; no code relies on a stage that it read before.

use std::cell::Cell;
use std::iter;
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, TryLockError};

use once_cell::race::OnceBox;

use crate::error::Error;
use crate::invocation::Metadata;
use crate::slots::EndStream;
use crate::sys;

/// The stage of a poller.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Stage {
    Idle,
    Init,
    Handling,
    BeforeSnapshot,
    /// Waiting for the snapshot to be taken and restored.
    Snapshot,
    AfterRestore,
    /// The handler writes a streamed response that has begun.
    Streaming,
    /// The handler is done, and its answer is on the way.
    Answering,
    /// As `ANSWERING`, and no other event follows.
    Last,
    /// The last answer was given, and no event is taken any more.
    Done,
    /// The thread that ends the process answers.
    Taken,
}

/// The right to answer the event in hand. Sending the first byte of an answer consumes it, and only
/// [`InFlight`] makes it, once for each event.
#[must_use]
pub(crate) struct Claim(());

/// The event in hand of one poller, and the poller's stage.
pub(crate) struct InFlight {
    stage: AtomicU8,
    current: Mutex<Current>,
    /// The streamed response, while there is one. Set before it begins. In a box: the compiler sees
    /// all that is ever written to a static, and would call the only `EndStream` there is directly, so
    /// that each function links what ends streams.
    stream: Mutex<Option<Box<Arc<dyn EndStream>>>>,
    /// That of the poller that was started after this one.
    next: OnceBox<InFlight>,
}

/// The ids of an event in hand, and its deadline.
#[derive(Debug)]
pub(crate) struct Current {
    request_id: String,
    /// Empty when the event has no such id.
    invocation_id: String,
    /// Empty when the event has no such id.
    tenant_id: String,
    /// In milliseconds since 1970; 0 when the event has no deadline.
    deadline_ms: u64,
}

static MAIN: InFlight = InFlight::new();
/// For threads without a poller, while there are several pollers: no event is ever in hand.
static NOBODY: InFlight = InFlight::new();

thread_local! {
    static MINE: Cell<Option<&'static InFlight>> = const { Cell::new(None) };
}

/// That of the poller which this thread is or works for.
pub(crate) fn mine() -> &'static InFlight {
    MINE.get().unwrap_or_else(|| match MAIN.next.get() {
        None => &MAIN,
        Some(_) => &NOBODY,
    })
}

/// That of the first poller, which is the main thread.
pub(crate) fn first() -> &'static InFlight {
    &MAIN
}

/// Those of all pollers.
pub(crate) fn all() -> impl Iterator<Item = &'static InFlight> {
    iter::successors(Some(&MAIN), |in_flight| in_flight.next.get())
}

/// The ids of the event that this thread's poller has in hand, or had last; empty before the
/// first one and, with several pollers, on a thread that does not poll.
///
/// Code that holds the guard must not panic: the panic hook waits for it.
pub(crate) fn current() -> MutexGuard<'static, Current> {
    mine().current()
}

/// Whether [`current`] returns them without a wait, for a thread that may already hold the guard.
pub(crate) fn is_readable() -> bool {
    !matches!(mine().current.try_lock(), Err(TryLockError::WouldBlock))
}

impl InFlight {
    pub(crate) const fn new() -> Self {
        Self {
            stage: AtomicU8::new(Stage::Idle as u8),
            current: Mutex::new(Current {
                request_id: String::new(),
                invocation_id: String::new(),
                tenant_id: String::new(),
                deadline_ms: 0,
            }),
            stream: Mutex::new(None),
            next: OnceBox::new(),
        }
    }

    /// Adds one for another poller. Only the last one may be asked.
    pub(crate) fn add_poller(&'static self) -> &'static Self {
        self.next.get_or_init(|| Box::new(Self::new()))
    }

    /// Makes this thread the poller.
    pub(crate) fn bind_to_thread(&'static self) {
        MINE.set(Some(self));
    }

    fn is_at(&self, stage: Stage) -> bool {
        self.stage.load(Ordering::Acquire) == stage as u8
    }

    /// Changes the stage from one to another; false when it was not at the first one.
    fn moved(&self, from: Stage, to: Stage) -> bool {
        let order = (Ordering::AcqRel, Ordering::Acquire);
        self.stage
            .compare_exchange(from as u8, to as u8, order.0, order.1)
            .is_ok()
    }

    /// Changes the stage for the poller, which stops for ever if another thread was first.
    pub(crate) fn go(&self, from: Stage, to: Stage) {
        if !self.moved(from, to) {
            sys::wait_for_the_end();
        }
    }

    /// An event has come, and its handler is next.
    pub(crate) fn accept(&self, metadata: &Metadata<'_>) {
        self.set_current(metadata);
        self.go(Stage::Idle, Stage::Handling);
    }

    /// The handler is done, and the poller answers: with a response or with an error.
    pub(crate) fn claim(&self) -> Claim {
        self.go(Stage::Handling, Stage::Answering);
        Claim(())
    }

    /// The answer was given, or given up.
    pub(crate) fn answered(&self) {
        if !self.moved(Stage::Answering, Stage::Idle) {
            // Another thread waits for this to end the process.
            self.moved(Stage::Last, Stage::Done);
            sys::wait_for_the_end();
        }
    }

    /// Sets the stream of the response, before it begins.
    pub(crate) fn set_stream(&self, stream: Option<Arc<dyn EndStream>>) {
        *self.stream() = stream.map(Box::new);
    }

    /// Claims the answer for the handler's stream, which begins; `None` when another thread answers.
    pub(crate) fn claim_stream(&self) -> Option<Claim> {
        self.moved(Stage::Handling, Stage::Streaming)
            .then_some(Claim(()))
    }

    /// Whether the stream that has begun is still the handler's.
    pub(crate) fn is_streaming(&self) -> bool {
        self.is_at(Stage::Streaming)
    }

    /// The handler is done, and its stream is about to end.
    pub(crate) fn end_stream(&self) {
        self.go(Stage::Streaming, Stage::Answering);
        self.set_stream(None);
    }

    fn stream(&self) -> MutexGuard<'_, Option<Box<Arc<dyn EndStream>>>> {
        self.stream.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes over a phase, if the poller is in it, to report its error.
    pub(crate) fn take_phase(&self, stage: Stage) -> bool {
        self.moved(stage, Stage::Taken)
    }

    /// Takes over the answer to the event in hand, if no byte of it was sent.
    pub(crate) fn take_answer(&self) -> Option<Claim> {
        self.moved(Stage::Handling, Stage::Taken)
            .then_some(Claim(()))
    }

    /// Takes over the streamed response, if there is one, and ends it with this error. False while
    /// it cannot be ended, because a thread is in the midst of a write.
    pub(crate) fn cut_stream(&self, error: &Error) -> bool {
        if !self.moved(Stage::Streaming, Stage::Taken) && !self.is_at(Stage::Taken) {
            return true;
        }
        self.stream()
            .as_ref()
            .is_none_or(|stream| stream.end_with(error))
    }

    /// Makes the event whose answer is on the way the last one. `None` when no answer is on the way,
    /// otherwise whether its deadline is still to come.
    pub(crate) fn is_at_its_last_answer(&self) -> Option<bool> {
        if !self.moved(Stage::Answering, Stage::Last) && !self.is_at(Stage::Last) {
            return None;
        }
        let deadline = self.current().deadline_ms;
        Some(sys::milliseconds(sys::since_epoch()) < deadline)
    }

    /// Lets no event follow, if no event is in hand; false when one is.
    pub(crate) fn close(&self) -> bool {
        const IN_HAND: [u8; 3] = [
            Stage::Handling as u8,
            Stage::Streaming as u8,
            Stage::Answering as u8,
        ];
        self.moved(Stage::Idle, Stage::Done)
            || !IN_HAND.contains(&self.stage.load(Ordering::Acquire))
    }

    /// The event in hand, or the last one between two events.
    pub(crate) fn current(&self) -> MutexGuard<'_, Current> {
        self.current.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Makes an event the one in hand. The buffers are kept for the next one.
    pub(crate) fn set_current(&self, metadata: &Metadata<'_>) {
        let mut current = self.current();
        let Current {
            request_id,
            invocation_id,
            tenant_id,
            deadline_ms,
        } = &mut *current;
        for (text, value) in [
            (request_id, Some(metadata.request_id)),
            (invocation_id, metadata.invocation_id),
            (tenant_id, metadata.tenant_id),
        ] {
            text.clear();
            text.push_str(value.unwrap_or_default());
        }
        *deadline_ms = metadata.deadline_ms.unwrap_or_default();
    }
}

impl Current {
    /// Empty before the first event.
    pub(crate) fn request_id(&self) -> &str {
        &self.request_id
    }

    pub(crate) fn invocation_id(&self) -> Option<&str> {
        Some(self.invocation_id.as_str()).filter(|id| !id.is_empty())
    }

    /// For the log of tenant-isolated functions.
    #[allow(dead_code, reason = "what lines in JSON say beside the request id")]
    pub(crate) fn tenant_id(&self) -> Option<&str> {
        Some(self.tenant_id.as_str()).filter(|id| !id.is_empty())
    }
}
