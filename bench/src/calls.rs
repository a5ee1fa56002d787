//! Functions whose first answer waits for a call of an AWS service: as they are, with the CPU share of
//! 128 MB, and with a server at a distance.

use std::time::Instant;

use crate::arch::Arch;
use crate::events;
use crate::figures;
use crate::full;
use crate::limit::{Limited, Spawner};
use crate::measure::one::{Plan, Sample, Stage};
use crate::measure::rounds::{Pace, Series};
use crate::noise;
use crate::options::Options;
use crate::programs::Program;
use crate::results::Results;
use crate::service::Service;
use crate::service::away::Away;
use crate::sources;
use crate::times::{self, INSPECTIONS, Rows, SMALL, pace};

/// A start, an event that needs a call, and up to twenty more.
const WARM: Plan<'static> = Plan {
    event: events::CALL,
    answer: Some(events::ANSWER),
    ..SMALL
};
const COLD: Plan<'static> = Plan {
    cold: true,
    warm_events: 0,
    ..WARM
};
const INSPECTED: Plan<'static> = Plan {
    inspect: true,
    ..WARM
};
/// Rounds of the floor, which only tell how quiet the machine is.
const FLOOR: Pace = pace(200, 2, 30);
/// The memory whose share of a CPU is the smallest.
const SMALL_MEMORY_MB: u64 = 128;

/// A figure: its name, and its value in a round.
type Figure = (&'static str, fn(&Sample) -> f64);
const LIMITED: [Figure; 3] = [
    (figures::INIT_128, |sample| sample.init),
    (figures::FIRST_128, |sample| sample.first),
    (figures::TOTAL_128, |sample| sample.total),
];
const AT_A_DISTANCE: [Figure; 4] = [
    (figures::INIT_AWAY, |sample| sample.init),
    (figures::FIRST_AWAY, |sample| sample.first),
    (figures::TOTAL_AWAY, |sample| sample.total),
    (figures::WARM_AWAY, times::middle),
];

/// Makes all measurements of these functions.
pub(crate) fn run(options: &Options, arch: Arch) -> Result<Results, String> {
    let rows = sources::list_calls(&full::places(options), arch, &options.only);
    let (mut programs, missing) = full::staged(options, arch, rows)?;
    let mut results = full::begin(options, arch, missing);
    let floor = [programs.remove(0)];
    results.programs.push(full::sizes(&floor[0])?);
    for program in &programs {
        results.calls.push(full::sizes(program)?);
    }
    let work = full::work(options);
    // This process does not stay on one core yet, so the network's threads need not run on the function's.
    let away = Away::open(&options.cache, &work);
    results.machine.pin_to_core();
    let service = Service::start(&options.cache)?;
    let mut stage = full::stage(options, Spawner::Direct)?;

    let plan = Plan {
        warm_events: 5,
        ..SMALL
    };
    let quiet = rows_of(&mut stage, &floor).take("the floor", FLOOR, plan);
    times::put_warm(&mut results.programs[0], &quiet[0], &quiet[0]);
    let near = with_variables(&programs, &service.variables());
    as_they_are(&mut stage, &near, &mut results);
    results.moments.add(stage.quiet.moments);
    match Limited::open(SMALL_MEMORY_MB) {
        Ok(limited) => {
            let mut stage = full::stage(options, Spawner::Limited(limited))?;
            let pace = pace(options.rounds / 4, 9, 12);
            let few = Plan {
                warm_events: 0,
                ..WARM
            };
            let series = rows_of(&mut stage, &near).take("calls, 128 MB", pace, few);
            put(&mut results, &LIMITED, &series);
        }
        Err(reason) => left_out(&mut results, &LIMITED, &reason),
    }
    match away {
        Ok(away) => {
            let start = Instant::now();
            let entered = away.enter()?;
            let far = with_variables(&programs, &away.variables());
            // The Runtime API must listen in the namespace of the functions, so it starts anew here.
            let mut stage = full::stage(options, Spawner::Direct)?;
            let pace = pace(options.rounds / 2, 7, 15);
            let series = rows_of(&mut stage, &far).take("calls, away", pace, WARM);
            drop(entered);
            results.moments.add(stage.quiet.moments);
            put(&mut results, &AT_A_DISTANCE, &series);
            results.away_round_trip_us = Some(away.round_trip_us);
            crate::say_time("a server at a distance", start);
        }
        Err(reason) => left_out(&mut results, &AT_A_DISTANCE, &reason),
    }
    results.machine.note_load();
    results.noise = noise::reasons(&results.machine, results.programs.first(), false);
    Ok(results)
}

fn as_they_are(stage: &mut Stage, programs: &[Program], results: &mut Results) {
    let rounds = results.rounds;
    let mut rows = rows_of(stage, programs);
    let inspected = rows.take("calls, memory", INSPECTIONS, INSPECTED);
    let warm = rows.take("calls, warm", pace(rounds.warm, 8, 20), WARM);
    let cold = rows.take("calls, cold", pace(rounds.cold, 7, 15), COLD);
    for (index, measured) in results.calls.iter_mut().enumerate() {
        times::put_warm(measured, &warm[index], &warm[0]);
        measured.put_time(figures::TOTAL_CPU, &warm[index], &warm[0], |it| it.cpu);
        measured.put_time(figures::TOTAL_COLD, &cold[index], &cold[0], |it| it.total);
        times::put_median(measured, figures::PEAK_CALL, &inspected[index], |it| {
            it.end.peak_kb
        });
    }
}

fn rows_of<'a>(stage: &'a mut Stage, programs: &'a [Program]) -> Rows<'a> {
    Rows { stage, programs }
}

/// The programs with these variables added to their environment.
fn with_variables(programs: &[Program], variables: &[String]) -> Vec<Program> {
    let mut programs = programs.to_vec();
    for program in &mut programs {
        program.variables.extend_from_slice(variables);
    }
    programs
}

fn put(results: &mut Results, figures: &[Figure], series: &[Series]) {
    for (measured, own) in results.calls.iter_mut().zip(series) {
        for (figure, value) in figures {
            measured.put_time(figure, own, &series[0], value);
        }
    }
}

/// Notes of each program why it has no such figures.
fn left_out(results: &mut Results, figures: &[Figure], reason: &str) {
    eprintln!("[bench] skipped: {reason}");
    for measured in &mut results.calls {
        for (figure, _) in figures {
            let reason = format!("skipped: {reason}");
            measured.failed.insert((*figure).to_owned(), reason);
        }
    }
}
