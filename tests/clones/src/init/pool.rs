//! When the kernel makes a new key for its random numbers, so that the snapshot is taken between
//! two such reseeds.
//!
//! Linux 6.1 (`drivers/char/random.c`) reseeds at the first draw after the key has reached half the
//! machine's uptime, in whole seconds and at least one; after two minutes, after every minute.
//! Clones that reseed draw different numbers from then on, and a snapshot just before a reseed
//! would prove nothing. So every reseed is traced, draws here make each happen when it is due, and
//! the machine is parked when the next one is some seconds away.

use std::fs;
use std::thread;
use std::time::Duration;

use rustix::mount::{MountFlags, mount};
use rustix::rand::{GetRandomFlags, getrandom};

use crate::Result;

/// Not before this many seconds after boot: early reseeds come every second.
const EARLIEST: f64 = 10.0;
/// How long the pool must be left alone after the snapshot.
const QUIET: f64 = 4.0;

/// Starts to trace reseeds.
pub(crate) fn trace() -> Result<()> {
    fs::create_dir_all("/trace")?;
    mount("tracefs", "/trace", "tracefs", MountFlags::empty(), None)?;
    for (file, setting) in [
        ("trace_clock", "boot"),
        ("set_ftrace_filter", "crng_reseed"),
        ("current_tracer", "function"),
    ] {
        fs::write(format!("/trace/{file}"), setting)
            .map_err(|error| format!("the kernel does not trace its reseeds ({file}): {error}"))?;
    }
    Ok(())
}

/// When the kernel reseeded since [`trace`], in seconds since boot.
pub(crate) fn reseeds() -> Result<Vec<f64>> {
    let trace = fs::read_to_string("/trace/trace")?;
    Ok(trace.lines().filter_map(traced_at).collect())
}

/// The time in a line like `init-1 [000] d..1. 12.345678: crng_reseed <-crng_make_state`.
fn traced_at(line: &str) -> Option<f64> {
    let (front, _) = line.split_once(": crng_reseed")?;
    front.split_ascii_whitespace().next_back()?.parse().ok()
}

/// Waits for a moment with `QUIET` seconds ahead; returns the uptime and the time to the next
/// reseed, in seconds.
pub(crate) fn settle() -> Result<(f64, f64)> {
    loop {
        getrandom(&mut [0; 1], GetRandomFlags::empty())?;
        let uptime = uptime()?;
        let quiet = reseeds()?.last().map_or(0.0, |last| due(*last) - uptime);
        if uptime >= EARLIEST && quiet >= QUIET {
            return Ok((uptime, quiet));
        }
        thread::sleep(Duration::from_millis(50));
    }
}

fn uptime() -> Result<f64> {
    let text = fs::read_to_string("/proc/uptime")?;
    let first = text.split_ascii_whitespace().next().unwrap_or_default();
    Ok(first.parse()?)
}

/// When a key made at `made` is replaced, if something is drawn then.
fn due(made: f64) -> f64 {
    let mut second = made.floor();
    loop {
        let lifetime = (second / 2.0).floor().clamp(1.0, 60.0);
        let end = (made + lifetime).max(second);
        if end < second + 1.0 {
            return end;
        }
        second += 1.0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reseeds_are_found_in_a_trace() {
        let line = "  init-1   [000] d....    12.345678: crng_reseed <-crng_make_state";
        assert_eq!(traced_at(line), Some(12.345678));
        assert_eq!(traced_at("# tracer: function"), None);
    }

    #[test]
    fn a_key_lives_for_half_the_uptime() {
        for (made, end) in [(0.0, 1.0), (1.0, 2.0), (3.0, 5.0), (4.5, 7.5), (9.0, 17.0)] {
            assert_eq!(due(made), end, "made at {made}");
        }
        assert_eq!(due(200.0), 260.0);
    }
}
