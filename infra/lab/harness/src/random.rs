use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result};

/// The environment variable with the seed. The same seed repeats a run, as far as timing allows.
const VARIABLE: &str = "CHAOS_SEED";

/// A small pseudo-random generator: xorshift64 (Marsaglia 2003).
#[derive(Clone)]
pub struct Random(u64);

impl Random {
    /// Starts with `seed`. 0 is replaced with 1, since xorshift would return 0 forever.
    pub fn new(seed: u64) -> Self {
        Self(seed.max(1))
    }

    /// A number below `limit`, which must not be 0.
    pub fn below(&mut self, limit: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % limit
    }

    /// True with a probability of `chance` percent.
    pub fn percent(&mut self, chance: u64) -> bool {
        self.below(100) < chance
    }
}

/// The seed in `CHAOS_SEED`, or a new one if it is not set.
///
/// # Errors
/// The variable is not a number.
pub fn seed() -> Result<u64> {
    match std::env::var(VARIABLE) {
        Ok(text) => text.trim().parse().with_context(|| format!("{VARIABLE}: `{text}`")),
        Err(_) => Ok(SystemTime::now().duration_since(UNIX_EPOCH)?.as_micros() as u64),
    }
}
