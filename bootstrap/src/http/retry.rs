//! When to try again to connect to an application that does not listen yet.
//!
//! An application that still starts uses the CPU, and each attempt to connect would take time from it. When it
//! listens it goes idle. So its CPU time is read often, which takes less than a microsecond, and an attempt is
//! made when it has worked and gone idle.

use std::time::Duration;

/// The shortest pause between two attempts, and between two samples of the CPU time.
const SHORTEST: Duration = Duration::from_micros(250);
/// A longer pause between two attempts is this part of the time since the application's start.
const ATTEMPT_PART: u32 = 32;
/// The same between two samples.
const SAMPLE_PART: u32 = 256;
/// The pause after a sample that came late.
const AFTER_LATE_SAMPLE: Duration = Duration::from_micros(100);
/// Until this age, attempts depend on the time alone while the application is busy: at that age samples save
/// little, and an application often listens shortly before it goes idle.
const EARLY: Duration = Duration::from_millis(32);
/// An application that stays busy may listen all the same, while other threads compute. Attempts are then made
/// after this part of the time, and after the longest pause at the latest.
const BUSY_PART: u32 = 4;
const LONGEST_BUSY: Duration = Duration::from_millis(40);

/// The pause until the next attempt, when the time since the start alone decides.
pub(super) fn pause_by_time(age: Duration) -> Duration {
    SHORTEST.max(age / ATTEMPT_PART)
}

fn pause_while_busy(age: Duration) -> Duration {
    match age < EARLY {
        true => pause_by_time(age),
        false => (age / BUSY_PART).min(LONGEST_BUSY),
    }
}

/// The pause before the first attempt: a process that was just started does not listen yet.
pub(super) fn first_pause(age: Duration) -> Duration {
    SHORTEST.saturating_sub(age)
}

/// Says when to make the next attempt, from samples of the application's CPU time.
pub(super) struct RetryTimer {
    /// How old the application was at the last attempt.
    age: Duration,
    attempt: Sample,
    last: Sample,
    /// How long to wait until the next sample.
    pub(super) pause: Duration,
}

/// The CPU time that the application had used at a moment, if its clock can be read.
#[derive(Clone, Copy)]
struct Sample {
    time: Duration,
    cpu: Option<Duration>,
}

impl RetryTimer {
    /// It is made just before an attempt.
    pub(super) fn new(started: Duration, now: Duration, cpu: Option<Duration>) -> Self {
        let age = now.saturating_sub(started);
        let sample = Sample { time: now, cpu };
        Self {
            age,
            attempt: sample,
            last: sample,
            pause: match cpu {
                Some(_) => SHORTEST.max(age / SAMPLE_PART),
                None => pause_by_time(age),
            },
        }
    }

