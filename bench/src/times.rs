//! Wall time, memory and faults of all programs, in rounds.

use indicatif::{ProgressBar, ProgressStyle};

use crate::figures;
use crate::measure::one::{Plan, Sample, Stage};
use crate::measure::rounds::{self, Series};
use crate::programs::Program;
use crate::results::{Measured, Results, Rounds, Time};
use crate::stats;

/// A small event, as most are.
const EVENT: &[u8] = br#"{"message":"hello from the benchmark"}"#;
/// The largest event that Lambda takes.
const LARGE: usize = 6 << 20;
const WARM_EVENTS: usize = 20;
/// How often a program's memory and faults are looked at.
const LOOKS: usize = 5;

/// Runs all rounds, and puts what they gave into the results.
pub(crate) fn take(mut stage: Stage, programs: &[Program], results: &mut Results) {
    let mut large = br#"{"data":""#.to_vec();
    large.resize(LARGE - 2, b'x');
    large.extend_from_slice(br#""}"#);

    let plan = Plan {
        cold: false,
        event: EVENT,
        warm_events: WARM_EVENTS,
        last: None,
        inspect: false,
    };
    let cold = Plan {
        cold: true,
        warm_events: 0,
        ..plan
    };
    let last = Plan {
        warm_events: 0,
        last: Some(&large),
        ..plan
    };
    let Rounds {
        warm: warm_rounds,
        cold: cold_rounds,
        large: large_rounds,
    } = results.rounds;

    let all = (warm_rounds + cold_rounds + large_rounds + 3 * LOOKS) * programs.len();
    let progress = ProgressBar::new(all as u64);
    let style = ProgressStyle::with_template(
        "{prefix:>9} {bar:40} {pos}/{len} {elapsed} (left {eta}) {msg}",
    );
    progress.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
    let mut take = |name: &'static str, rounds: usize, plan: Plan<'_>| -> Vec<Series> {
        progress.set_prefix(name);
        rounds::run(&mut stage, programs, rounds, plan, &progress)
    };
    // Looked at apart from the clock, which the looking would disturb.
    let look = take(
        "memory",
        LOOKS,
        Plan {
            inspect: true,
            ..plan
        },
    );
    let look_cold = take(
        "memory",
        LOOKS,
        Plan {
            inspect: true,
            ..cold
        },
    );
    let look_large = take(
        "memory",
        LOOKS,
        Plan {
            inspect: true,
            ..last
        },
    );
    let warm = take("warm", warm_rounds, plan);
    let cold = take("cold", cold_rounds, cold);
    let large = take("6 MB", large_rounds, last);
    progress.finish_and_clear();

    for (index, measured) in results.programs.iter_mut().enumerate() {
        let floor = &warm[0];
        let own = &warm[index];
        measured.put_time(figures::INIT_WARM, own, floor, |sample| sample.init);
        measured.put_time(figures::FIRST, own, floor, |sample| sample.first);
        measured.put_time(figures::TOTAL, own, floor, |sample| sample.total);
        measured.put_time(figures::WARM, own, floor, |sample| part(sample, 0.5));
        p99(measured, own);
        measured.put_time(figures::INIT_COLD, &cold[index], &cold[0], |sample| {
            sample.init
        });
        let last = |sample: &Sample| sample.last.unwrap_or(f64::NAN);
        measured.put_time(figures::LARGE, &large[index], &large[0], last);

        look_at(measured, figures::PEAK, &look[index], |sample| {
            sample.polling.peak_kb
        });
        look_at(measured, figures::MINOR, &look[index], |sample| {
            sample.polling.minor_faults
        });
        look_at(measured, figures::MAJOR, &look_cold[index], |sample| {
            sample.polling.major_faults
        });
        look_at(
            measured,
            figures::PEAK_LARGE,
            &look_large[index],
            |sample| sample.end.peak_kb,
        );
    }
}

/// The quantile of a round's warm events.
fn part(sample: &Sample, part: f64) -> f64 {
    stats::quantile_of(&sample.warm, part).unwrap_or(f64::NAN)
}

/// The 99th percentile is that of all warm events of all rounds: a round has too few.
fn p99(measured: &mut Measured, series: &Series) {
    let samples = series.samples.iter().flatten();
    let all: Vec<f64> = samples
        .flat_map(|sample| sample.warm.iter().copied())
        .collect();
    if let Some(p99) = stats::quantile_of(&all, 0.99) {
        let us = stats::Spread {
            median: p99,
            p10: p99,
            p90: p99,
            count: all.len(),
        };
        let time = Time { us, ratio: None };
        measured.timed.insert(figures::WARM_P99.to_owned(), time);
    }
}

fn look_at(measured: &mut Measured, figure: &str, series: &Series, value: fn(&Sample) -> u64) {
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
