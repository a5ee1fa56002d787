//! Which runs a test plays.

use std::env;
use std::ops::Range;
use std::time::{SystemTime, UNIX_EPOCH};

use crate::under_test::is_long;

/// The seeds of the runs: `usual` of them from the clock on, ten times as many with
/// `COLDSPARK_LONG=1`. `COLDSPARK_MODEL_SEED` sets the first one, `COLDSPARK_MODEL_RUNS` their
/// number. Printed, so that a failure can be repeated.
///
/// # Panics
/// When one of these variables is no number.
#[must_use]
pub fn seeds(what: &str, usual: u64) -> Range<u64> {
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    let now = now.unwrap_or_default().as_micros() as u64;
    let first = number("COLDSPARK_MODEL_SEED").unwrap_or(now);
    let usual = if is_long() { usual * 10 } else { usual };
    let count = number("COLDSPARK_MODEL_RUNS").unwrap_or(usual);
    println!("{what}: COLDSPARK_MODEL_SEED={first} COLDSPARK_MODEL_RUNS={count}");
    first..first + count
}

fn number(name: &str) -> Option<u64> {
    let value = env::var(name).ok()?;
    let number = value.parse();
    Some(number.unwrap_or_else(|_| panic!("{name} is {value:?}, which is no number")))
}
