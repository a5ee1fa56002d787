//! Wall time, memory and faults of programs, in rounds.

use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};

use crate::events;
use crate::figures;
use crate::measure::one::{Plan, Sample, Stage};
use crate::measure::rounds::{self, Pace, Series};
use crate::pairs::{PAIRS, Pair};
use crate::programs::Program;
use crate::results::{Measured, Results, Time};
use crate::stats::{self, Spread};

/// A start, one event, and up to twenty more, of which a slow program gets fewer.
pub(crate) const SMALL: Plan<'static> = Plan {
    cold: false,
    event: events::SMALL,
    answer: None,
    warm_events: 20,
    warm_time: Duration::from_millis(40),
    last: None,
    inspect: false,
};
/// How often a program's memory and faults are inspected.
pub(crate) const INSPECTIONS: Pace = pace(5, 2, 3);

pub(crate) const fn pace(rounds: usize, seconds: u64, least: usize) -> Pace {
    Pace {
        rounds,
        share: Duration::from_secs(seconds),
        least,
    }
}

/// A figure of every program: their rounds, and its value in each.
type Column<'a> = (&'a [Series], fn(&Sample) -> f64);

/// The rounds of some programs, the first of which the others are compared to.
pub(crate) struct Rows<'a> {
    pub(crate) stage: &'a mut Stage,
    pub(crate) programs: &'a [Program],
}

impl Rows<'_> {
    pub(crate) fn take(&mut self, name: &str, pace: Pace, plan: Plan<'_>) -> Vec<Series> {
        let start = Instant::now();
        let progress = ProgressBar::new((pace.rounds * self.programs.len()) as u64);
        let style = ProgressStyle::with_template(
            "{prefix:>13} {bar:40} {pos}/{len} {elapsed} (left {eta}) {msg}",
        );
        progress.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
        progress.set_prefix(name.to_owned());
        let series = rounds::run(self.stage, self.programs, pace, plan, &progress);
        progress.finish_and_clear();
        crate::say_time(name, start);
        series
    }
}

/// Runs all rounds of the table's programs, and puts what they gave into the results.
pub(crate) fn take(stage: &mut Stage, programs: &[Program], results: &mut Results) {
    let largest = events::largest();
    let last = Plan {
        warm_events: 0,
        last: Some(&largest),
        ..SMALL
    };
    let cold = Plan {
        cold: true,
        warm_events: 0,
        ..SMALL
    };
    let inspected = |plan| Plan {
        inspect: true,
        ..plan
    };
    let mut rows = Rows { stage, programs };
    // In runs of their own: an inspection takes time, which the clock would count.
    let memory = rows.take("memory", INSPECTIONS, inspected(SMALL));
    let faults_cold = rows.take("faults, cold", INSPECTIONS, inspected(cold));
    let memory_large = rows.take("memory, 6 MB", INSPECTIONS, inspected(last));
    let rounds = results.rounds;
    let warm = rows.take("warm starts", pace(rounds.warm, 8, 30), SMALL);
    let cold = rows.take("cold starts", pace(rounds.cold, 8, 15), cold);
    let large = rows.take("6 MB events", pace(rounds.large, 4, 5), last);

    for (index, measured) in results.programs.iter_mut().enumerate() {
        put_warm(measured, &warm[index], &warm[0]);
        p99(measured, &warm[index]);
        measured.put_time(figures::INIT_COLD, &cold[index], &cold[0], |sample| {
            sample.init
        });
        measured.put_time(figures::LARGE, &large[index], &large[0], |sample| {
            sample.last.unwrap_or(f64::NAN)
        });

        put_median(measured, figures::PEAK, &memory[index], |sample| {
            sample.polling.peak_kb
        });
        put_median(measured, figures::MINOR, &memory[index], |sample| {
            sample.polling.minor_faults
        });
        put_median(measured, figures::MAJOR, &faults_cold[index], |sample| {
            sample.polling.major_faults
        });
        put_median(
            measured,
            figures::PEAK_LARGE,
            &memory_large[index],
            |sample| sample.end.peak_kb,
        );
    }
    let of = |figure: &str| -> Option<Column<'_>> {
        match figure {
            figures::INIT_WARM => Some((&warm, |sample| sample.init)),
            figures::INIT_COLD => Some((&cold, |sample| sample.init)),
            figures::FIRST => Some((&warm, |sample| sample.first)),
            figures::WARM => Some((&warm, middle)),
            _ => None,
        }
    };
    results.pairs.extend(pairs(programs, of));
}

