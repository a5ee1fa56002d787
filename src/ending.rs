//! The end of the process while events are in hand: every caller without an answer gets one, and
//! answers that are on the way are waited for.
//!
//! It is reached by a panic that aborts, by SIGTERM, and when the Runtime API does not let a poller go
//! on. Each wait has a limit, so a server that does not reply holds nothing up.

use std::ptr;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::api::{ApiError, RuntimeApi};
use crate::client::DefaultClient;
use crate::error::Error;
use crate::invocation::Metadata;
use crate::poller::{self, InFlight};
use crate::{sys, waiting};

/// Time limit for all last calls together, when the process ends by itself, in milliseconds.
pub(crate) const LIMIT: u64 = 6000;

/// The pause before the pollers are looked at again, in milliseconds.
const PAUSE: u32 = 2;

/// Claims the end of the process for this thread; any other thread that comes here waits for that end.
pub(crate) fn claim() {
    static ENDING: AtomicBool = AtomicBool::new(false);
    if ENDING.swap(true, Ordering::AcqRel) {
        sys::wait_for_the_end();
    }
}

/// The errors for the events in hand.
pub(crate) struct Farewell<'a> {
    /// The poller that caused the end, and the error for its caller.
    pub(crate) own: Option<(&'static InFlight, &'a Error)>,
    /// The error for the callers of the others.
    pub(crate) others: &'a Error,
    /// When the last call must have ended, in milliseconds since boot.
    pub(crate) until: u64,
    /// Whether an answer on the way may take until the deadline of its event.
    pub(crate) patient: bool,
}

impl Farewell<'_> {
    /// Answers all events in hand, and waits for the answers on the way. Returns how many answers could not
    /// be finished, and why the last call failed, if one did.
    #[cold]
    pub(crate) fn say(&self, api: &mut RuntimeApi<DefaultClient>) -> (usize, Result<(), ApiError>) {
        let mut said = Ok(());
        loop {
            for in_flight in poller::all() {
                if let Some(claim) = in_flight.take_answer() {
                    self.limit();
                    let current = in_flight.current();
                    let ids = Metadata::of(current.request_id(), current.invocation_id());
                    said = api.answer(ids).fail(claim, self.error(in_flight)).and(said);
                }
            }
            let late = now() >= self.until;
            let (mut open, mut waits) = (0, false);
            for in_flight in poller::all() {
                self.limit();
                if !in_flight.cut_stream(self.error(in_flight)) {
                    open += 1;
                    waits |= !late;
                }
                if let Some(in_time) = in_flight.is_at_its_last_answer() {
                    open += 1;
                    waits |= !late || (self.patient && in_time);
                }
            }
            if waits {
                sys::pause(PAUSE);
            } else if poller::all().all(InFlight::close) {
                return (open, said);
            }
        }
    }

    fn error(&self, in_flight: &InFlight) -> &Error {
        match self.own {
            Some((own, error)) if ptr::eq(own, in_flight) => error,
            _ => self.others,
        }
    }

    /// One call may take half of what is left, so that something is left for the next one.
    fn limit(&self) {
        waiting::limit(self.until.saturating_sub(now()) / 2);
    }
}

/// The time since boot in milliseconds.
pub(crate) fn now() -> u64 {
    sys::milliseconds(sys::since_boot())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Its text may hold what only its own caller may read.
    #[test]
    fn only_its_own_event_gets_the_error_of_the_panic() {
        let [panic, ended] = [Error::new("P", "secret"), Error::new("E", "ended")];
        static OTHER: InFlight = InFlight::new();
        let (own, other) = (poller::first(), &OTHER);
        let mut farewell = Farewell {
            own: Some((own, &panic)),
            others: &ended,
            until: 0,
            patient: false,
        };
        assert!(ptr::eq(farewell.error(own), &panic));
        assert!(ptr::eq(farewell.error(other), &ended));
        farewell.own = None;
        assert!(ptr::eq(farewell.error(own), &ended));
    }
}
