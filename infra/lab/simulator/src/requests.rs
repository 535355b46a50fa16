use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::fault::Fault;

/// The number of requests that are kept.
const CAPACITY: usize = 10_000;

/// A request to a provider, without its headers and without the secrets of its query.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct RecordedRequest {
    /// The time since the simulator started. It is monotonic, for tests of pacing.
    pub elapsed: Duration,
    pub method: String,
    pub path: String,
    /// The query without the values of `access_token` and other secrets.
    pub query: String,
    pub fault: Option<Fault>,
}

/// The last 10,000 requests to the providers and a count of all. Clones share one log.
#[derive(Clone, Debug)]
pub struct Requests {
    started: Instant,
    log: Arc<Mutex<Log>>,
}

#[derive(Debug, Default)]
struct Log {
    total: u64,
    recent: VecDeque<RecordedRequest>,
}

impl Requests {
    pub(crate) fn new() -> Self {
        Self { started: Instant::now(), log: Arc::default() }
    }

    /// The last 10,000 requests, oldest first.
    pub fn recent(&self) -> Vec<RecordedRequest> {
        self.log().recent.iter().cloned().collect()
    }

    /// The number of requests since the start, or since [`clear`](Self::clear).
    pub fn total(&self) -> u64 {
        self.log().total
    }

    pub fn clear(&self) {
        *self.log() = Log::default();
    }

    pub(crate) fn record(&self, method: &str, path: &str, query: &str, fault: Option<Fault>) {
        let request = RecordedRequest {
            elapsed: self.started.elapsed(),
            method: method.to_owned(),
            path: path.to_owned(),
            query: without_secrets(query),
            fault,
        };
        let mut log = self.log();
        log.total += 1;
        if log.recent.len() == CAPACITY {
            log.recent.pop_front();
        }
        log.recent.push_back(request);
    }

    fn log(&self) -> MutexGuard<'_, Log> {
        self.log.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn without_secrets(query: &str) -> String {
    let pairs: Vec<_> = query.split('&').map(without_secret).collect();
    pairs.join("&")
}

fn without_secret(pair: &str) -> String {
    let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
    let lower = name.to_ascii_lowercase();
    let secret = ["token", "key", "secret", "%"].iter().any(|word| lower.contains(word));
    if secret && !value.is_empty() { format!("{name}=REDACTED") } else { pair.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::{CAPACITY, Requests, without_secrets};

    #[test]
    fn secrets_are_not_recorded() {
        for (query, logged) in [
            ("", ""),
            ("query=a.example&limit=1", "query=a.example&limit=1"),
            ("limit=1&access_token=1%7Cx&after=Q", "limit=1&access_token=REDACTED&after=Q"),
            ("access%5Ftoken=x", "access%5Ftoken=REDACTED"),
            ("Api_Key=x&client_secret=", "Api_Key=REDACTED&client_secret="),
        ] {
            assert_eq!(without_secrets(query), logged);
        }
    }

    #[test]
    fn the_log_is_bounded_and_the_count_is_not() {
        let requests = Requests::new();
        let many = CAPACITY as u64 + 5;
        for id in 0..many {
            requests.record("GET", &format!("/certificate/{id}"), "", None);
        }
        assert_eq!(requests.recent().len(), CAPACITY);
        assert_eq!(requests.recent()[0].path, "/certificate/5");
        assert_eq!(requests.total(), many);
        requests.clear();
        assert_eq!((requests.total(), requests.recent()), (0, Vec::new()));
    }
}
