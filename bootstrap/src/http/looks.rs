//! When to attempt to connect to an application that does not listen yet.
//!
//! An application that computes is not in its event loop, and an attempt would only take its time; one that
//! listens has nothing to do. So its CPU time is looked at often, for less than a microsecond each time, and an
//! attempt is made when it has worked and gone idle.

use std::time::Duration;

/// The shortest pause between two attempts, and between two looks.
const PAUSE: Duration = Duration::from_micros(250);
/// A longer pause between two attempts is this part of the time that the application has taken so far.
const PART: u32 = 32;
/// The same between two looks.
const LOOK_PART: u32 = 256;
/// The pause after a look that came late.
const SOON: Duration = Duration::from_micros(100);
/// Until then a look saves little, and an application that is about to go idle takes a connection before.
const SHORT: Duration = Duration::from_millis(32);
/// An application that stays busy may listen all the same, while other threads compute. Attempts are then made
/// after this part of the time, and after the longest pause at the latest.
const BUSY_PART: u32 = 4;
const BUSY_PAUSE: Duration = Duration::from_millis(40);

/// The pause until the next attempt, when the time alone decides.
pub(super) fn pause_by_time(taken: Duration) -> Duration {
    PAUSE.max(taken / PART)
}

fn pause_while_busy(taken: Duration) -> Duration {
    match taken < SHORT {
        true => pause_by_time(taken),
        false => (taken / BUSY_PART).min(BUSY_PAUSE),
    }
}

/// The pause before the first attempt: a process that was just started does not listen yet.
pub(super) fn first_pause(taken: Duration) -> Duration {
    PAUSE.saturating_sub(taken)
}

/// The looks at the application between two attempts.
pub(super) struct Looks {
    /// How long the application had taken when the last attempt was made.
    taken: Duration,
    /// When that was, and the application's CPU time then, if its clock can be read.
    attempt: (Duration, Option<Duration>),
    /// The same of the last look.
    last: (Duration, Option<Duration>),
    /// How long to wait until the next look.
    pub(super) pause: Duration,
}

impl Looks {
    /// Begins just before an attempt.
    pub(super) fn new(started: Duration, now: Duration, used: Option<Duration>) -> Self {
        let taken = now.saturating_sub(started);
        Self {
            taken,
            attempt: (now, used),
            last: (now, used),
            pause: match used {
                Some(_) => PAUSE.max(taken / LOOK_PART),
                None => pause_by_time(taken),
            },
        }
    }

    /// Looks: whether to make the next attempt now, when the application has used so much CPU time.
    pub(super) fn is_due(&mut self, now: Duration, used: Option<Duration>) -> bool {
        let (before, used_before) = std::mem::replace(&mut self.last, (now, used));
        let since = now.saturating_sub(self.attempt.0);
        let (Some(used), Some(used_before), Some(used_then)) = (used, used_before, self.attempt.1)
        else {
            return since >= pause_by_time(self.taken);
        };
        // It has done nothing. It may be a shell, which waits for the application itself.
        if used == used_then {
            return since >= pause_by_time(self.taken);
        }
        if since >= pause_while_busy(self.taken) {
            return true;
        }
        let span = now.saturating_sub(before);
        let late = span > self.pause + PAUSE;
        self.pause = PAUSE.max(self.taken / LOOK_PART);
        // It ran until now on the only core, or the kernel has held up all processes: what it does now, the
        // next look tells.
        if late {
            self.pause = SOON;
            return false;
        }
        used.saturating_sub(used_before) * 2 < span
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
    /// gives for each moment. With `shared`, a look waits for the application, as on one core.
    fn attempts(until: u64, shared: bool, used: impl Fn(u64) -> Option<u64>) -> Vec<u64> {
        let at = |now| {
            let used = used(now).map(Duration::from_micros);
            (START + Duration::from_micros(now), used)
        };
        let (mut now, mut made) = (0, vec![0]);
        let mut looks = Looks::new(START, at(0).0, at(0).1);
        loop {
            now += micros(looks.pause);
            // The kernel's tick comes every 4 ms.
            while shared && used(now + 1) > used(now) && now % 4000 != 0 {
                now += 1;
            }
            if now >= until {
                return made;
            }
            let (moment, cpu) = at(now);
            if looks.is_due(moment, cpu) {
                made.push(now);
                looks = Looks::new(START, moment, cpu);
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
        // The look that has waited for the core comes at once, and the next one soon.
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
            let (pause, look) = (250.max(two[0] / 32), 250.max(two[0] / 256));
            assert!(
                (pause..=pause + look).contains(&(two[1] - two[0])),
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
        let mut looks = Looks::new(START, START, Some(Duration::ZERO));
        let mut idle = 0;
        let mut now = 0;
        while now < 400_000 {
            now += micros(looks.pause);
            if now % 20_000 > 2000 {
                now = now.next_multiple_of(20_000);
            }
            let moment = START + Duration::from_micros(now);
            if looks.is_due(moment, Some(Duration::from_micros(used(now)))) {
                let since = micros(moment - looks.attempt.0);
                idle += u64::from(
                    looks.taken >= SHORT && since < micros(pause_while_busy(looks.taken)),
                );
                looks = Looks::new(START, moment, Some(Duration::from_micros(used(now))));
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
                let look = 250.max(two[0] / 256);
                assert!(
                    (pause..=pause + look).contains(&(two[1] - two[0])),
                    "{two:?}"
                );
            }
        }
    }
}
