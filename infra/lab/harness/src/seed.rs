use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result};

/// The environment variable with the seed. The same seed repeats a run, as far as timing allows.
const VARIABLE: &str = "CHAOS_SEED";

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