/// The same for the programs that parse and print JSON, each on another allocator.
pub(crate) fn take_allocators(stage: &mut Stage, programs: &[Program], results: &mut Results) {
    let event = events::json();
    let plan = Plan {
        event: &event,
        warm_events: 5,
        warm_time: Duration::from_secs(2),
        ..SMALL
    };
    let mut rows = Rows { stage, programs };
    let series = rows.take("1 MB of JSON", pace(results.rounds.json, 8, 10), plan);
    for (measured, own) in results.allocators.iter_mut().zip(&series) {
        measured.put_time(figures::JSON, own, &series[0], middle);
    }
    let of = |figure: &str| -> Option<Column<'_>> {
        (figure == figures::JSON).then_some((&series, middle))
    };
    results.pairs.extend(pairs(programs, of));
}

/// The times of starts with a warm page cache and of the events behind them, compared to those of `base`.
pub(crate) fn put_warm(measured: &mut Measured, own: &Series, base: &Series) {
    measured.put_time(figures::INIT_WARM, own, base, |sample| sample.init);
    measured.put_time(figures::FIRST, own, base, |sample| sample.first);
    measured.put_time(figures::TOTAL, own, base, |sample| sample.total);
    measured.put_time(figures::WARM, own, base, middle);
}

/// The pairs of which both programs and the figure were measured.
fn pairs<'a>(programs: &[Program], of: impl Fn(&str) -> Option<Column<'a>>) -> Vec<Pair> {
    let place = |name: &str| programs.iter().position(|program| program.name == name);
    let pairs = PAIRS.iter().filter_map(|(figure, program, to)| {
        let (series, value) = of(figure)?;
        let (own, base) = (&series[place(program)?], &series[place(to)?]);
        if own.failure().or(base.failure()).is_some() {
            return None;
        }
        let ratios = stats::ratios(&own.column(value), &base.column(value));
        Some(Pair {
            figure: (*figure).to_owned(),
            program: (*program).to_owned(),
            to: (*to).to_owned(),
            ratio: Spread::of(&ratios)?,
        })
    });
    pairs.collect()
}

/// The median of a round's warm events.
pub(crate) fn middle(sample: &Sample) -> f64 {
    stats::quantile_of(&sample.warm, 0.5).unwrap_or(f64::NAN)
}

/// The 99th percentile is that of all warm events of all rounds: a round has too few.
fn p99(measured: &mut Measured, series: &Series) {
    let samples = series.samples.iter().flatten().flatten();
    let all: Vec<f64> = samples
        .flat_map(|sample| sample.warm.iter().copied())
        .collect();
    if let Some(p99) = stats::quantile_of(&all, 0.99) {
        let us = Spread {
            median: p99,
            p10: p99,
            p90: p99,
            count: all.len(),
        };
        let time = Time { us, ratio: None };
        measured.timed.insert(figures::WARM_P99.to_owned(), time);
    }
}

/// Puts the median of a count into the figures of a program.
pub(crate) fn put_median(
    measured: &mut Measured,
    figure: &str,
    series: &Series,
    value: fn(&Sample) -> u64,
) {
    let median = match series.failure() {
        Some(reason) => Err(reason.to_owned()),
        None => {
            let values: Vec<f64> = series
                .column(|sample| value(sample) as f64)
                .into_iter()
                .flatten()
                .collect();
            stats::quantile_of(&values, 0.5)
                .map(|median| median.round() as u64)
                .ok_or_else(String::new)
        }
    };
    measured.put_count(figure, median);
}
