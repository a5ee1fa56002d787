//! The short form, for continuous integration: exact counts against budgets, no wall time.

use crate::api::Api;
use crate::arch::Arch;
use crate::budgets::{Budgets, Check};
use crate::full;
use crate::options::Options;
use crate::programs;
use crate::results::Measured;
use crate::sources;

/// Whose budget the program that is slow on purpose must break.
const MODEL: &str = "hello";

/// Checks every budget; gives the lines to print and whether all is well.
pub(crate) fn run(options: &Options) -> Result<(Vec<String>, bool), String> {
    let budgets = Budgets::read(&options.root.join("bench/budgets.json"))?;
    let mut api = Api::fixed()?;
    let emulation = full::emulation(options);
    let mut lines = vec![
        "| architecture | program | figure | measured | budget | |".to_owned(),
        "|---|---|---|---|---|---|".to_owned(),
    ];
    let (mut held, mut broken) = (0, 0);
    for &arch in &options.arches {
        let mut names = budgets.programs(arch.name());
        if let Some(name) = unknown(&names) {
            return Err(format!(
                "bench/budgets.json: there is no program '{name}' to check"
            ));
        }
        names.retain(|name| options.only.is_empty() || options.only.contains(name));
        if names.is_empty() {
            return Err(format!(
                "bench/budgets.json has no budget for {arch} that was asked for"
            ));
        }
        let mut measure = |row: programs::Row| -> Result<Measured, String> {
            let program =
                row.map_err(|absent| format!("{} for {arch} is {}", absent.name, absent.reason))?;
            full::counts(&mut api, &emulation, &program, arch)
        };
        for row in sources::list(&full::places(options), arch, &names) {
            let name = row
                .as_ref()
                .map_or_else(|absent| absent.name.clone(), |program| program.name.clone());
            if !names.contains(&name) {
                continue; // The floor comes along.
            }
            let measured = measure(row)?;
            for check in budgets.check(arch.name(), &name, &measured) {
                *(if check.is_met() {
                    &mut held
                } else {
                    &mut broken
                }) += 1;
                lines.push(line(arch, &check));
            }
        }
        // The harness must see a program that is over in every figure; if it does not, then the
        // checks above prove nothing.
        let slow = measure(sources::slow(&full::places(options), arch))?;
        let checks = budgets.check(arch.name(), MODEL, &slow);
        if checks.is_empty() {
            return Err(format!(
                "bench/budgets.json has no budget of {MODEL} for {arch}, which the program that is \
                 slow on purpose must break"
            ));
        }
        for check in checks {
            let caught = check.count.is_ok() && !check.is_met();
            *(if caught { &mut held } else { &mut broken }) += 1;
            let verdict = if caught {
                "caught, as it must be"
            } else {
                "NOT CAUGHT: the harness is blind"
            };
            lines.push(row_of(arch, &check, verdict));
        }
    }
    lines.push(String::new());
    lines.push(format!("{held} passed, {broken} failed"));
    Ok((lines, broken == 0))
}

/// A name that no program has: its budget would never be checked.
fn unknown(names: &[String]) -> Option<&str> {
    let known = sources::names(false);
    let mut names = names.iter().map(String::as_str);
    names.find(|name| !known.contains(name))
}

fn line(arch: Arch, check: &Check) -> String {
    let verdict = match &check.count {
        Err(reason) => format!("FAILED: {}", reason.replace('\n', " ")),
        Ok(_) if !check.is_met() => "OVER BUDGET".to_owned(),
        Ok(_) if check.is_loose() => "met; the budget can be lowered".to_owned(),
        Ok(_) => "met".to_owned(),
    };
    row_of(arch, check, &verdict)
}

fn row_of(arch: Arch, check: &Check, verdict: &str) -> String {
    let count = check
        .count
        .as_ref()
        .map_or_else(|_| "not measured".to_owned(), u64::to_string);
    let Check {
        program,
        figure,
        limit,
        ..
    } = check;
    format!("| {arch} | {program} | {figure} | {count} | {limit} | {verdict} |")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_budget_of_a_program_that_is_not_there_is_noticed() {
        let names = |names: [&str; 2]| names.map(str::to_owned);
        assert_eq!(unknown(&names(["hello", "layer-worker"])), None);
        assert_eq!(unknown(&names(["hello", "helo"])), Some("helo"));
    }

    #[test]
    fn the_checked_in_budgets_name_programs_of_both_architectures() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/budgets.json");
        let budgets = Budgets::read(path.as_ref()).unwrap();
        for arch in Arch::ALL {
            let names = budgets.programs(arch.name());
            assert!(names.iter().any(|name| name == MODEL), "{arch}: {names:?}");
            assert_eq!(unknown(&names), None);
        }
    }
}
