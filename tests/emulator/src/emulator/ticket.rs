//! Waiting for the end of an invocation.

use std::sync::{Arc, PoisonError};
use std::time::{Duration, Instant};

use super::outcome::Finished;
use super::server::Shared;

/// A submitted invocation.
#[derive(Debug)]
pub struct Ticket {
    pub(super) shared: Arc<Shared>,
    pub(super) number: u64,
    pub(super) timeout: Duration,
    /// Until when the runtime may fetch it.
    pub(super) fetch_deadline: Instant,
}

impl Ticket {
    /// Waits for the end; no longer than the invocation's timeout allows.
    #[must_use]
    pub fn wait(self) -> Finished {
        let mut state = self.shared.lock();
        loop {
            if let Some(finished) = state.collect(self.number) {
                return finished;
            }
            let limit = state
                .times_out_at(self.number)
                .unwrap_or(self.fetch_deadline);
            let left = limit.saturating_duration_since(Instant::now());
            if left.is_zero() {
                state.expire(self.number);
                self.shared.polls.notify_all();
            } else {
                // A fetch does not wake this thread, so a shorter limit may have begun by then.
                let left = left.min(self.timeout.max(Duration::from_millis(1)));
                let woken = self.shared.callers.wait_timeout(state, left);
                state = woken.unwrap_or_else(PoisonError::into_inner).0;
            }
        }
    }
}
