use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// How many lines of one kind are logged in each [`WINDOW`].
const LINES: u32 = 10;
const WINDOW: Duration = Duration::from_secs(60);

/// Decides which of many log lines of a kind are written, where strangers can cause as many as they like.
pub struct Sampler<K>(Mutex<BTreeMap<K, Window>>);

struct Window {
    began: Instant,
    lines: u32,
    left_out: u64,
}

impl<K: Ord> Sampler<K> {
    pub const fn new() -> Self {
        Self(Mutex::new(BTreeMap::new()))
    }

    /// The number of lines of this kind that were left out since the last one; `None` where this one is to
    /// be left out too.
    pub fn left_out(&self, kind: K) -> Option<u64> {
        self.left_out_at(kind, Instant::now())
    }

    fn left_out_at(&self, kind: K, now: Instant) -> Option<u64> {
        let mut kinds = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let window = kinds.entry(kind).or_insert(Window { began: now, lines: 0, left_out: 0 });
        if now.duration_since(window.began) >= WINDOW {
            (window.began, window.lines) = (now, 0);
        }
        if window.lines >= LINES {
            window.left_out += 1;
            return None;
        }
        window.lines += 1;
        Some(std::mem::take(&mut window.left_out))
    }
}

impl<K: Ord> Default for Sampler<K> {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_lines_of_each_minute_are_written_and_the_others_are_counted() {
        let (sampler, start) = (Sampler::new(), Instant::now());
        let written = |kind: &'static str, seconds: u64| {
            sampler.left_out_at(kind, start + Duration::from_secs(seconds))
        };
        for _ in 0..LINES {
            assert_eq!(written("method", 0), Some(0));
        }
        for _ in 0..5000 {
            assert_eq!(written("method", 59), None);
        }
        assert_eq!(written("address", 59), Some(0), "each kind by itself");
        assert_eq!(written("method", 60), Some(5000));
        assert_eq!(written("method", 60), Some(0));
    }
}
