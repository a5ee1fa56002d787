//! When an event is given up, so that its error still reaches Lambda in time.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use coldspark::internal::{since_boot, since_epoch, warn};
use coldspark::{Context, Error};

use crate::error;

/// The default margin is the time left divided by this ...
const MARGIN_DIVISOR: u32 = 10;
/// ... and never more than this.
const MAX_MARGIN: Duration = Duration::from_millis(200);

/// The longest timeout of a function. A deadline that passed longer ago was never this event's: some
/// tools send 0, or the timeout itself.
const MAX_TIMEOUT: Duration = Duration::from_secs(15 * 60);

/// The moment at which an event is given up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Deadline {
    /// The moment, counted since the boot; `None` for an event without a deadline.
    pub(crate) give_up_at: Option<Duration>,
    /// The deadline itself, counted since the boot. A response that was whole before the moment above may be sent
    /// until then.
    pub(crate) end: Option<Duration>,
    /// The time from the event's start to that moment.
    allowed: Duration,
    /// The time from that moment to the deadline.
    margin: Duration,
}

impl Deadline {
    /// The moment for an event; `margin` is the setting. A deadline that is long past when the event comes
    /// is ignored.
    pub(crate) fn of<S>(context: &Context<'_, S>, margin: Option<Duration>) -> Self {
        let left = context.time_left();
        match context.deadline().filter(|_| left == Some(Duration::ZERO)) {
            Some(deadline) if is_long_past(deadline) => {
                warn_once(deadline);
                Self::new(None, margin)
            }
            _ => Self::new(left, margin),
        }
    }

    /// The moment for an event that a process is to answer, or the error of an event that has no time for that.
    pub(crate) fn with_time_left<S>(
        context: &Context<'_, S>,
        margin: Option<Duration>,
    ) -> Result<Self, Error> {
        let deadline = Self::of(context, margin);
        match deadline.is_over() {
            false => Ok(deadline),
            true => Err(deadline.error(", which left no time to hand the event over")),
        }
    }

    /// For an event with this much time left; `margin` is the setting.
    fn new(left: Option<Duration>, margin: Option<Duration>) -> Self {
        let margin = margin.unwrap_or_else(|| {
            left.map_or(MAX_MARGIN, |left| (left / MARGIN_DIVISOR).min(MAX_MARGIN))
        });
        let allowed = left.unwrap_or_default().saturating_sub(margin);
        let now = since_boot();
        Self {
            give_up_at: left.map(|_| now + allowed),
            end: left.map(|left| now + left),
            allowed,
            margin,
        }
    }

    /// No deadline at all, for a hook.
    pub(crate) fn none() -> Self {
        Self {
            give_up_at: None,
            end: None,
            allowed: Duration::ZERO,
            margin: Duration::ZERO,
        }
    }

    /// Whether the event is to be given up now.
    pub(crate) fn has_come(&self) -> bool {
        self.give_up_at.is_some_and(|at| at <= since_boot())
    }

    /// Whether there is no time at all to answer the event.
    pub(crate) fn is_over(&self) -> bool {
        self.give_up_at.is_some() && self.allowed.is_zero()
    }

    /// The error of an event that was given up; `what` says which process was killed for it.
    pub(crate) fn error(&self, what: &str) -> Error {
        Error::new(
            error::HANDLER_TIMEOUT,
            format!(
                "no answer within {} ms, {} ms before the deadline{what}; raise the function's \
                 timeout if it needs longer",
                milliseconds(self.allowed),
                milliseconds(self.margin)
            ),
        )
    }
}

fn is_long_past(deadline: SystemTime) -> bool {
    // Without std's clock, which brings 4 KB of code.
    let past = deadline
        .duration_since(UNIX_EPOCH)
        .map(|deadline| since_epoch().saturating_sub(deadline));
    past.is_ok_and(|past| past > MAX_TIMEOUT)
}

#[cold]
fn warn_once(deadline: SystemTime) {
    static WARNED: AtomicBool = AtomicBool::new(false);
    if WARNED.swap(true, Ordering::Relaxed) {
        return;
    }
    let value = deadline.duration_since(UNIX_EPOCH).unwrap_or_default();
    warn(format_args!(
        "an event came with Lambda-Runtime-Deadline-Ms: {}, which was long ago; such a value is taken \
         as no deadline, so that nothing ends a handler that hangs (said once)",
        milliseconds(value)
    ));
}

/// In 64 bits, which hold any span that a setting or a deadline can be.
pub(crate) fn milliseconds(span: Duration) -> u64 {
    u64::try_from(span.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_margin_is_a_tenth_and_at_most_200_ms() {
        let margin = |left, setting| {
            let deadline = Deadline::new(Some(Duration::from_millis(left)), setting);
            (deadline.allowed.as_millis(), deadline.margin.as_millis())
        };
        assert_eq!(margin(60_000, None), (59_800, 200));
        assert_eq!(margin(1_000, None), (900, 100));
        assert_eq!(margin(1_000, Some(Duration::from_millis(300))), (700, 300));
        assert_eq!(margin(100, Some(Duration::from_millis(300))), (0, 300));
        assert_eq!(margin(0, None), (0, 0));
    }

    #[test]
    fn an_event_without_a_deadline_is_never_over() {
        let deadline = Deadline::new(None, None);
        assert!(deadline.give_up_at.is_none() && !deadline.is_over());
        assert!(Deadline::new(Some(Duration::ZERO), None).is_over());
    }
}
