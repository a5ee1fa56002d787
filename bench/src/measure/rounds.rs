//! Rounds: in each, every program runs once, in an order that changes.
//!
//! A program whose rounds take long is left out of some, evenly spread, so that a start of 60 ms
//! does not cost as many minutes as a start of 1 ms costs seconds.

use std::time::{Duration, Instant};

use indicatif::ProgressBar;

use super::one::{Plan, Sample, Stage};
use crate::programs::Program;

/// How often programs run.
#[derive(Clone, Copy)]
pub(crate) struct Pace {
    pub(crate) rounds: usize,
    /// The time that all rounds of one program may take.
    pub(crate) share: Duration,
    /// So many rounds it gets even if they take longer.
    pub(crate) least: usize,
}

/// What a program did in each round; a failed round is an `Err`, one that it was left out of is
/// `None`.
pub(crate) struct Series {
    pub(crate) samples: Vec<Option<Result<Sample, String>>>,
}

impl Series {
    /// One value of each round.
    pub(crate) fn column(&self, value: impl Fn(&Sample) -> f64) -> Vec<Option<f64>> {
        let samples = self.samples.iter();
        samples
            .map(|sample| sample.as_ref()?.as_ref().ok().map(&value))
            .collect()
    }

    /// Why it failed, when it failed too often to be summarised.
    pub(crate) fn failure(&self) -> Option<&str> {
        let mut failures = self.taken().filter_map(|sample| sample.as_ref().err());
        let first = failures.next()?;
        let count = 1 + failures.count();
        (count * 10 > self.taken().count()).then_some(first)
    }

    /// Why further rounds are of no use: the last three rounds have failed.
    fn given_up(&self) -> Option<&str> {
        let last: Vec<&str> = self
            .samples
            .iter()
            .rev()
            .flatten()
            .take(3)
            .map_while(|sample| sample.as_ref().err())
            .map(String::as_str)
            .collect();
        (last.len() == 3).then(|| last[0])
    }

    fn taken(&self) -> impl Iterator<Item = &Result<Sample, String>> {
        self.samples.iter().flatten()
    }
}

impl Pace {
    /// Whether a program that has run `taken` times in `spent` runs in this round too.
    fn is_due(&self, round: usize, taken: usize, spent: Duration) -> bool {
        let part = (round + 1) as f64 / self.rounds as f64;
        spent <= self.share.mul_f64(part) || (taken as f64) < self.least as f64 * part
    }
}

/// Runs the rounds; gives a series for each program.
pub(crate) fn run(
    stage: &mut Stage,
    programs: &[Program],
    pace: Pace,
    plan: Plan<'_>,
    progress: &ProgressBar,
) -> Vec<Series> {
    let mut series: Vec<Series> = programs
        .iter()
        .map(|_| Series {
            samples: Vec::with_capacity(pace.rounds),
        })
        .collect();
    let mut spent = vec![Duration::ZERO; programs.len()];
    let before = Plan {
        cold: false,
        warm_events: 0,
        last: None,
        inspect: false,
        ..plan
    };
    for round in 0..pace.rounds {
        for index in order(round, programs.len()) {
            let (program, own) = (&programs[index], &mut series[index]);
            progress.set_message(program.name.clone());
            let sample = if let Some(error) = own.given_up() {
                Some(Err(error.to_owned()))
            } else if index == 0 || pace.is_due(round, own.taken().count(), spent[index]) {
                let start = Instant::now();
                // The program that ran before affects caches and clocks; let it be the same
                // program for all.
                let sample = stage.quiet.measure(
                    &mut stage.runner,
                    |runner| drop(runner.run(&programs[0], before)),
                    |runner| runner.run(program, plan),
                );
                spent[index] += start.elapsed();
                Some(sample)
            } else {
                None
            };
            own.samples.push(sample);
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

    fn good() -> Option<Result<Sample, String>> {
        Some(Ok(Sample {
            init: 2.0,
            ..Sample::default()
        }))
    }

    fn bad() -> Option<Result<Sample, String>> {
        Some(Err("late".to_owned()))
    }

    #[test]
    fn a_rare_failure_is_left_out_and_a_frequent_one_is_reported() {
        let mut samples: Vec<_> = (0..19).map(|_| good()).collect();
        samples.push(bad());
        let mut series = Series { samples };
        assert_eq!(series.failure(), None);
        assert_eq!(series.column(|sample| sample.init)[18..], [Some(2.0), None]);
        series.samples.truncate(1);
        series.samples.push(bad());
        assert_eq!(series.failure(), Some("late"));
    }

    #[test]
    fn a_round_that_was_left_out_is_no_failure_and_no_value() {
        let series = Series {
            samples: vec![good(), None, None, good()],
        };
        assert_eq!(series.failure(), None);
        let column = series.column(|sample| sample.init);
        assert_eq!(column, [Some(2.0), None, None, Some(2.0)]);
    }

    #[test]
    fn three_failures_in_a_row_are_enough() {
        let given_up = |samples: [Option<Result<Sample, String>>; 4]| {
            let series = Series {
                samples: samples.into(),
            };
            series.given_up().map(str::to_owned)
        };
        assert_eq!(given_up([good(), bad(), bad(), good()]), None);
        assert_eq!(given_up([None, good(), bad(), bad()]), None);
        let late = Some("late".to_owned());
        assert_eq!(given_up([bad(), bad(), None, bad()]), late);
    }

    #[test]
    fn slow_programs_run_in_fewer_rounds_over_the_whole_time() {
        let pace = Pace {
            rounds: 100,
            share: Duration::from_secs(1),
            least: 10,
        };
        let taken_by = |each: Duration| -> Vec<usize> {
            let mut taken = Vec::new();
            for round in 0..pace.rounds {
                if pace.is_due(round, taken.len(), each * taken.len() as u32) {
                    taken.push(round);
                }
            }
            taken
        };
        assert_eq!(taken_by(Duration::from_millis(1)).len(), 100);
        let slow = taken_by(Duration::from_millis(40));
        assert!((24..=27).contains(&slow.len()), "{slow:?}");
        assert!(slow.iter().any(|round| *round > 90), "{slow:?}");
        assert_eq!(taken_by(Duration::from_secs(9)).len(), 10);
    }
}
