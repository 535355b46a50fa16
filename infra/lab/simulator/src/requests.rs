use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use serde::Serialize;
use time::OffsetDateTime;

use crate::fault::Fault;

/// The number of requests that are kept.
const CAPACITY: usize = 10_000;

/// The path prefixes whose requests are counted without limit. A new endpoint gets a line here.
const COUNTED_PREFIXES: [&str; 9] = [
    "/services/v2/",
    "/services/v2/certificate/",
    "/services/v2/order/certificate/",
    "/services/v2/webhook",
    "/client/v4/",
    "/client/v4/zones/",
    "/client/v4/accounts/",
    "/graph/",
    "/graph/certificates",
];

/// A request to a provider, without its headers and without the secrets of its query.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct RecordedRequest {
    #[serde(with = "time::serde::rfc3339")]
    pub at: OffsetDateTime,
    /// The time since the simulator started, in nanoseconds in JSON. It is monotonic, for tests of pacing.
    #[serde(serialize_with = "nanos", rename = "elapsed_nanos")]
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
    counts: BTreeMap<&'static str, u64>,
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

    /// The number of requests whose path begins with `prefix`. It counts all of them for the prefixes in
    /// [`counts`](Self::counts), and those among the last 10,000 for any other prefix.
    pub fn count(&self, prefix: &str) -> u64 {
        let log = self.log();
        log.counts.get(prefix).copied().unwrap_or_else(|| {
            log.recent.iter().filter(|request| request.path.starts_with(prefix)).count() as u64
        })
    }

    /// The number of requests by path prefix, for each provider and each of its endpoints. A request counts
    /// for every prefix that its path begins with.
    pub fn counts(&self) -> BTreeMap<&'static str, u64> {
        self.log().counts.clone()
    }

    pub fn clear(&self) {
        *self.log() = Log::default();
    }

    pub(crate) fn record(&self, method: &str, path: &str, query: &str, fault: Option<Fault>) {
        let request = RecordedRequest {
            at: OffsetDateTime::now_utc(),
            elapsed: self.started.elapsed(),
            method: method.to_owned(),
            path: path.to_owned(),
            query: without_secrets(query),
            fault,
        };
        let mut log = self.log();
        log.total += 1;
        for prefix in COUNTED_PREFIXES.iter().filter(|prefix| path.starts_with(**prefix)) {
            *log.counts.entry(prefix).or_default() += 1;
        }
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

fn nanos<S: serde::Serializer>(elapsed: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_u64(u64::try_from(elapsed.as_nanos()).unwrap_or(u64::MAX))
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
    fn the_log_is_bounded_and_the_counts_are_not() {
        let requests = Requests::new();
        let many = CAPACITY as u64 + 5;
        for id in 0..many {
            requests.record("GET", &format!("/services/v2/certificate/{id}/chain"), "", None);
        }
        assert_eq!(requests.recent().len(), CAPACITY);
        assert_eq!(requests.recent()[0].path, "/services/v2/certificate/5/chain");
        assert_eq!(requests.total(), many);
        assert_eq!(requests.count("/services/v2/certificate/"), many);
        assert_eq!(requests.count("/services/v2/"), many);
        assert_eq!(requests.count("/services/v2/certificate/10004/"), 1);
        assert_eq!(requests.count("/graph/"), 0);
        requests.clear();
        assert_eq!((requests.total(), requests.count("/services/v2/")), (0, 0));
    }
}
