//! Tests that cannot be here: said, and counted.

use std::env;
use std::fs::OpenOptions;
use std::io::Write;
use std::thread;

/// Says that this test, or a part of it, is not run and why. `COLDSPARK_TEST_SKIPS` names a file that
/// gets a line, for `scripts/test`, which counts them: what a passing test prints is not seen.
pub fn skipped(why: &str) {
    let test = thread::current();
    let test = test.name().unwrap_or("a test").to_owned();
    eprintln!("SKIPPED: {why}");
    let Some(path) = env::var_os("COLDSPARK_TEST_SKIPS").filter(|path| !path.is_empty()) else {
        return;
    };
    let file = OpenOptions::new().append(true).create(true).open(path);
    // In one write, since tests run side by side.
    if let Err(error) =
        file.and_then(|mut file| file.write_all(format!("{test}: {why}\n").as_bytes()))
    {
        eprintln!("the skip is not counted: {error}");
    }
}
