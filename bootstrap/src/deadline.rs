//! When an event is given up, so that its error still reaches Lambda in time.

use std::time::Duration;

use coldspark::Error;
use coldspark::layer::since_boot;

use crate::kind;

/// The default margin is this part of the time left ...
const PART: u32 = 10;
/// ... and never more than this.
const MOST: Duration = Duration::from_millis(200);

/// The moment at which an event is given up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Deadline {
    /// Since the boot; None for an event without a deadline.
    pub(crate) at: Option<Duration>,
    allowed: Duration,
    margin: Duration,
}

impl Deadline {
    /// For an event with this much time left; `margin` is the setting.
    pub(crate) fn new(left: Option<Duration>, margin: Option<Duration>) -> Self {
        let margin = margin.unwrap_or_else(|| left.map_or(MOST, |left| (left / PART).min(MOST)));
        let allowed = left.unwrap_or_default().saturating_sub(margin);
        Self {
            at: left.map(|_| since_boot() + allowed),
            allowed,
            margin,
        }
    }

    /// Whether there is no time at all to answer the event.
    pub(crate) fn is_over(&self) -> bool {
        self.at.is_some() && self.allowed.is_zero()
    }

    /// The error of an event that was given up; `what` says which process was killed for it.
    pub(crate) fn error(&self, what: &str) -> Error {
        Error::new(
            kind::HANDLER_TIMEOUT,
            format!(
                "no answer within {} ms, {} ms before the deadline{what}; raise the function's \
                 timeout if it needs longer",
                milliseconds(self.allowed),
                milliseconds(self.margin)
            ),
        )
    }
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
        assert!(deadline.at.is_none() && !deadline.is_over());
        assert!(Deadline::new(Some(Duration::ZERO), None).is_over());
    }
}
