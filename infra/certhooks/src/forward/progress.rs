use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use embedded::{ConsumerStatus, Delivered};
use serde_json::json;
use time::OffsetDateTime;

use crate::display::{span, whole_seconds, without_prefix};
use crate::output::{Output, say};
use crate::table::{Column, Emphasis, Table};

/// The columns of attempts.
const COLUMNS: [Column; 4] = [
    Column { title: "time", width: 20, least: 20 },
    Column { title: "outcome", width: 10, least: 9 },
    Column { title: "type", width: 32, least: 16 },
    Column { title: "subject", width: 45, least: 16 },
];

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
    table: Table,
}

impl Progress {
    pub(crate) fn new(consumer: &str, output: Output) -> Self {
        let [taken, failed, set_aside] = Default::default();
        let table = Table::new(&COLUMNS);
        Self { consumer: consumer.to_owned(), output, taken, failed, set_aside, table }
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
        if !self.output.json {
            let emphasis = match outcome {
                Outcome::Taken => Emphasis::Plain,
                Outcome::Retry { .. } => Emphasis::Warning,
                Outcome::SetAside { .. } => Emphasis::Error,
            };
            let row =
                self.table.row(emphasis, &[&now, word, without_prefix(kind), subject], &detail);
            return self.output.styled([row]);
        }
        let value = json!({
            "outcome": word, "consumer": self.consumer, "sequence": sequence, "id": id, "type": kind,
            "attempt": attempt, "duration_ms": u64::try_from(duration.as_millis()).unwrap_or(u64::MAX),
            "reason": reason, "delay_seconds": delay,
        });
        say!("{value}");
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
