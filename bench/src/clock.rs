//! Time as nanoseconds of the monotonic clock: one scale for this process and the spawner's. And how exact the
//! sleeps of a thread are.

use std::time::Duration;

use nix::sys::prctl;
use nix::time::{ClockId, clock_gettime};

/// Nanoseconds since some moment that is the same for all processes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Moment(pub(crate) u64);

impl Moment {
    pub(crate) fn now() -> Moment {
        let time = clock_gettime(ClockId::CLOCK_MONOTONIC).expect("every Linux has this clock");
        Moment(time.tv_sec().unsigned_abs() * 1_000_000_000 + time.tv_nsec().unsigned_abs())
    }

    pub(crate) fn after(self, duration: Duration) -> Moment {
        Moment(self.0 + u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX / 2))
    }

    /// The time until this moment.
    pub(crate) fn left(self) -> Duration {
        Duration::from_nanos(self.0.saturating_sub(Moment::now().0))
    }

    /// Microseconds from an earlier moment to this one.
    pub(crate) fn micros_since(self, earlier: Moment) -> f64 {
        self.0.saturating_sub(earlier.0) as f64 / 1000.0
    }
}

/// While it lives, the kernel wakes this thread at most so many nanoseconds after a sleep is over; it would be
/// 50,000 otherwise.
pub(crate) struct ExactSleeps {
    before: Option<u64>,
}

impl ExactSleeps {
    pub(crate) fn within(nanoseconds: u64) -> ExactSleeps {
        let before = prctl::get_timerslack().ok();
        let _ = prctl::set_timerslack(nanoseconds);
        ExactSleeps {
            before: before.and_then(|slack| slack.try_into().ok()),
        }
    }
}

impl Drop for ExactSleeps {
    fn drop(&mut self) {
        // What this thread starts later inherits it.
        if let Some(before) = self.before {
            let _ = prctl::set_timerslack(before);
        }
    }
}
