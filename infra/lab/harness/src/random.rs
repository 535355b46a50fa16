use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result};

/// The variable that repeats a run as far as timing allows.
const VARIABLE: &str = "CHAOS_SEED";

/// A small generator: xorshift64 (Marsaglia 2003).
#[derive(Clone)]
pub struct Random(u64);

impl Random {
    /// From `seed`; 0 would stay 0 for ever, so it counts as 1.
    pub fn new(seed: u64) -> Self {
        Self(seed.max(1))
    }

    /// Below `limit`, which is not 0.
    pub fn below(&mut self, limit: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % limit
    }

    /// True so many times of a hundred.
    pub fn percent(&mut self, chance: u64) -> bool {
        self.below(100) < chance
    }
}

/// `CHAOS_SEED`, or another one each time.
///
/// # Errors
/// The variable holds no number.
pub fn seed() -> Result<u64> {
    match std::env::var(VARIABLE) {
        Ok(text) => text.trim().parse().with_context(|| format!("{VARIABLE}: `{text}`")),
        Err(_) => Ok(SystemTime::now().duration_since(UNIX_EPOCH)?.as_micros() as u64),
    }
}
