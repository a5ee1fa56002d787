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
use crate::poller::{self, Poller};
use crate::settings::{self, InvalidEndpoint};
use crate::{log, sys, waiting};

/// Time limit for all last calls together, when the process ends by itself, in milliseconds.
pub(crate) const LIMIT: u64 = 6000;

/// The pause before the next look at the pollers, in milliseconds.
const PAUSE: u32 = 2;

/// Begins the end of the process on this thread; any other thread that comes here waits for that end.
pub(crate) fn begin() {
    static ENDING: AtomicBool = AtomicBool::new(false);
    if ENDING.swap(true, Ordering::AcqRel) {
        sys::wait_for_the_end();
    }
}

/// Why the process ends.
pub(crate) enum Reason {
    /// There is no Runtime API to talk to.
    Settings(InvalidEndpoint),
    /// The Runtime API does not let the process go on.
    Api(ApiError),
}

/// Logs why the process ends, and ends it.
#[cold]
pub(crate) fn exit(reason: &Reason) -> ! {
    match reason {
        Reason::Settings(error) => log::error(format_args!("{error}")),
        Reason::Api(error) => log::error(format_args!("{error}; the process ends")),
    }
    sys::exit(1)
}

/// The last answers of the process: an error for each event in hand.
pub(crate) struct Farewell<'a> {
    /// The poller on whose thread a panic ends the process, and the error for its caller.
    pub(crate) panicked: Option<(&'static Poller, &'a Error)>,
    /// The error for all other callers.
    pub(crate) error: &'a Error,
    /// When the last call must have ended, in milliseconds since boot.
    pub(crate) until: u64,
    /// Whether an answer on the way may take until the deadline of its event.
    pub(crate) waits_for_deadlines: bool,
}

impl Farewell<'_> {
    /// Answers all events in hand, and waits for the answers on the way. Returns how many answers were cut,
    /// and why the last call that failed did so.
    #[cold]
    pub(crate) fn send(
        &self,
        api: &mut RuntimeApi<DefaultClient>,
    ) -> (usize, Result<(), ApiError>) {
        let mut sent = Ok(());
        loop {
            for poller in poller::all() {
                if let Some(claim) = poller.take_answer() {
                    self.limit();
                    let event = poller.event();
                    let ids = Metadata::of(event.request_id(), event.invocation_id());
                    sent = api
                        .answer(ids)
                        .fail(claim, self.error_for(poller))
                        .and(sent);
                }
            }
            let late = now() >= self.until;
            let (mut unfinished, mut waits) = (0, false);
            for poller in poller::all() {
                self.limit();
                if !poller.cut_stream(self.error_for(poller)) {
                    unfinished += 1;
                    waits |= !late;
                }
                if poller.stop_after_answer() {
                    unfinished += 1;
                    waits |= !late || (self.waits_for_deadlines && poller.has_time_left());
                }
            }
            if waits {
                sys::pause(PAUSE);
            } else if poller::all().all(Poller::stop_if_idle) {
                return (unfinished, sent);
            }
        }
    }

    /// Does the same over a new connection, and logs the call that failed. Returns how many answers were
    /// cut.
    pub(crate) fn send_and_log(&self) -> usize {
        let Some(endpoint) = settings::endpoint() else {
            return 0;
        };
        let (cut, sent) = self.send(&mut RuntimeApi::new(endpoint));
        if let Err(failed) = sent {
            log::warn(format_args!(
                "the process ends, and the Runtime API did not get the error of an event in hand: {failed}"
            ));
        }
        cut
    }

    fn error_for(&self, poller: &Poller) -> &Error {
        match self.panicked {
            Some((panicked, error)) if ptr::eq(panicked, poller) => error,
            _ => self.error,
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
        static OTHER: Poller = Poller::new();
        let (own, other) = (poller::first(), &OTHER);
        let mut farewell = Farewell {
            panicked: Some((own, &panic)),
            error: &ended,
            until: 0,
            waits_for_deadlines: false,
        };
        assert!(ptr::eq(farewell.error_for(own), &panic));
        assert!(ptr::eq(farewell.error_for(other), &ended));
        farewell.panicked = None;
        assert!(ptr::eq(farewell.error_for(own), &ended));
    }
}
