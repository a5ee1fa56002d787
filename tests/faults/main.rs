//! Faults of the Runtime API and of the connection to it: one test for each row of the tables in
//! `tests/FAULTS.md`, against the real binaries. That file is the only place where cases stand.
//!
//! `cargo test --test faults -- 'next: length'` runs the rows whose name has that text.

#[path = "../common/mod.rs"]
mod common;

mod call;
mod fate;
mod fault;
mod frozen;
mod process;
mod relay;
mod scene;
mod table;
mod wire;

use std::env;
use std::process::ExitCode;

use libtest_mimic::{Arguments, Trial};

fn main() -> ExitCode {
    if let Ok(target) = env::var(relay::TARGET) {
        relay::run(&target);
    }
    let mut arguments = Arguments::from_args();
    // Most of their time they wait.
    arguments.test_threads.get_or_insert(8);
    let rows = table::rows(common::client());
    let trials = rows.into_iter().map(|row| {
        Trial::test(row.name(), move || {
            let played = fault::play(row.call, &row.fault);
            fate::check(row.call, &row.fate, &played);
            Ok(())
        })
    });
    libtest_mimic::run(&arguments, trials.collect()).exit_code()
}
