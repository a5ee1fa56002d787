//! The whole benchmark of one architecture.

use std::fs;
use std::path::PathBuf;

use indicatif::{ProgressBar, ProgressStyle};

use crate::api::Api;
use crate::arch::Arch;
use crate::figures;
use crate::limit::{self, Limited, Spawner};
use crate::machine::Machine;
use crate::measure::count::Emulation;
use crate::measure::one::{Plan, Stage};
use crate::measure::rounds::{self, Series};
use crate::measure::trace;
use crate::options::Options;
use crate::programs::{self, Places, Program};
use crate::results::{Measured, Results, Rounds};
use crate::stats;

/// A small event, as most are.
pub(crate) const EVENT: &[u8] = br#"{"message":"hello from the benchmark"}"#;
/// The largest event that Lambda takes.
const LARGE: usize = 6 << 20;
const WARM_EVENTS: usize = 20;
/// How often a program's memory and faults are looked at.
const LOOKS: usize = 5;

/// Measures what there is to measure of this architecture on this machine.
pub(crate) fn run(options: &Options, arch: Arch) -> Result<Results, String> {
    let (programs, missing) = staged(options, arch)?;
    let mut results = Results {
        arch: arch.name().to_owned(),
        wall_time: arch.is_native(),
        date: options.date.clone(),
        commit: options.commit.clone(),
        machine: Machine::of_this_host(),
        versions: options.versions.clone(),
        limit: options
            .memory_mb
            .filter(|_| arch.is_native())
            .map(limit::describe),
        rounds: Rounds {
            warm: options.rounds,
            cold: (options.rounds * 3 / 10).max(3),
            large: (options.rounds / 20).max(3),
        },
        programs: Vec::new(),
        missing,
    };
    results.machine.read_ahead_kb = crate::cold::read_ahead_kb(&work(options));
    let mut api = Api::fixed().map_err(no_socket)?;
    let emulation = emulation(options);
    for program in &programs {
        results
            .programs
            .push(counts(&mut api, &emulation, program, arch)?);
    }
    if arch.is_native() {
        results.machine.take_a_core();
        let spawner = match options.memory_mb {
            Some(memory) => Spawner::Limited(Limited::open(memory)?),
            None => Spawner::Direct,
        };
        let stage = Stage {
            api: Api::moving().map_err(no_socket)?,
            spawner,
            log: work(options).join("log"),
        };
        times(stage, &programs, &mut results);
    }
    results.machine.look_again();
    Ok(results)
}

fn no_socket(error: std::io::Error) -> String {
    format!("the Runtime API's socket: {error}")
}

/// The programs, copied to where they are run, and what is missing.
fn staged(options: &Options, arch: Arch) -> Result<(Vec<Program>, Vec<programs::Missing>), String> {
    let mut rows = programs::list(&places(options), arch, &options.only);
    if arch.is_native() {
        rows.extend(
            options
                .peers
                .iter()
                .map(|(name, command)| programs::other(name, command)),
        );
    }
    let folder = work(options).join(arch.name());
    let (mut programs, mut missing) = (Vec::new(), Vec::new());
    for row in rows {
        match row {
            Ok(program) => {
                let name = program.name.clone();
                let program = program.stage(&folder);
                programs.push(program.map_err(|error| format!("copying {name}: {error}"))?);
            }
            Err(absent) => missing.push(absent),
        }
    }
    if programs
        .first()
        .is_none_or(|program| program.name != crate::FLOOR)
    {
        return Err(format!(
            "the floor is not built for {arch}; scripts/bench builds it"
        ));
    }
    Ok((programs, missing))
}

pub(crate) fn places(options: &Options) -> Places {
    Places {
        dist: options.root.join("dist"),
        built: options.cache.join("programs"),
    }
}

pub(crate) fn emulation(options: &Options) -> Emulation {
    Emulation {
        tools: options.qemu.clone(),
        plugin: options.cache.join("counts.so"),
        log: work(options).join("counts"),
    }
}

/// A folder on disk for this run's copies and logs.
fn work(options: &Options) -> PathBuf {
    let work = options.cache.join("work");
    // When it cannot be made, the first copy says so.
    let _ = fs::create_dir_all(&work);
    work
}

/// What can be counted of a program: its size, and with ptrace or qemu what it does.
pub(crate) fn counts(
    api: &mut Api,
    emulation: &Emulation,
    program: &Program,
    arch: Arch,
) -> Result<Measured, String> {
    let mut measured = Measured {
        name: program.name.clone(),
        group: program.group,
        about: program.about.clone(),
        timed: Default::default(),
        counted: Default::default(),
        failed: Default::default(),
    };
    let (bytes, zip) = crate::size::of(program.files.iter().map(PathBuf::as_path))?;
    measured.put_count(figures::BYTES, Ok(bytes));
    measured.put_count(figures::ZIP, Ok(zip));
    let counted = if program.countable {
        emulation.count(api, program, arch)
    } else {
        Err("it is several processes, has threads, or is not static; emulation counts one static process".to_owned())
    };
    let copy = |figure: fn(&crate::measure::count::Counts) -> u64| {
        counted.as_ref().map(figure).map_err(String::clone)
    };
    measured.put_count(figures::INSTRUCTIONS, copy(|counts| counts.instructions));
    measured.put_count(figures::PAGES, copy(|counts| counts.pages));
    let system_calls = if arch.is_native() {
        trace::system_calls(api, program, arch)
    } else {
        copy(|counts| counts.system_calls)
    };
    measured.put_count(figures::SYSTEM_CALLS, system_calls);
    Ok(measured)
}

fn times(mut stage: Stage, programs: &[Program], results: &mut Results) {
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
        let last = |sample: &crate::measure::one::Sample| sample.last.unwrap_or(f64::NAN);
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
fn part(sample: &crate::measure::one::Sample, part: f64) -> f64 {
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
        let time = crate::results::Time { us, ratio: None };
        measured.timed.insert(figures::WARM_P99.to_owned(), time);
    }
}

fn look_at(
    measured: &mut Measured,
    figure: &str,
    series: &Series,
    value: fn(&crate::measure::one::Sample) -> u64,
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
