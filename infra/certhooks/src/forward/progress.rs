use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use embedded::{ConsumerStatus, Delivered};
use serde_json::json;
use time::OffsetDateTime;

use crate::display::{short, span, whole_seconds, without_prefix};
use crate::output::Output;

/// What came of an attempt.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum Outcome {
    Taken,
    Retry { reason: String, delay: Duration },
    SetAside { reason: String },
}

/// A line for each attempt, and the counts.
pub(crate) struct Progress {
    consumer: String,
    output: Output,
    taken: AtomicU64,
    failed: AtomicU64,
    set_aside: AtomicU64,
}

impl Progress {
    pub(crate) fn new(consumer: &str, output: Output) -> Self {
        let [taken, failed, set_aside] = Default::default();
        Self { consumer: consumer.to_owned(), output, taken, failed, set_aside }
    }

    pub(crate) fn output(&self) -> Output {
        self.output
    }

    pub(crate) fn started(&self, status: &ConsumerStatus) {
        let ConsumerStatus { name, behind, waiting, set_aside, .. } = status;
        let text = format!(
            "{name}: {behind} to hand over, {waiting} waiting for a retry, {set_aside} set aside"
        );
        let value = json!({
            "outcome": "started", "consumer": name, "behind": behind, "waiting": waiting,
            "set_aside": set_aside,
        });
        self.output.say(&text, &value);
    }

    pub(crate) fn attempt(
        &self,
        delivered: &Delivered,
        attempt: u32,
        duration: Duration,
        outcome: &Outcome,
    ) {
        let (word, detail) = match outcome {
            Outcome::Taken => ("taken", String::new()),
            Outcome::Retry { reason, delay } => {
                let delay = span(time::Duration::try_from(*delay).unwrap_or(time::Duration::MAX));
                ("retry", format!("{reason}; attempt {attempt}, the next in {delay}"))
            }
            Outcome::SetAside { reason } => ("set_aside", format!("{reason}; attempt {attempt}")),
        };
        let (count, reason, delay) = match outcome {
            Outcome::Taken => (&self.taken, None, None),
            Outcome::Retry { reason, delay } => (&self.failed, Some(reason), Some(delay.as_secs())),
            Outcome::SetAside { reason } => (&self.set_aside, Some(reason), None),
        };
        count.fetch_add(1, Ordering::Relaxed);
        let Delivered { sequence, id, kind, subject, .. } = delivered;
        let now = whole_seconds(OffsetDateTime::now_utc());
        let (kind_column, subject) = (short(without_prefix(kind), 32), short(subject, 45));
        let text = format!("{now} {word:<10} {kind_column:<32} {subject:<45} {detail}");
        let value = json!({
            "outcome": word, "consumer": self.consumer, "sequence": sequence, "id": id, "type": kind,
            "attempt": attempt, "duration_ms": u64::try_from(duration.as_millis()).unwrap_or(u64::MAX),
            "reason": reason, "delay_seconds": delay,
        });
        self.output.say(text.trim_end(), &value);
    }

    pub(crate) fn stopped(&self, status: &ConsumerStatus) {
        let count = |count: &AtomicU64| count.load(Ordering::Relaxed);
        let (taken, failed, set_aside) =
            (count(&self.taken), count(&self.failed), count(&self.set_aside));
        let ConsumerStatus { name, behind, waiting, .. } = status;
        let text = format!(
            "{name}: stopped; {taken} taken, {failed} attempts failed, {set_aside} set aside; {behind} to \
             hand over, {waiting} waiting for a retry"
        );
        let value = json!({
            "outcome": "stopped", "consumer": name, "taken": taken, "failed": failed,
            "set_aside": set_aside, "behind": behind, "waiting": waiting,
        });
        self.output.say(&text, &value);
    }
}
