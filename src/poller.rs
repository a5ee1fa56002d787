//! The pollers, and the event that each of them has in hand, for code without a
//! [`Context`](crate::Context): the log, the panic hook, the end of the process, and `fresh`.
//!
//! A single poller needs no thread-local value: all threads of the process work for its invocation.
//! With several pollers, each has an event of its own in hand, and threads that do not poll have no
//! event.
//!
//! ```text
//! IDLE -> HANDLING -> ANSWERING -> IDLE                a whole answer, or an error
//! IDLE -> HANDLING -> STREAMING -> ANSWERING -> IDLE   a streamed response
//!
//! when another thread ends the process:
//! HANDLING or STREAMING -> TAKEN                       that thread answers instead
//! ANSWERING -> LAST -> DONE                            that thread waits for this answer
//! IDLE -> DONE                                         no event is in hand
//! ```
//!
//! `INIT`, `BEFORE_SNAPSHOT`, `SNAPSHOT` and `AFTER_RESTORE` are the phases before the first event. The thread
//! that ends the process takes them over too.
//!
//! Each change of the stage is one compare-exchange, and the thread that loses it waits for the end of the
//! process. So an answer has one owner: sending its first byte consumes the [`Claim`] that a change
//! returns. A change applies to the event that is in hand at that moment; no code relies on a stage that it
//! read before.

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
    /// As `Answering`, and no other event follows.
    Last,
    /// The last answer was given, and the poller takes no other event.
    Done,
    /// The thread that ends the process answers.
    Taken,
}

/// The right to answer the event in hand. Sending the first byte of an answer consumes it, and only
/// [`Poller`] makes it, once for each event.
#[must_use]
pub(crate) struct Claim(());

/// A poller: its stage, and the event that it has in hand.
pub(crate) struct Poller {
    stage: AtomicU8,
    event: Mutex<EventInHand>,
    /// The streamed response, while there is one. Set before it begins. In a box: the compiler sees
    /// all that is ever written to a static, and would call the only `EndStream` there is directly, so
    /// that each function links what ends streams.
    stream: Mutex<Option<Box<Arc<dyn EndStream>>>>,
    /// The poller that was started after this one.
    next: OnceBox<Poller>,
}

/// The ids of an event in hand, and its deadline.
#[derive(Debug)]
pub(crate) struct EventInHand {
    request_id: String,
    /// Empty when the event has no such id.
    invocation_id: String,
    /// Empty when the event has no such id.
    tenant_id: String,
    /// In milliseconds since 1970; 0 when the event has no deadline.
    deadline_ms: u64,
}

static MAIN: Poller = Poller::new();
/// Stands for the poller of a thread that does not poll, while there are several pollers: it never has an
/// event in hand.
static NOBODY: Poller = Poller::new();

thread_local! {
    static MINE: Cell<Option<&'static Poller>> = const { Cell::new(None) };
}

/// The poller that this thread is, or works for.
pub(crate) fn mine() -> &'static Poller {
    MINE.get().unwrap_or_else(|| match MAIN.next.get() {
        None => &MAIN,
        Some(_) => &NOBODY,
    })
}

/// The first poller, which is the main thread.
pub(crate) fn first() -> &'static Poller {
    &MAIN
}

/// All pollers.
pub(crate) fn all() -> impl Iterator<Item = &'static Poller> {
    iter::successors(Some(&MAIN), |poller| poller.next.get())
}

/// The ids of the event that this thread's poller has in hand, or had last; empty before the
/// first one and, with several pollers, on a thread that does not poll.
///
/// Code that holds the guard must not panic: the panic hook waits for it.
pub(crate) fn event_in_hand() -> MutexGuard<'static, EventInHand> {
    mine().event()
}

/// Whether [`event_in_hand`] returns without a wait, for a thread that may already hold the guard.
pub(crate) fn is_event_unlocked() -> bool {
    !matches!(mine().event.try_lock(), Err(TryLockError::WouldBlock))
}

impl Poller {
    pub(crate) const fn new() -> Self {
        Self {
            stage: AtomicU8::new(Stage::Idle as u8),
            event: Mutex::new(EventInHand {
                request_id: String::new(),
                invocation_id: String::new(),
                tenant_id: String::new(),
                deadline_ms: 0,
            }),
            stream: Mutex::new(None),
            next: OnceBox::new(),
        }
    }

