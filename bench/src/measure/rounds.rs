//! Rounds: in each, every program runs once, in an order that changes.

use indicatif::ProgressBar;

use super::one::{Plan, Sample, Stage};
use crate::programs::Program;

/// What a program did in each round; a failed round is an `Err`.
pub(crate) struct Series {
    pub(crate) samples: Vec<Result<Sample, String>>,
}

impl Series {
    /// One value of each round.
    pub(crate) fn column(&self, value: impl Fn(&Sample) -> f64) -> Vec<Option<f64>> {
        let samples = self.samples.iter();
        samples
            .map(|sample| sample.as_ref().ok().map(&value))
            .collect()
    }

    /// Why it failed, when it failed too often to be summarised.
    pub(crate) fn failure(&self) -> Option<&str> {
        let mut failures = self
            .samples
            .iter()
            .filter_map(|sample| sample.as_ref().err());
        let first = failures.next()?;
        let count = 1 + failures.count();
        (count * 10 > self.samples.len()).then_some(first)
    }
}

/// Runs the rounds; gives a series for each program.
pub(crate) fn run(
    stage: &mut Stage,
    programs: &[Program],
    rounds: usize,
    plan: Plan<'_>,
    progress: &ProgressBar,
) -> Vec<Series> {
    let mut series: Vec<Series> = programs
        .iter()
        .map(|_| Series {
            samples: Vec::with_capacity(rounds),
        })
        .collect();
    let before = Plan {
        cold: false,
        warm_events: 0,
        last: None,
        inspect: false,
        ..plan
    };
    for round in 0..rounds {
        for index in order(round, programs.len()) {
            let program = &programs[index];
            progress.set_message(program.name.clone());
            // What has failed three times in a row would only cost time.
            let samples = &mut series[index].samples;
            let recent = &samples[samples.len().saturating_sub(3)..];
            let given_up = recent.len() == 3 && recent.iter().all(Result::is_err);
            let sample = match recent.last() {
                Some(Err(error)) if given_up => Err(error.clone()),
                _ => {
                    // Whoever ran before leaves caches and clocks behind; let it be the same
                    // program for all.
                    let _ = stage.run(&programs[0], before);
                    stage.run(program, plan)
                }
            };
            series[index].samples.push(sample);
            progress.inc(1);
        }
    }
    series
}

/// The order of a round: shuffled, and every other round the one before it backwards. With a fixed
/// circle a program would always run in the wake of the same neighbour.
fn order(round: usize, count: usize) -> Vec<usize> {
    let mut order: Vec<usize> = (0..count).collect();
    // The same orders in every run, by a generator with the multiplier of Knuth's MMIX.
    let mut state = (round / 2) as u64;
    for last in (1..count).rev() {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        order.swap(last, (state >> 33) as usize % (last + 1));
    }
    if round % 2 == 1 {
        order.reverse();
    }
    order
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_round_has_every_program() {
        for round in 0..10 {
            let mut order = order(round, 4);
            order.sort_unstable();
            assert_eq!(order, [0, 1, 2, 3]);
        }
    }

    #[test]
    fn neighbours_change() {
        let before = |round: usize| {
            let order = order(round, 10);
            order
                .windows(2)
                .find(|pair| pair[1] == 0)
                .map(|pair| pair[0])
        };
        let neighbours: std::collections::BTreeSet<_> = (0..100).map(before).collect();
        assert!(neighbours.len() >= 9, "{neighbours:?}");
        let mut backwards = order(1, 10);
        backwards.reverse();
        assert_eq!(order(0, 10), backwards);
    }

    #[test]
    fn a_rare_failure_is_left_out_and_a_frequent_one_is_told() {
        let good = || {
            Ok(Sample {
                init: 2.0,
                ..Sample::default()
            })
        };
        let mut samples: Vec<Result<Sample, String>> = (0..19).map(|_| good()).collect();
        samples.push(Err("late".to_owned()));
        let mut series = Series { samples };
        assert_eq!(series.failure(), None);
        assert_eq!(series.column(|sample| sample.init)[18..], [Some(2.0), None]);
        series.samples.truncate(1);
        series.samples.push(Err("late".to_owned()));
        assert_eq!(series.failure(), Some("late"));
    }
}
