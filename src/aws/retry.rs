//! The retry rules: which failures are tried again, when, and how often.
//!
//! They follow AWS's standard mode, in the form that is the default since November 2026 (before that,
//! `AWS_NEW_RETRIES_2026=true` selected it). Sources: the AWS SDKs and Tools Reference Guide, "Retry
//! behavior"; the tests compare the lists with those of botocore 1.44, where this form is the default.
//!
//! | | |
//! |---|---|
//! | attempts | 3, for DynamoDB 4; `AWS_MAX_ATTEMPTS` |
//! | delay before attempt n + 1 | random, between 0 and base x 2^(n - 1), at most 20 s |
//! | base | 50 ms, for DynamoDB 25 ms; 1 s when throttled |
//! | `x-amz-retry-after` | raises the delay, by 5 s at most |
//! | quota of a client | 500; a retry takes 14, or 5 after throttling; a success gives back the price of its last retry, or 1 |

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use super::Service;
use crate::fresh;
use crate::settings::variable;

const MOST: Duration = Duration::from_secs(20);
const AFTER_MOST: Duration = Duration::from_secs(5);
const QUOTA: u32 = 500;

const TRANSIENT: [&str; 3] = [
    "RequestTimeout",
    "RequestTimeoutException",
    "PriorRequestNotComplete",
];
const THROTTLED: [&str; 14] = [
    "Throttling",
    "ThrottlingException",
    "ThrottledException",
    "RequestThrottledException",
    "TooManyRequestsException",
    "ProvisionedThroughputExceededException",
    "TransactionInProgressException",
    "RequestLimitExceeded",
    "BandwidthLimitExceeded",
    "LimitExceededException",
    "RequestThrottled",
    "SlowDown",
    "PriorRequestNotComplete",
    "EC2ThrottledException",
];
/// The codes of answers to a signature with a wrong time.
const SKEWED: [&str; 6] = [
    "RequestTimeTooSkewed",
    "RequestExpired",
    "RequestInTheFuture",
    "InvalidSignatureException",
    "SignatureDoesNotMatch",
    "AuthFailure",
];

/// Why a repeated request may succeed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Class {
    Transient,
    Throttled,
}

impl Class {
    /// The kind of failure that an answer shows, if it is worth a retry.
    pub(super) fn of(status: u16, code: &str) -> Option<Self> {
        if THROTTLED.contains(&code) || status == 429 {
            Some(Self::Throttled)
        } else if TRANSIENT.contains(&code) || matches!(status, 500 | 502 | 503 | 504) {
            Some(Self::Transient)
        } else {
            None
        }
    }

    fn cost(self) -> u32 {
        match self {
            Self::Transient => 14,
            Self::Throttled => 5,
        }
    }
}

/// Whether this code may mean that the time of the signature was wrong.
pub(super) fn may_be_skewed(code: &str) -> bool {
    SKEWED.contains(&code)
}

/// The retry rules of one client, and the rest of its quota.
#[derive(Debug)]
pub(super) struct Rules {
    pub(super) attempts: u32,
    base: Duration,
    quota: AtomicU32,
}

impl Rules {
    pub(super) fn of(service: &Service) -> Self {
        let (attempts, base) = match service.prefix {
            "dynamodb" => (4, 25),
            _ => (3, 50),
        };
        let set = variable("AWS_MAX_ATTEMPTS").and_then(|value| value.parse().ok());
        Self {
            attempts: set.filter(|set| *set > 0).unwrap_or(attempts),
            base: Duration::from_millis(base),
            quota: AtomicU32::new(QUOTA),
        }
    }

    /// Takes the price of a retry from the quota; `None` when it does not suffice.
    pub(super) fn pay(&self, class: Class) -> Option<u32> {
        let cost = class.cost();
        let paid = |quota: u32| quota.checked_sub(cost);
        let order = Ordering::Relaxed;
        self.quota.fetch_update(order, order, paid).ok()?;
        Some(cost)
    }

    /// Gives back to the quota after a success; `paid` is the price of its last retry.
    pub(super) fn give_back(&self, paid: Option<u32>) {
        let order = Ordering::Relaxed;
        if self.quota.load(order) < QUOTA {
            let more = |quota: u32| Some((quota + paid.unwrap_or(1)).min(QUOTA));
            let _ = self.quota.fetch_update(order, order, more);
        }
    }

    /// The delay after attempt number `attempt`, counted from 1; `after` is the delay that the service asks
    /// for.
    pub(super) fn delay(&self, class: Class, attempt: u32, after: Option<Duration>) -> Duration {
        let base = match class {
            Class::Transient => self.base,
            Class::Throttled => Duration::from_secs(1),
        };
        let ceiling = base.saturating_mul(1 << (attempt - 1).min(16)).min(MOST);
        let delay = ceiling.mul_f64(portion());
        after.map_or(delay, |after| delay.max(after.min(delay + AFTER_MOST)))
    }
}

/// A random number between 0 and 1; 1 in the init phase of a SnapStart function, where a random number
/// would be the same in each environment.
fn portion() -> f64 {
    let mut bytes = [0; 4];
    match fresh::fill(&mut bytes) {
        Ok(()) => f64::from(u32::from_le_bytes(bytes)) / f64::from(u32::MAX),
        Err(_) => 1.0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::aws::{DYNAMODB, SQS};

    #[test]
    fn delays_double_and_are_spread_over_their_whole_length() {
        for (service, class, attempt, ceiling) in [
            (SQS, Class::Transient, 1, 50),
            (SQS, Class::Transient, 2, 100),
            (DYNAMODB, Class::Transient, 1, 25),
            (DYNAMODB, Class::Transient, 3, 100),
            (DYNAMODB, Class::Throttled, 1, 1000),
            (SQS, Class::Throttled, 9, 20_000),
        ] {
            let rules = Rules::of(&service);
            let delays = (0..500).map(|_| rules.delay(class, attempt, None).as_millis());
            let delays: Vec<_> = delays.collect();
            assert!(delays.iter().all(|delay| *delay <= ceiling));
            assert!(delays.iter().any(|delay| *delay < ceiling / 4));
            assert!(delays.iter().any(|delay| *delay > ceiling * 3 / 4));
        }
    }

    #[test]
    fn what_a_service_asks_for_raises_a_delay_by_5_s_at_most() {
        let rules = Rules::of(&SQS);
        let delay = |after| rules.delay(Class::Transient, 1, Some(Duration::from_millis(after)));
        assert_eq!(delay(1000), Duration::from_secs(1));
        assert!(delay(0) <= Duration::from_millis(50));
        let most = delay(60_000);
        assert!((5000..=5050).contains(&most.as_millis()), "{most:?}");
    }

    #[test]
    fn the_quota_ends_retries_and_successes_give_it_back() {
        let rules = Rules::of(&SQS);
        let mut paid = 0;
        while rules.pay(Class::Transient).is_some() {
            paid += 1;
        }
        assert_eq!(paid, 500 / 14);
        assert_eq!(rules.pay(Class::Throttled), Some(5));
        assert_eq!(rules.pay(Class::Throttled), Some(5));
        assert_eq!(rules.pay(Class::Throttled), None);
        rules.give_back(None);
        rules.give_back(Some(14));
        assert_eq!(rules.pay(Class::Transient), Some(14));
        (0..1000).for_each(|_| rules.give_back(None));
        assert_eq!(rules.quota.load(Ordering::Relaxed), QUOTA);
    }
}
