//! What got worse since an older result.

use std::fmt;

use crate::figures::{self, COUNTED, TIMED};
use crate::results::{Measured, Results};
use crate::stats::Spread;

/// Differences within so many standard errors are noise.
const ERRORS: f64 = 3.0;
/// And so are smaller ones than this part, whatever the errors say: two runs of the same binary
/// differ by as much (NOTES.md).
const PART: f64 = 0.05;

/// A figure that differs beyond noise.
#[derive(Debug, PartialEq)]
pub(crate) struct Difference {
    pub(crate) program: String,
    pub(crate) figure: &'static str,
    pub(crate) old: f64,
    pub(crate) new: f64,
    /// Whether the figures are times the floor.
    pub(crate) is_ratio: bool,
}

impl Difference {
    pub(crate) fn is_worse(&self) -> bool {
        self.new > self.old
    }
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Difference {
            program,
            figure,
            old,
            new,
            ..
        } = self;
        let word = if self.is_worse() { "WORSE" } else { "better" };
        if self.is_ratio {
            write!(
                f,
                "{word}: {program}, {figure}: {old:.2}x to {new:.2}x of the floor"
            )
        } else {
            write!(f, "{word}: {program}, {figure}: {old} to {new}")
        }
    }
}

/// All differences; the programs of only one of the results are left out.
pub(crate) fn differences(old: &Results, new: &Results) -> Vec<Difference> {
    let pairs = new.programs.iter().filter_map(|new| {
        let old = old.programs.iter().find(|old| old.name == new.name)?;
        Some((old, new))
    });
    pairs.flat_map(|(old, new)| of_program(old, new)).collect()
}

fn of_program(old: &Measured, new: &Measured) -> Vec<Difference> {
    let mut found = Vec::new();
    let mut differ = |figure, old, new, is_ratio| {
        found.push(Difference {
            program: String::new(),
            figure,
            old,
            new,
            is_ratio,
        });
    };
    for figure in &TIMED {
        // Microseconds of two days are not comparable; what the floor did in the same round is.
        let ratio = |of: &Measured| of.timed.get(figure.name).and_then(|time| time.ratio);
        if let (Some(old), Some(new)) = (ratio(old), ratio(new))
            && beyond_noise(&old, &new)
        {
            differ(figure.title, old.median, new.median, true);
        }
    }
    // The calls of several processes or threads depend a little on who is first.
    let is_exact = new.counted.contains_key(figures::INSTRUCTIONS);
    for figure in COUNTED.iter().filter(|figure| figure.exact) {
        let count = |of: &Measured| of.counted.get(figure.name).copied();
        if let (Some(old), Some(new)) = (count(old), count(new))
            && differs(old, new, is_exact)
        {
            differ(figure.title, old as f64, new as f64, false);
        }
    }
    for difference in &mut found {
        difference.program.clone_from(&new.name);
    }
    found
}

fn differs(old: u64, new: u64, is_exact: bool) -> bool {
    old != new && (is_exact || old.abs_diff(new) as f64 > PART * old as f64)
}

fn beyond_noise(old: &Spread, new: &Spread) -> bool {
    let difference = (new.median - old.median).abs();
    let error = old.error().hypot(new.error());
    difference > ERRORS * error && difference > PART * old.median
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::results::tests::{program, results};

    fn compared(old: Measured, new: Measured) -> Vec<String> {
        let differences = differences(&results(vec![old]), &results(vec![new]));
        differences.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn noise_is_not_told() {
        let same = compared(program("hello", 1.10, 5000), program("hello", 1.12, 5000));
        assert_eq!(same, [""; 0]);
    }

    #[test]
    fn worse_and_better_are_told() {
        let found = compared(program("hello", 1.10, 5000), program("hello", 1.30, 4900));
        assert_eq!(
            found,
            [
                "WORSE: hello, init, warm cache: 1.10x to 1.30x of the floor",
                "better: hello, instructions to next: 5000 to 4900",
            ]
        );
    }

    #[test]
    fn counts_of_several_processes_may_vary_a_little() {
        assert!(differs(265, 266, true) && !differs(265, 266, false));
        assert!(differs(265, 300, false) && !differs(265, 265, true));
    }

    #[test]
    fn few_rounds_prove_nothing() {
        let mut old = program("hello", 1.0, 1);
        let mut new = program("hello", 1.1, 1);
        for measured in [&mut old, &mut new] {
            for time in measured.timed.values_mut() {
                time.ratio.as_mut().unwrap().count = 2;
            }
        }
        assert_eq!(compared(old, new), [""; 0]);
    }
}