    /// Adds a poller after this one, which must be the last.
    pub(crate) fn add_poller(&'static self) -> &'static Self {
        self.next.get_or_init(|| Box::new(Self::new()))
    }

    /// Makes this thread this poller.
    pub(crate) fn bind_to_thread(&'static self) {
        MINE.set(Some(self));
    }

    fn is_at(&self, stage: Stage) -> bool {
        self.stage.load(Ordering::Acquire) == stage as u8
    }

    /// Changes the stage from `from` to `to`; false when it was another one.
    fn try_change_stage(&self, from: Stage, to: Stage) -> bool {
        let order = (Ordering::AcqRel, Ordering::Acquire);
        self.stage
            .compare_exchange(from as u8, to as u8, order.0, order.1)
            .is_ok()
    }

    /// Changes the stage, for the poller's own thread. If another thread was first, it waits here for the end
    /// of the process.
    pub(crate) fn change_stage(&self, from: Stage, to: Stage) {
        if !self.try_change_stage(from, to) {
            sys::wait_for_the_end();
        }
    }

    /// An event has come, and its handler is next.
    pub(crate) fn accept(&self, metadata: &Metadata<'_>) {
        self.set_event(metadata);
        self.change_stage(Stage::Idle, Stage::Handling);
    }

    /// The handler is done, and the poller answers: with a response or with an error.
    pub(crate) fn claim(&self) -> Claim {
        self.change_stage(Stage::Handling, Stage::Answering);
        Claim(())
    }

    /// The answer was given, or given up.
    pub(crate) fn answered(&self) {
        if !self.try_change_stage(Stage::Answering, Stage::Idle) {
            // Another thread waits for this to end the process.
            self.try_change_stage(Stage::Last, Stage::Done);
            sys::wait_for_the_end();
        }
    }

    /// Sets the streamed response, before it begins.
    pub(crate) fn set_stream(&self, stream: Option<Arc<dyn EndStream>>) {
        *self.stream() = stream.map(Box::new);
    }

    /// Claims the answer for the handler's stream, which begins; `None` when another thread answers.
    pub(crate) fn claim_stream(&self) -> Option<Claim> {
        self.try_change_stage(Stage::Handling, Stage::Streaming)
            .then_some(Claim(()))
    }

    /// Whether the stream that has begun is still the handler's.
    pub(crate) fn is_streaming(&self) -> bool {
        self.is_at(Stage::Streaming)
    }

    /// The handler is done, and its stream is about to end.
    pub(crate) fn end_stream(&self) {
        self.change_stage(Stage::Streaming, Stage::Answering);
        self.set_stream(None);
    }

    fn stream(&self) -> MutexGuard<'_, Option<Box<Arc<dyn EndStream>>>> {
        self.stream.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes over a phase, if the poller is in it, to report its error.
    pub(crate) fn take_phase(&self, stage: Stage) -> bool {
        self.try_change_stage(stage, Stage::Taken)
    }

    /// Takes over the answer to the event in hand, if no byte of it was sent.
    pub(crate) fn take_answer(&self) -> Option<Claim> {
        self.try_change_stage(Stage::Handling, Stage::Taken)
            .then_some(Claim(()))
    }

    /// Takes over the streamed response, if there is one, and ends it with this error. False while
    /// it cannot be ended, because a thread is in the midst of a write.
    pub(crate) fn cut_stream(&self, error: &Error) -> bool {
        if !self.try_change_stage(Stage::Streaming, Stage::Taken) && !self.is_at(Stage::Taken) {
            return true;
        }
        self.stream()
            .as_ref()
            .is_none_or(|stream| stream.end_with(error))
    }

    /// Lets no other event follow the one whose answer is on the way; false when no answer is on the way.
    pub(crate) fn stop_after_answer(&self) -> bool {
        self.try_change_stage(Stage::Answering, Stage::Last) || self.is_at(Stage::Last)
    }

    /// Whether the deadline of the event in hand is still to come; false when it has no deadline.
    pub(crate) fn has_time_left(&self) -> bool {
        sys::milliseconds(sys::since_epoch()) < self.event().deadline_ms
    }

    /// Lets no event follow, if no event is in hand; false when one is.
    pub(crate) fn stop_if_idle(&self) -> bool {
        const IN_HAND: [u8; 3] = [
            Stage::Handling as u8,
            Stage::Streaming as u8,
            Stage::Answering as u8,
        ];
        self.try_change_stage(Stage::Idle, Stage::Done)
            || !IN_HAND.contains(&self.stage.load(Ordering::Acquire))
    }

    /// The event in hand, or the last one between two events.
    pub(crate) fn event(&self) -> MutexGuard<'_, EventInHand> {
        self.event.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Makes this event the one in hand. Its texts reuse the memory of the event before.
    pub(crate) fn set_event(&self, metadata: &Metadata<'_>) {
        let mut event = self.event();
        let EventInHand {
            request_id,
            invocation_id,
            tenant_id,
            deadline_ms,
        } = &mut *event;
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

impl EventInHand {
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
