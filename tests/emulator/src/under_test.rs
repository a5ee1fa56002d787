//! The program that runs the binaries under test, and how a test waits: `scripts/test` sets the program, and how
//! long.

use std::env;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

static FAILED: AtomicBool = AtomicBool::new(false);

/// Time limit of waits in tests. Only a failure reaches it.
///
/// `COLDSPARK_TEST_LIMIT` sets it in seconds, for runs that only ask whether any test fails: after the
/// first failure the others do not wait for long.
///
/// # Panics
/// When the variable is no number.
#[must_use]
pub fn limit() -> Duration {
    let usual = if runner().is_some() { 240 } else { 60 };
    let Ok(set) = env::var("COLDSPARK_TEST_LIMIT") else {
        return Duration::from_secs(usual);
    };
    let seconds = set.parse().expect("seconds");
    let failed = FAILED.load(Ordering::Relaxed);
    Duration::from_secs(if failed { 1 } else { seconds })
}

/// Whether what is random is played more often: `COLDSPARK_LONG=1`, which `scripts/test --long` sets.
#[must_use]
pub fn is_long() -> bool {
    env::var("COLDSPARK_LONG").is_ok_and(|value| value == "1")
}

/// Waits until the condition holds. `details` are for the message of the failure.
///
/// # Panics
/// When it does not hold within [`limit`]: this is for tests.
#[track_caller]
pub fn wait_until(what: &str, mut holds: impl FnMut() -> bool, details: impl Fn() -> String) {
    let end = Instant::now() + limit();
    while !holds() {
        assert!(Instant::now() < end, "not {what}; {}", details());
        thread::sleep(Duration::from_millis(2));
    }
}

/// Notes whether the test has failed; called where a test's process ends.
pub fn note_failure() {
    if thread::panicking() {
        FAILED.store(true, Ordering::Relaxed);
    }
}

/// The program that runs the binaries under test, from `COLDSPARK_TEST_RUNNER`: qemu, when they are for
/// another architecture.
#[must_use]
pub fn runner() -> Option<PathBuf> {
    let runner = env::var_os("COLDSPARK_TEST_RUNNER");
    runner.filter(|path| !path.is_empty()).map(PathBuf::from)
}
