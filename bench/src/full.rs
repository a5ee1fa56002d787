//! The whole benchmark of one architecture.

use std::fs;
use std::path::PathBuf;
use std::time::Instant;

use crate::api::Api;
use crate::arch::Arch;
use crate::figures;
use crate::limit::{self, Limited, Spawner};
use crate::machine::Machine;
use crate::measure::count::Emulation;
use crate::measure::one::{Runner, Stage};
use crate::measure::trace;
use crate::noise;
use crate::options::Options;
use crate::programs::{self, Countable, Group, Places, Program};
use crate::quiet::{Moments, Quiet};
use crate::results::{Measured, Results, Rounds};
use crate::sources;
use crate::times;

/// Makes all measurements of this architecture that this machine can make.
pub(crate) fn run(options: &Options, arch: Arch) -> Result<Results, String> {
    let mut rows = sources::list(&places(options), arch, &options.only);
    if arch.is_native() {
        rows.extend(options.peers.iter().map(sources::other));
    }
    let (programs, missing) = staged(options, arch, rows)?;
    let (allocators, programs): (Vec<Program>, Vec<Program>) = programs
        .into_iter()
        .partition(|program| program.group == Group::Allocator);
    let mut results = begin(options, arch, missing);
    let start = Instant::now();
    let mut api = Api::fixed()?;
    let emulation = emulation(options);
    for program in &programs {
        results
            .programs
            .push(counts(&mut api, &emulation, program, arch)?);
    }
    for program in &allocators {
        results.allocators.push(sizes(program)?);
    }
    crate::say_time("counts", start);
    if arch.is_native() {
        results.machine.pin_to_core();
        let spawner = match options.memory_mb {
            Some(memory) => Spawner::Limited(Limited::open(memory)?),
            None => Spawner::Direct,
        };
        let mut stage = stage(options, spawner)?;
        times::take(&mut stage, &programs, &mut results);
        if !allocators.is_empty() {
            times::take_allocators(&mut stage, &allocators, &mut results);
        }
        results.moments.add(stage.quiet.moments);
    }
    results.machine.note_load();
    if arch.is_native() {
        let limited = results.limit.is_some();
        results.noise = noise::reasons(&results.machine, results.programs.first(), limited);
    }
    Ok(results)
}

/// Results that have yet to come.
pub(crate) fn begin(options: &Options, arch: Arch, missing: Vec<programs::Missing>) -> Results {
    let mut machine = Machine::of_this_host();
    machine.read_ahead_kb = crate::cold::read_ahead_kb(&work(options));
    Results {
        arch: arch.name().to_owned(),
        wall_time: arch.is_native(),
        date: options.date.clone(),
        commit: options.commit.clone(),
        machine,
        noise: Vec::new(),
        moments: Moments::default(),
        versions: options.versions.clone(),
        limit: options
            .memory_mb
            .filter(|_| arch.is_native())
            .map(limit::describe),
        rounds: Rounds {
            warm: options.rounds,
            cold: (options.rounds / 2).max(3),
            large: (options.rounds / 8).max(3),
            json: (options.rounds / 5).max(3),
        },
        programs: Vec::new(),
        allocators: Vec::new(),
        calls: Vec::new(),
        away_round_trip_us: None,
        pairs: Vec::new(),
        missing,
    }
}

/// What programs are measured on, with a Runtime API where this thread is.
pub(crate) fn stage(options: &Options, spawner: Spawner) -> Result<Stage, String> {
    let quiet = match spawner {
        Spawner::Direct => Quiet::of_this_core(),
        Spawner::Limited(_) => Quiet::whenever(),
    };
    let runner = Runner {
        api: Api::moving()?,
        spawner,
        log: work(options).join("log"),
    };
    Ok(Stage { runner, quiet })
}

/// The programs, copied to the folder where they run, and the missing ones.
pub(crate) fn staged(
    options: &Options,
    arch: Arch,
    rows: Vec<programs::Row>,
) -> Result<(Vec<Program>, Vec<programs::Missing>), String> {
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
        handlers: sources::handlers(&places(options), Arch::host()),
        folder: work(options).join("counted"),
        log: work(options).join("counts"),
    }
}

/// A folder on disk for this run's copies and logs.
pub(crate) fn work(options: &Options) -> PathBuf {
    let work = options.cache.join("work");
    // When it cannot be made, the first copy says so.
    let _ = fs::create_dir_all(&work);
    work
}

/// A program's description and size.
pub(crate) fn sizes(program: &Program) -> Result<Measured, String> {
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
    Ok(measured)
}

const SEVERAL: &str = "it is several processes, has threads, or is not static; emulation counts \
                       one static process";

/// Nothing is known of it: it may also not start at all, which its times then say.
const UNKNOWN: &str = "what --peer gives is not counted: emulation counts one static process, and it \
                       is not known to be one";

/// A program's counts: its size, and those by ptrace or qemu.
pub(crate) fn counts(
    api: &mut Api,
    emulation: &Emulation,
    program: &Program,
    arch: Arch,
) -> Result<Measured, String> {
    let mut measured = sizes(program)?;
    let counted = match program.countable {
        Countable::All | Countable::Pages => emulation.count(api, program, arch),
        Countable::Nothing => Err(SEVERAL.to_owned()),
        Countable::Unknown => Err(UNKNOWN.to_owned()),
    };
    let pages = counted.as_ref().map(|counts| counts.pages);
    measured.put_count(figures::PAGES, pages.map_err(String::clone));
    let counted = match program.countable {
        Countable::Pages => Err(SEVERAL.to_owned()),
        Countable::All | Countable::Nothing | Countable::Unknown => counted,
    };
    let copy = |figure: fn(&crate::measure::count::Counts) -> u64| {
        counted.as_ref().map(figure).map_err(String::clone)
    };
    measured.put_count(figures::INSTRUCTIONS, copy(|counts| counts.instructions));
    let event = copy(|counts| counts.event_instructions);
    measured.put_count(figures::EVENT_INSTRUCTIONS, event);
    let system_calls = if arch.is_native() {
        trace::system_calls(api, program, arch)
    } else {
        copy(|counts| counts.system_calls)
    };
    measured.put_count(figures::SYSTEM_CALLS, system_calls);
    Ok(measured)
}
