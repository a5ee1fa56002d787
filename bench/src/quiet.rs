//! Quiet moments of a shared core.
//!
//! The core of a virtual machine is often one of two hardware threads. While the other one works for
//! somebody else, all here takes up to 1.6 times as long, in phases from some milliseconds to seconds that no
//! figure of the guest's kernel shows. A loop of independent operations, which needs the whole core, tells
//! such a phase within microseconds. So a measurement counts if the loop was fast right before it and right
//! behind it, whatever the measurement itself gave.

use std::hint::black_box;
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

/// The loop may take so many times its fastest. Beside a busy thread it takes 1.6 times as long.
const SLOWER: f64 = 1.1;
/// So long a measurement is waited for or repeated before one is kept as it came.
const PATIENCE: Duration = Duration::from_millis(300);
/// So long the loop is run to find its fastest.
const CALIBRATION: Duration = Duration::from_millis(300);
/// One loop takes about 10 us.
const STEPS: u64 = 8_000;

/// What became of the measurements.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Moments {
    /// How many were kept.
    pub(crate) kept: usize,
    /// How many were made and not kept, since the core was busy before or behind them.
    pub(crate) repeated: usize,
    /// How many of the kept ones are of a busy core, which did not become quiet in time.
    pub(crate) disturbed: usize,
}

impl Moments {
    /// Counts those of another part of the run too.
    pub(crate) fn add(&mut self, other: Self) {
        self.kept += other.kept;
        self.repeated += other.repeated;
        self.disturbed += other.disturbed;
    }

    /// One sentence for the report.
    pub(crate) fn describe(self) -> String {
        let Self {
            kept,
            repeated,
            disturbed,
        } = self;
        format!(
            "{kept} measurements; {repeated} more were left out, since the core was busy with something else \
             right before or behind them; {disturbed} of those kept are of such moments all the same"
        )
    }
}

/// Tells whether the core is quiet.
pub(crate) struct Quiet {
    /// Microseconds of the fastest loop; `None` takes every moment as it comes.
    fastest: Option<f64>,
    pub(crate) moments: Moments,
}

impl Quiet {
    /// Looks for quiet moments of the core that this thread runs on.
    pub(crate) fn of_this_core() -> Self {
        let until = Instant::now() + CALIBRATION;
        let mut fastest = f64::INFINITY;
        while Instant::now() < until {
            fastest = fastest.min(micros_of_loop());
        }
        Self {
            fastest: Some(fastest),
            moments: Moments::default(),
        }
    }

    /// Takes every moment: with a share of a CPU, the kernel's slices are longer than any phase.
    pub(crate) fn whenever() -> Self {
        Self {
            fastest: None,
            moments: Moments::default(),
        }
    }

    /// Measures in a quiet moment, if there is one in time, and prepares each time before. What fails is not
    /// repeated.
    pub(crate) fn measure<S, T, E>(
        &mut self,
        on: &mut S,
        prepare: impl FnMut(&mut S),
        measure: impl FnMut(&mut S) -> Result<T, E>,
    ) -> Result<T, E> {
        self.measure_by(micros_of_loop, PATIENCE, on, prepare, measure)
    }

    fn measure_by<S, T, E>(
        &mut self,
        mut micros: impl FnMut() -> f64,
        patience: Duration,
        on: &mut S,
        mut prepare: impl FnMut(&mut S),
        mut measure: impl FnMut(&mut S) -> Result<T, E>,
    ) -> Result<T, E> {
        let until = Instant::now() + patience;
        let mut is_quiet = |fastest: &mut Option<f64>| {
            let Some(fastest) = fastest else { return true };
            let now = micros();
            *fastest = fastest.min(now);
            now <= *fastest * SLOWER
        };
        loop {
            while !is_quiet(&mut self.fastest) && Instant::now() < until {}
            prepare(on);
            if !is_quiet(&mut self.fastest) && Instant::now() < until {
                continue;
            }
            let value = measure(on)?;
            let quiet = is_quiet(&mut self.fastest);
            if quiet || Instant::now() >= until {
                self.moments.kept += 1;
                self.moments.disturbed += usize::from(!quiet);
                return Ok(value);
            }
            self.moments.repeated += 1;
        }
    }
}

