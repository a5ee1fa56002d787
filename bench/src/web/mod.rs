//! Web applications behind the layer and behind Lambda Web Adapter, in one run.
//!
//! `stacks` lists the applications and what may stand before each: the layer, the adapter or nothing.
//! `start` starts an application behind one of these stacks, and ends it. `steps` measures while the
//! application runs. `rounds` does so for all stacks in turns. `figures` makes medians and ratios of the
//! rounds, `aims` compares them with the aims, and `table` prints them.

mod aims;
mod alone;
mod events;
mod figures;
mod rounds;
mod stacks;
mod start;
mod steps;
mod table;

use std::path::Path;
use std::time::Instant;

use crate::arch::Arch;
use crate::machine::Machine;
use crate::noise;
use crate::options::Options;
use crate::quiet::Quiet;
use figures::Results;

pub(crate) use stacks::check_names;

/// Measures, prints the tables and writes the file of the results into the folder `output`.
pub(crate) fn run(options: &Options, output: &Path) -> Result<(), String> {
    let start = Instant::now();
    let arch = Arch::host();
    let folder = options.cache.join("work").join("web");
    let applications = stacks::applications(options, &folder)?;
    let (stacks, missing) = stacks::stacks(options, &folder)?;
    let mut machine = Machine::of_this_host();
    if !options.all_cores {
        machine.pin_to_core();
    }
    let sizes = stacks::sizes(&stacks)?;
    let mut quiet = Quiet::of_this_core();
    let measured = rounds::take(options, &applications, &stacks, &mut quiet, &folder)?;
    machine.note_load();
    let mut noise = noise::reasons(&machine, None, false);
    noise.extend(figures::spread(&measured));
    let results = Results {
        arch: arch.name().to_owned(),
        date: options.date.clone(),
        commit: options.commit.clone(),
        machine,
        noise,
        moments: quiet.moments,
        versions: options.versions.clone(),
        sizes,
        aims: aims::of(&measured),
        applications: measured,
        missing,
    };
    println!("{}", table::render(&results));
    crate::say_time("web applications", start);
    let noisy = crate::noisy(&results.noise);
    let cores = if options.all_cores { "-all-cores" } else { "" };
    let part = if options.only.is_empty() { "" } else { "-only" };
    let name = format!("{arch}-web{cores}{part}{noisy}.json");
    crate::save(&results, &output.join(name))
}
