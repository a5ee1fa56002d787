//! How much of each kind was drawn: a run that only ever delivers events whole proves nothing of
//! the others.

use std::collections::BTreeMap;

use super::plan::{Choices, Plan, Receipt};

/// Kinds, and of how many events in a thousand they are at least. Each is a third of its share in
/// `plan`, which many events are not below.
const DELIVERIES: [(&str, usize); 11] = [
    ("Whole", 125),
    ("Pieces", 41),
    ("Dribble", 8),
    ("Chunks", 25),
    ("Interim", 16),
    ("Extra", 16),
    ("Last", 16),
    ("UntilEnd", 16),
    ("Ended", 25),
    ("Second", 25),
    ("CutBody", 16),
];
const RECEIPTS: [(&str, usize); 12] = [
    ("202", 175),
    ("Early", 8),
    ("another success", 16),
    ("a refusal", 25),
    ("Pieces", 16),
    ("Interim", 16),
    ("Extra", 8),
    ("Last", 8),
    ("Ended", 25),
    ("Nothing", 16),
    ("CutHead", 8),
    ("Garbage", 8),
];
/// Events from which on shares say something.
const ENOUGH: usize = 2000;

/// What was drawn for the events of many runs.
#[derive(Clone, Debug, Default)]
pub struct Shares {
    events: usize,
    runs: usize,
    fatal: usize,
    retried: usize,
    verbs: BTreeMap<String, usize>,
    deliveries: BTreeMap<String, usize>,
    receipts: BTreeMap<String, usize>,
}

impl Shares {
    /// Counts the events of one run.
    pub fn add(&mut self, plans: &[Plan]) {
        self.runs += 1;
        for plan in plans {
            self.events += 1;
            self.fatal += usize::from(plan.is_fatal());
            self.retried += usize::from(plan.id == "retried");
            let count = |counts: &mut BTreeMap<_, _>, kind| *counts.entry(kind).or_default() += 1;
            count(&mut self.verbs, word(&plan.verb));
            count(&mut self.deliveries, word(&plan.delivery));
            let receipt = match plan.receipt {
                Receipt::Status(202) => "202".to_owned(),
                Receipt::Status(200..=299) => "another success".to_owned(),
                Receipt::Status(300..=499) => "a refusal".to_owned(),
                ref other => word(other),
            };
            count(&mut self.receipts, receipt);
        }
    }

    /// Whether each kind that these choices allow came, and often enough; the text says which did
    /// not. Of few events it says nothing.
    ///
    /// # Errors
    ///
    /// When a kind is missing, or there is one that the choices do not allow.
    pub fn check(&self, choices: &Choices) -> Result<(), String> {
        if !choices.fatal && self.fatal > 0 {
            return Err(format!(
                "{} events are fatal, and no event may be",
                self.fatal
            ));
        }
        if self.events < ENOUGH {
            return Ok(());
        }
        let least = |counts: &BTreeMap<String, usize>, kind: &str, permille: usize| {
            let (count, least) = (
                *counts.get(kind).unwrap_or(&0),
                self.events * permille / 1000,
            );
            match count < least.max(1) {
                true => Err(format!(
                    "{kind}: {count} of {} events, not {least}",
                    self.events
                )),
                false => Ok(()),
            }
        };
        for (kind, permille) in DELIVERIES {
            least(&self.deliveries, kind, permille)?;
        }
        for (kind, permille) in RECEIPTS {
            least(&self.receipts, kind, permille)?;
        }
        for verb in &choices.verbs {
            least(&self.verbs, &word(verb), 1000 / choices.verbs.len() / 3)?;
        }
        // One of eight has the id of a retry.
        if self.retried * 24 < self.events || self.retried * 3 > self.events {
            return Err(format!(
                "{} of {} events are retries",
                self.retried, self.events
            ));
        }
        // Two runs of 256.
        if choices.fatal && (self.fatal == 0 || self.fatal * 25 > self.runs) {
            return Err(format!("{} of {} runs are fatal", self.fatal, self.runs));
        }
        Ok(())
    }
}

/// A kind by the name that `Debug` gives it, without what it holds.
fn word(kind: &impl std::fmt::Debug) -> String {
    let text = format!("{kind:?}");
    text.split(['(', ' ']).next().unwrap_or_default().to_owned()
}
