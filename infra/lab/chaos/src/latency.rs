use std::collections::HashMap;
use std::time::Duration;

use serde_json::{Value, json};

/// The latencies of the events, from the log lines of the worker.
#[derive(Default)]
pub(crate) struct Latencies {
    /// The duration of the call-back of each event that is not delivered yet, in milliseconds.
    call_backs: HashMap<String, u64>,
    /// From the webhook endpoint to the worker, in milliseconds.
    pub(crate) queue: Vec<u64>,
    /// From the webhook endpoint to the deliveries queue, in milliseconds.
    pub(crate) end_to_end: Vec<u64>,
}

impl Latencies {
    /// Adds the latencies of another log.
    pub(crate) fn extend(&mut self, other: Self) {
        self.queue.extend(other.queue);
        self.end_to_end.extend(other.end_to_end);
    }

    /// Measurements of a run with these times of acknowledgements, in microseconds.
    pub(crate) fn measured(&mut self, times: &mut [u64], took: Duration) -> [(&str, Value); 4] {
        let per_second = (times.len() as f64 / took.as_secs_f64()).round();
        [
            ("answer_us", percentiles(times)),
            ("queue_ms", percentiles(&mut self.queue)),
            ("end_to_end_ms", percentiles(&mut self.end_to_end)),
            ("events_per_second", json!(per_second)),
        ]
    }

    pub(crate) fn read(&mut self, line: &Value) {
        let Some(id) = line["id"].as_str() else { return };
        match line["message"].as_str() {
            Some("called back") => {
                if let Some(duration_ms) = line["duration_ms"].as_u64() {
                    self.call_backs.insert(id.to_owned(), duration_ms);
                }
            }
            Some("delivered") => {
                let Some(age_ms) = line["age_ms"].as_u64() else { return };
                let call_back = self.call_backs.remove(id).unwrap_or_default();
                self.queue.push(age_ms.saturating_sub(call_back));
                self.end_to_end.push(age_ms);
            }
            _ => {}
        }
    }
}

/// The median, the 99th percentile and the maximum, in the unit of `times`.
fn percentiles(times: &mut [u64]) -> Value {
    times.sort_unstable();
    let at = |percent: usize| {
        times.get((times.len() * percent / 100).min(times.len().saturating_sub(1)))
    };
    json!({ "p50": at(50), "p99": at(99), "max": times.last() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_time_on_the_queue_excludes_the_call_back() {
        let mut latencies = Latencies::default();
        for line in [
            json!({ "message": "called back", "id": "a", "duration_ms": 30 }),
            json!({ "message": "delivered", "id": "a", "age_ms": 100 }),
            json!({ "message": "delivered", "id": "b", "age_ms": 5 }),
            json!({ "message": "listening" }),
        ] {
            latencies.read(&line);
        }
        assert_eq!((latencies.queue, latencies.end_to_end), (vec![70, 5], vec![100, 5]));
    }

    #[test]
    fn percentiles_of_times() {
        let mut times: Vec<u64> = (0..200).rev().collect();
        assert_eq!(percentiles(&mut times), json!({ "p50": 100, "p99": 198, "max": 199 }));
        assert_eq!(percentiles(&mut []), json!({ "p50": null, "p99": null, "max": null }));
    }
}
