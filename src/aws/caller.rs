//! What a call is made for, which gives its time limit and its trace.

use std::time::Duration;

use crate::invocation::Context;
use crate::registration::Init;
use crate::sys;

/// How long a call in the init phase may take: Lambda ends the phase after 10 s.
const INIT_LIMIT: Duration = Duration::from_secs(9);
/// How long a call may take when the invocation has no deadline.
const NO_DEADLINE: Duration = Duration::from_secs(60);

/// What a call is made for: the [`Context`] of an invocation, which gives deadline and trace id, or
/// the [`Init`] of an init step.
pub trait Caller: sealed::Caller {}

impl<S> Caller for Context<'_, S> {}
impl Caller for Init<'_> {}

/// The limits of a call.
#[derive(Debug, Clone, Copy)]
pub struct Limits<'a> {
    /// When the call is given up, counted since boot.
    until: Duration,
    pub(super) trace_id: Option<&'a str>,
}

impl<'a> Limits<'a> {
    pub(super) fn new(limit: Duration, trace_id: Option<&'a str>) -> Self {
        Self {
            until: sys::since_boot() + limit,
            trace_id,
        }
    }

    /// The same, but at most half of the time that is left, and at most this long.
    pub(super) fn share(&self, most: Duration) -> Self {
        let half = self.left().unwrap_or_default() / 2;
        Self::new(half.min(most), self.trace_id)
    }

    /// The time that is left; `None` when it is less than a millisecond.
    pub(super) fn left(&self) -> Option<Duration> {
        let left = self.until.saturating_sub(sys::since_boot());
        (left >= Duration::from_millis(1)).then_some(left)
    }
}

pub(super) mod sealed {
    use super::Limits;

    /// Seals [`Caller`]: only types of this crate implement it.
    pub trait Caller {
        fn limits(&self) -> Limits<'_>;
    }
}

impl<S> sealed::Caller for Context<'_, S> {
    fn limits(&self) -> Limits<'_> {
        Limits::new(self.time_to_wait().unwrap_or(NO_DEADLINE), self.trace_id())
    }
}

impl sealed::Caller for Init<'_> {
    fn limits(&self) -> Limits<'_> {
        Limits::new(INIT_LIMIT, None)
    }
}
