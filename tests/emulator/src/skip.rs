//! Tests that cannot run here: each says so itself, and `scripts/test` counts it.

use std::env;
use std::fs::{self, OpenOptions};
use std::io::Write;
use std::os::unix::fs::MetadataExt;
use std::thread;

/// Says that this test, or a part of it, is not run and why: this machine lacks something.
/// `COLDSPARK_TEST_SKIPS` names a file that gets a line, for `scripts/test`, which counts them: nobody
/// sees what a passing test prints.
pub fn skipped(why: &str) {
    say("skipped", why);
}

/// Says that this test is not for the form of the binaries that it was started with, and why. Another
/// form runs it, so it is not counted as skipped.
pub fn left_to_another_form(why: &str) {
    say("left to another form", why);
}

/// Whether this process is root's. If not, the test is skipped: it needs root for `what`.
pub fn root_for(what: &str) -> bool {
    let root = fs::metadata("/proc/self").is_ok_and(|process| process.uid() == 0);
    if !root {
        skipped(&format!("it needs root, for {what}"));
    }
    root
}

/// Whether the binaries under test are built for this sanitizer (`COLDSPARK_TEST_SANITIZER`), which the test does
/// not go with. If so, it is left to another form.
#[must_use]
pub fn built_for_sanitizer(name: &str, why: &str) -> bool {
    let is_it = env::var("COLDSPARK_TEST_SANITIZER").is_ok_and(|sanitizer| sanitizer == name);
    if is_it {
        left_to_another_form(why);
    }
    is_it
}

fn say(how: &str, why: &str) {
    let test = thread::current();
    let test = test.name().unwrap_or("a test").to_owned();
    eprintln!("{}: {why}", how.to_uppercase());
    let Some(path) = env::var_os("COLDSPARK_TEST_SKIPS").filter(|path| !path.is_empty()) else {
        return;
    };
    let file = OpenOptions::new().append(true).create(true).open(path);
    // In one write, since tests run side by side.
    let line = format!("{how}: {test}: {why}\n");
    if let Err(error) = file.and_then(|mut file| file.write_all(line.as_bytes())) {
        eprintln!("the skip is not counted: {error}");
    }
}
