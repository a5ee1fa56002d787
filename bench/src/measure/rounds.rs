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
                _ => stage.run(program, plan),
            };
            series[index].samples.push(sample);
            progress.inc(1);
        }
    }
    series
}

/// The order of a round: another program begins each time, and every other round goes backwards,
/// so that no program always has the same neighbours.
fn order(round: usize, count: usize) -> Vec<usize> {
    let mut order: Vec<usize> = (0..count).map(|index| (index + round) % count).collect();
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
        assert_eq!(order(0, 3), [0, 1, 2]);
        assert_eq!(order(1, 3), [0, 2, 1]);
        assert_eq!(order(2, 3), [2, 0, 1]);
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
