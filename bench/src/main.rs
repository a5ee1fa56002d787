//! The benchmark's harness; scripts/bench builds the programs and starts it.
//!
//! ```text
//! options -> full  -> measure (trace, count), times (measure rounds) -> results -> report, compare
//!         -> calls -> service, times (measure rounds)                -> results -> report, compare
//!         -> short -> measure (trace, count) -> budgets
//!         -> web: applications behind the layer and Lambda Web Adapter
//! ```

mod api;
mod arch;
mod budgets;
mod calls;
mod clock;
mod cold;
mod compare;
mod events;
mod figures;
mod full;
mod limit;
mod machine;
mod measure;
mod noise;
mod options;
mod pairs;
mod process;
mod programs;
mod quiet;
mod report;
mod results;
mod service;
mod short;
mod size;
mod sources;
mod spawn;
mod stats;
mod times;
mod web;

use std::fs;
use std::path::Path;
use std::process::ExitCode;
use std::time::Instant;

use options::Options;
use results::Results;
use serde::Serialize;

/// The program that everything is compared to.
const FLOOR: &str = "floor";

fn main() -> ExitCode {
    let mut arguments = std::env::args_os().skip(1).peekable();
    let result = if arguments
        .peek()
        .is_some_and(|first| first == limit::SPAWNER)
    {
        limit::serve()
            .map(|()| true)
            .map_err(|error| error.to_string())
    } else {
        options::parse(arguments).and_then(|options| run(&options))
    };
    match result {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("bench: {error}");
            ExitCode::FAILURE
        }
    }
}

/// False when a budget was broken.
fn run(options: &Options) -> Result<bool, String> {
    if options.short {
        let (lines, well) = short::run(options)?;
        lines.iter().for_each(|line| println!("{line}"));
        return Ok(well);
    }
    let output = options.output.clone();
    let output = output.unwrap_or_else(|| options.root.join("bench/results"));
    fs::create_dir_all(&output).map_err(|error| format!("{}: {error}", output.display()))?;
    if options.web {
        return web::run(options, &output).map(|()| true);
    }
    // Read before minutes are spent.
    let old = options.compare.as_deref().map(read).transpose()?;
    for &arch in &options.arches {
        eprintln!(
            "[bench] {arch}: {}",
            if arch.is_native() {
                "wall time and counts"
            } else {
                "counts, under qemu"
            }
        );
        let start = Instant::now();
        let results = if options.aws {
            calls::run(options, arch)?
        } else {
            full::run(options, arch)?
        };
        say_time(&format!("{arch} in all"), start);
        println!("{}", report::table::render(&results));
        write(&results, options, &output)?;
        if let Some(old) = old.as_ref().filter(|old| old.arch == results.arch) {
            compared(old, &results);
        }
    }
    if let Some(old) = old.filter(|old| options.arches.iter().all(|arch| arch.name() != old.arch)) {
        return Err(format!(
            "--compare: the file is of {}, which was not measured",
            old.arch
        ));
    }
    Ok(true)
}

/// Tells how long a part of the run took.
fn say_time(part: &str, start: Instant) {
    eprintln!("[bench] {part}: {:.0} s", start.elapsed().as_secs_f64());
}

fn compared(old: &Results, new: &Results) {
    println!("Against {} ({}), beyond noise:\n", old.date, old.commit);
    let mut differences = compare::differences(old, new);
    differences.sort_by_key(|difference| !difference.is_worse());
    if differences.is_empty() {
        println!("- nothing differs");
    }
    differences
        .iter()
        .for_each(|difference| println!("- {difference}"));
    println!();
}

fn write(results: &Results, options: &Options, output: &Path) -> Result<(), String> {
    let limit = options.memory_mb.filter(|_| results.limit.is_some());
    let limit = limit.map_or_else(String::new, |memory| format!("-{memory}mb"));
    // One file for each architecture: the newest takes the place of the one before.
    let part = if options.only.is_empty() { "" } else { "-only" };
    // With --aws the table says that the machine was busy, and the file keeps its name.
    let noisy = if options.aws {
        ""
    } else {
        noisy(&results.noise)
    };
    let subject = if options.aws { "-aws" } else { "" };
    let name = format!("{}{subject}{limit}{part}{noisy}.json", results.arch);
    save(results, &output.join(name))?;
    // The charts are of the whole table on the whole, quiet machine.
    if results.limit.is_none() && options.only.is_empty() && noisy.is_empty() {
        let charts = if options.aws {
            report::chart::draw_calls(results, output)
        } else {
            report::chart::draw(results, output)
        };
        for chart in charts? {
            eprintln!("[bench] {}", chart.display());
        }
    }
    Ok(())
}

/// What the name of a busy machine's file has besides, so that the file does not take a quiet one's place.
fn noisy(noise: &[String]) -> &'static str {
    if noise.is_empty() { "" } else { "-noisy" }
}

/// Writes results as JSON, and tells where.
fn save(results: &impl Serialize, path: &Path) -> Result<(), String> {
    let text = serde_json::to_string_pretty(results).map_err(|error| error.to_string())?;
    fs::write(path, text + "\n").map_err(|error| format!("{}: {error}", path.display()))?;
    eprintln!("[bench] {}", path.display());
    Ok(())
}

fn read(path: &Path) -> Result<Results, String> {
    let text = fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))?;
    serde_json::from_str(&text)
        .map_err(|error| format!("{} is not a result: {error}", path.display()))
}
