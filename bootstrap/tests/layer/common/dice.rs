//! Random numbers of tests, from a seed that repeats a run.

use std::env;
use std::time::{SystemTime, UNIX_EPOCH};

/// Pseudo-random numbers (xorshift). The seed is not 0.
pub(crate) struct Dice(pub(crate) u64);

impl Dice {
    /// A number below this limit.
    pub(crate) fn below(&mut self, limit: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % limit
    }
}

/// Dice with the seed in `COLDSPARK_SEED`, or one from the clock. It is printed.
pub(crate) fn dice(what: &str) -> Dice {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    let seed = number("COLDSPARK_SEED").unwrap_or(now.as_nanos() as u64) | 1;
    println!("{what}: COLDSPARK_SEED={seed}");
    Dice(seed)
}

/// The number in an environment variable.
pub(crate) fn number(name: &str) -> Option<u64> {
    env::var(name).ok()?.parse().ok()
}
