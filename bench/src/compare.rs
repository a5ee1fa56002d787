//! Comparison with an older result.

use std::fmt;

use crate::figures::{self, COUNTED, TIMED};
use crate::pairs::Pair;
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
    /// The base of the ratios, if the figures are ratios.
    pub(crate) to: Option<String>,
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
            to,
        } = self;
        let word = if self.is_worse() { "WORSE" } else { "better" };
        match to {
            Some(to) => write!(
                f,
                "{word}: {program}, {figure}: {old:.2}x to {new:.2}x of {to}"
            ),
            None => write!(f, "{word}: {program}, {figure}: {old} to {new}"),
        }
    }
}

/// All differences; the programs of only one of the results are left out.
pub(crate) fn differences(old: &Results, new: &Results) -> Vec<Difference> {
    let mut found = of_programs(&old.programs, &new.programs, "the floor");
    // Their first one's ratio is 1, to itself.
    let first = new.allocators.first().map_or("", |first| &first.name);
    found.extend(of_programs(&old.allocators, &new.allocators, first));
    found.extend(of_programs(&old.calls, &new.calls, crate::sources::CALL));
    let same = |pair: &Pair, new: &Pair| {
        pair.figure == new.figure && pair.program == new.program && pair.to == new.to
    };
    found.extend(new.pairs.iter().filter_map(|new| {
        let old = old.pairs.iter().find(|old| same(old, new))?;
        // Those to the first allocator stand above.
        (new.to != first && beyond_noise(&old.ratio, &new.ratio)).then(|| Difference {
            program: new.program.clone(),
            figure: figures::title(&new.figure),
            old: old.ratio.median,
            new: new.ratio.median,
            to: Some(new.to.clone()),
        })
    }));
    found
}

fn of_programs(old: &[Measured], new: &[Measured], base: &str) -> Vec<Difference> {
    let pairs = new.iter().filter_map(|new| {
        let old = old.iter().find(|old| old.name == new.name)?;
        Some((old, new))
    });
    pairs
        .flat_map(|(old, new)| of_program(old, new, base))
        .collect()
}

fn of_program(old: &Measured, new: &Measured, base: &str) -> Vec<Difference> {
    let mut found = Vec::new();
    let mut differ = |figure, old, new, to: Option<&str>| {
        found.push(Difference {
            program: String::new(),
            figure,
            old,
            new,
            to: to.map(str::to_owned),
        });
    };
    for figure in &TIMED {
        // Microseconds of two days are not comparable; ratios to the floor of the same round are.
        let ratio = |of: &Measured| of.timed.get(figure.name).and_then(|time| time.ratio);
        if let (Some(old), Some(new)) = (ratio(old), ratio(new))
            && beyond_noise(&old, &new)
        {
            differ(figure.title, old.median, new.median, Some(base));
        }
    }
    // The calls of several processes or threads depend a little on their order.
    let is_exact = new.counted.contains_key(figures::INSTRUCTIONS);
    for figure in COUNTED.iter().filter(|figure| figure.exact) {
        let count = |of: &Measured| of.counted.get(figure.name).copied();
        if let (Some(old), Some(new)) = (count(old), count(new))
            && differs(old, new, is_exact)
        {
            differ(figure.title, old as f64, new as f64, None);
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
    fn noise_is_no_difference() {
        let same = compared(program("hello", 1.10, 5000), program("hello", 1.12, 5000));
        assert_eq!(same, [""; 0]);
    }

    #[test]
    fn worse_and_better_are_reported() {
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
    fn programs_that_are_compared_with_each_other_have_differences() {
        let with = |median: f64| {
            let mut results = results(Vec::new());
            let time = program("layer-worker", median, 1).timed[figures::INIT_WARM];
            results.pairs.push(Pair {
                figure: figures::WARM.to_owned(),
                program: "layer-worker".to_owned(),
                to: "hello-lean".to_owned(),
                ratio: time.ratio.unwrap(),
            });
            results
        };
        let told = |old, new| -> Vec<String> {
            let differences = differences(&with(old), &with(new));
            differences.iter().map(ToString::to_string).collect()
        };
        assert_eq!(told(2.20, 2.21), [""; 0]);
        assert_eq!(
            told(2.2, 3.0),
            ["WORSE: layer-worker, warm event p50: 2.20x to 3.00x of hello-lean"]
        );
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