    /// Takes a sample: whether to make the next attempt now.
    pub(super) fn is_due(&mut self, now: Duration, cpu: Option<Duration>) -> bool {
        let last = std::mem::replace(&mut self.last, Sample { time: now, cpu });
        let since = now.saturating_sub(self.attempt.time);
        let (Some(cpu), Some(last_cpu), Some(attempt_cpu)) = (cpu, last.cpu, self.attempt.cpu)
        else {
            return since >= pause_by_time(self.age);
        };
        // It has done nothing. It may be a shell, which waits for the application itself.
        if cpu == attempt_cpu {
            return since >= pause_by_time(self.age);
        }
        if since >= pause_while_busy(self.age) {
            return true;
        }
        let span = now.saturating_sub(last.time);
        let late = span > self.pause + SHORTEST;
        self.pause = SHORTEST.max(self.age / SAMPLE_PART);
        // Until now the application ran on the only core, or the kernel has held up all processes. The next
        // sample shows what it does now.
        if late {
            self.pause = AFTER_LATE_SAMPLE;
            return false;
        }
        cpu.saturating_sub(last_cpu) * 2 < span
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The application is started at this moment.
    const START: Duration = Duration::from_secs(1000);

    /// In whole microseconds, rounded up as timers are.
    fn micros(duration: Duration) -> u64 {
        duration.as_nanos().div_ceil(1000).try_into().unwrap()
    }

    /// The moments of the attempts until so many microseconds after the start, with the CPU time that `used`
    /// gives for each moment. With `shared`, a sample waits for the application, as on one core.
    fn attempts(until: u64, shared: bool, used: impl Fn(u64) -> Option<u64>) -> Vec<u64> {
        let at = |now| {
            let used = used(now).map(Duration::from_micros);
            (START + Duration::from_micros(now), used)
        };
        let (mut now, mut made) = (0, vec![0]);
        let mut timer = RetryTimer::new(START, at(0).0, at(0).1);
        loop {
            now += micros(timer.pause);
            // The kernel's tick comes every 4 ms.
            while shared && used(now + 1) > used(now) && now % 4000 != 0 {
                now += 1;
            }
            if now >= until {
                return made;
            }
            let (moment, cpu) = at(now);
            if timer.is_due(moment, cpu) {
                made.push(now);
                timer = RetryTimer::new(START, moment, cpu);
            }
        }
    }

    #[test]
    fn an_application_that_computes_is_left_alone_until_it_goes_idle() {
        let computing = |made: &[u64]| {
            let computing = |made: &&u64| (32_000..350_000).contains(*made);
            made.iter().filter(computing).count()
        };
        for shared in [false, true] {
            let made = attempts(352_000, shared, |now| Some(now.min(350_000)));
            assert!(computing(&made) < 15, "{made:?}");
            assert!(made.iter().any(|made| *made >= 350_000), "{made:?}");
        }
        // By the time alone there are more.
        assert!(computing(&attempts(350_000, false, |_| None)) > 70);
    }

    #[test]
    fn on_one_core_it_is_found_right_after_it_has_gone_idle() {
        // The sample that has waited for the core comes at once, and the next one soon.
        for end in [31_000, 82_500, 349_900] {
            let made = attempts(end + 1000, true, |now| Some(now.min(end)));
            let last = made.last().unwrap();
            assert!((end..end + 400).contains(last), "{end}: {made:?}");
        }
    }

    #[test]
    fn a_shell_that_waits_for_the_application_means_attempts_by_the_time() {
        let made = attempts(400_000, false, |_| Some(900));
        for two in made.windows(2) {
            let (pause, sample) = (250.max(two[0] / 32), 250.max(two[0] / 256));
            assert!(
                (pause..=pause + sample).contains(&(two[1] - two[0])),
                "{two:?}"
            );
        }
        // So does a clock that cannot be read.
        let made = attempts(400_000, false, |_| None);
        for two in made.windows(2) {
            assert_eq!(two[1] - two[0], 250.max(two[0].div_ceil(32)), "{two:?}");
        }
    }

    #[test]
    fn each_time_that_it_goes_idle_counts() {
        // It works for 5 ms, and waits for 5 ms.
        let used = |now: u64| Some(now / 10_000 * 5000 + (now % 10_000).min(5000));
        for shared in [false, true] {
            let made = attempts(100_000, shared, used);
            for wait in (5000..100_000).step_by(10_000) {
                let soon = |made: &u64| (wait..wait + 1000).contains(made);
                assert!(made.iter().any(soon), "{wait}: {made:?}");
            }
        }
    }

    #[test]
    fn a_pause_of_all_processes_is_not_taken_for_idleness() {
        // They are held up for 18 of 20 ms, as with a small share of a CPU.
        let used = |now: u64| now / 20_000 * 2000 + (now % 20_000).min(2000);
        let mut timer = RetryTimer::new(START, START, Some(Duration::ZERO));
        let mut idle = 0;
        let mut now = 0;
        while now < 400_000 {
            now += micros(timer.pause);
            if now % 20_000 > 2000 {
                now = now.next_multiple_of(20_000);
            }
            let moment = START + Duration::from_micros(now);
            if timer.is_due(moment, Some(Duration::from_micros(used(now)))) {
                let since = micros(moment - timer.attempt.time);
                idle +=
                    u64::from(timer.age >= EARLY && since < micros(pause_while_busy(timer.age)));
                timer = RetryTimer::new(START, moment, Some(Duration::from_micros(used(now))));
            }
        }
        assert_eq!(idle, 0, "attempts that were not made by the time");
    }

    #[test]
    fn one_that_stays_busy_is_found_all_the_same() {
        // Two threads on two cores; one thread with short pauses.
        for used in [(2, 1), (6, 10)] {
            let made = attempts(2_000_000, false, |now| Some(now * used.0 / used.1));
            for two in made.windows(2) {
                let pause = micros(pause_while_busy(Duration::from_micros(two[0])));
                let sample = 250.max(two[0] / 256);
                assert!(
                    (pause..=pause + sample).contains(&(two[1] - two[0])),
                    "{two:?}"
                );
            }
        }
    }
}
