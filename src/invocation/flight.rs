//! What each poller has in hand, for those that no [`Context`](super::Context) reaches: the log,
//! the panic hook and `fresh`.
//!
//! One poller needs no thread-local value: all threads of the process work for its invocation.
//! With several, each thread that polls has a flight of its own, and other threads have none.

use std::cell::Cell;
use std::iter;
use std::ptr;
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use once_cell::race::OnceBox;

use super::Metadata;
use crate::sys;

/// What a poller is at. Only one side may leave a stage but IDLE and ANSWERING: the poller by
/// finishing, or the panic hook by taking over the answer.
pub(crate) type Stage = u8;
pub(crate) const IDLE: Stage = 0;
pub(crate) const INIT: Stage = 1;
pub(crate) const INVOCATION: Stage = 2;
pub(crate) const BEFORE_SNAPSHOT: Stage = 3;
pub(crate) const AFTER_RESTORE: Stage = 4;
/// The handler is done, and its answer is on the way.
pub(crate) const ANSWERING: Stage = 5;
const TAKEN: Stage = 6;

/// What one poller has in hand.
pub(crate) struct Flight {
    stage: AtomicU8,
    current: Mutex<Current>,
    /// That of the poller which was started after this one.
    next: OnceBox<Flight>,
}

/// The ids of an event in hand.
#[derive(Debug)]
pub(crate) struct Current {
    request_id: String,
    /// Empty when there is none.
    invocation_id: String,
    /// Empty when there is none.
    tenant_id: String,
}

static MAIN: Flight = Flight::new();
/// Of threads that belong to no poller, while there are several: nothing is ever in hand.
static NOBODY: Flight = Flight::new();

thread_local! {
    static MINE: Cell<Option<&'static Flight>> = const { Cell::new(None) };
}

/// The flight of the poller that this thread is or works for.
pub(crate) fn mine() -> &'static Flight {
    MINE.get().unwrap_or_else(|| match MAIN.next.get() {
        None => &MAIN,
        Some(_) => &NOBODY,
    })
}

/// The flight of the first poller, which is the main thread.
pub(crate) fn first() -> &'static Flight {
    &MAIN
}

/// The flights of all pollers.
pub(crate) fn all() -> impl Iterator<Item = &'static Flight> {
    iter::successors(Some(&MAIN), |flight| flight.next.get())
}

/// The ids of the event that this thread's poller has in hand, or had last; empty before the
/// first one and, with several pollers, on a thread that is none of them.
///
/// Whoever holds the guard must not panic: the panic hook waits for it.
pub(crate) fn current() -> MutexGuard<'static, Current> {
    mine().current()
}

/// Waits until no poller, besides the one that is not to be waited for, has an answer on the way;
/// at most 100 ms.
pub(crate) fn settle(except: Option<&Flight>) {
    let excepted = |flight: &Flight| except.is_some_and(|except| ptr::eq(flight, except));
    let answering = |flight: &Flight| flight.stage() == ANSWERING && !excepted(flight);
    for _ in 0..50 {
        if !all().any(answering) {
            return;
        }
        sys::pause(2);
    }
}

impl Flight {
    const fn new() -> Self {
        Self {
            stage: AtomicU8::new(IDLE),
            current: Mutex::new(Current {
                request_id: String::new(),
                invocation_id: String::new(),
                tenant_id: String::new(),
            }),
            next: OnceBox::new(),
        }
    }

    /// The flight of one more poller. Only the last one may be asked.
    pub(crate) fn another(&'static self) -> &'static Self {
        self.next.get_or_init(|| Box::new(Self::new()))
    }

    /// Makes it that of this thread.
    pub(crate) fn board(&'static self) {
        MINE.set(Some(self));
    }

    fn stage(&self) -> Stage {
        self.stage.load(Ordering::Acquire)
    }

    pub(crate) fn enter(&self, stage: Stage) {
        self.stage.store(stage, Ordering::Release);
    }

    /// Goes on to the next stage, unless the answer was taken over.
    pub(crate) fn leave_for(&self, next: Stage) -> bool {
        self.stage.swap(next, Ordering::AcqRel) != TAKEN
    }

    /// Takes over the answer to what it is at, if that is this stage.
    pub(crate) fn take_over(&self, stage: Stage) -> bool {
        let taken = (Ordering::AcqRel, Ordering::Acquire);
        self.stage
            .compare_exchange(stage, TAKEN, taken.0, taken.1)
            .is_ok()
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
        } = &mut *current;
        for (text, value) in [
            (request_id, Some(metadata.request_id)),
            (invocation_id, metadata.invocation_id),
            (tenant_id, metadata.tenant_id),
        ] {
            text.clear();
            text.push_str(value.unwrap_or_default());
        }
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