/// Microseconds of a loop whose operations do not wait for each other.
fn micros_of_loop() -> f64 {
    let start = Instant::now();
    // Eight chains that differ, so that the compiler makes no vectors of them and keeps them in registers: a loop that
    // waits for memory or for one unit is as fast beside a busy thread.
    let [mut a, mut b, mut c, mut d, mut e, mut f, mut g, mut h] =
        black_box([1u64, 2, 3, 4, 5, 6, 7, 8]);
    for step in 0..STEPS {
        a = a.wrapping_mul(3).wrapping_add(1);
        b = b.wrapping_add(b >> 3);
        c ^= c << 1;
        d = d.wrapping_add(step).rotate_left(5);
        e = e.wrapping_sub(step ^ 3) ^ 9;
        f = f.wrapping_add(f << 2);
        g = (g ^ step).wrapping_add(7);
        h = h.wrapping_add(h >> 5) ^ step;
    }
    black_box([a, b, c, d, e, f, g, h]);
    start.elapsed().as_nanos() as f64 / 1000.0
}

#[cfg(test)]
mod tests {
    use super::*;

    const LONG: Duration = Duration::from_secs(60);

    fn quiet() -> Quiet {
        Quiet {
            fastest: Some(10.0),
            moments: Moments::default(),
        }
    }

    /// Measures 1, 2, 3 ..., with loops of these microseconds before and behind.
    fn measured(quiet: &mut Quiet, loops: &[f64], patience: Duration) -> Result<u32, ()> {
        let mut loops = loops.iter();
        let kept = quiet.measure_by(
            || *loops.next().expect("no more loops are needed"),
            patience,
            &mut 0,
            |_| (),
            |value| {
                *value += 1;
                Ok(*value)
            },
        );
        assert_eq!(loops.next(), None, "a loop was left out");
        kept
    }

    #[test]
    fn a_measurement_between_two_fast_loops_is_kept() {
        let mut quiet = quiet();
        assert_eq!(measured(&mut quiet, &[10.9, 11.0, 10.0], LONG), Ok(1));
        let kept = Moments {
            kept: 1,
            ..Moments::default()
        };
        assert_eq!(quiet.moments, kept);
    }

    #[test]
    fn a_slow_loop_before_is_waited_for_and_one_behind_repeats() {
        let mut quiet = quiet();
        let loops = [16.0, 16.0, 10.0, 16.0, 10.0, 10.0, 16.0, 10.0, 10.0, 10.0];
        assert_eq!(measured(&mut quiet, &loops, LONG), Ok(2));
        assert_eq!((quiet.moments.kept, quiet.moments.repeated), (1, 1));
        assert_eq!(quiet.moments.disturbed, 0);
    }

    #[test]
    fn a_core_that_stays_busy_is_noted() {
        let mut quiet = quiet();
        assert_eq!(
            measured(&mut quiet, &[16.0, 16.0, 16.0], Duration::ZERO),
            Ok(1)
        );
        assert_eq!((quiet.moments.kept, quiet.moments.disturbed), (1, 1));
    }

    #[test]
    fn a_faster_loop_is_the_new_measure() {
        let mut quiet = quiet();
        assert_eq!(
            measured(&mut quiet, &[8.0, 8.0, 10.0], Duration::ZERO),
            Ok(1)
        );
        assert_eq!(quiet.moments.disturbed, 1);
    }

    #[test]
    fn a_failure_is_not_repeated() {
        let mut quiet = quiet();
        let failed: Result<(), &str> =
            quiet.measure_by(|| 10.0, LONG, &mut (), |()| (), |()| Err("late"));
        assert_eq!((failed, quiet.moments.kept), (Err("late"), 0));
    }

    #[test]
    fn every_moment_is_taken_if_the_caller_wants_that() {
        let mut quiet = Quiet::whenever();
        assert_eq!(measured(&mut quiet, &[], LONG), Ok(1));
    }

    #[test]
    fn the_loop_takes_microseconds() {
        let mut of_this_core = Quiet::of_this_core();
        let fastest = of_this_core.fastest.expect("a loop was run");
        assert!((1.0..10_000.0).contains(&fastest), "{fastest}");
        assert_eq!(
            of_this_core.measure(&mut 7, |_| (), |seven| Ok::<_, ()>(*seven)),
            Ok(7)
        );
    }
}
