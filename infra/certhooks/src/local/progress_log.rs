use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use bytes::Bytes;
use embedded::LocalDeliveries;
use envelope::{CertificateEvent, Envelope, EventType};
use http::Response;
use ports::{Deliveries, Delivery, PortResult};
use processing::Disposition;
use providers::profile;
use serde_json::Value;
use tokio::sync::watch;

use crate::display::{columns, event_name};
use crate::output::say;

/// The maximum number of unfinished events that are remembered; beyond it the oldest are forgotten.
const PENDING_LIMIT: usize = 10_000;

/// Prints a line for each event: the answer of the webhook endpoint, and the result. Without a log
/// inside it prints nothing.
#[derive(Clone)]
pub(crate) struct ProgressLog(Option<Arc<Log>>);

struct Log {
    pending: Mutex<Pending>,
    /// The number of events that are not finished.
    unfinished: watch::Sender<usize>,
}

#[derive(Default)]
struct Pending {
    arrivals: BTreeMap<String, Arrival>,
    order: VecDeque<String>,
}

#[derive(Clone, Copy)]
struct Arrival {
    status: u16,
    began: Instant,
}

/// What is printed about a message of the events queue.
pub(crate) struct MessageInfo {
    id: String,
    provider: String,
    kind: String,
}

/// The deliveries queue, whose events are printed as they are published.
#[derive(Clone)]
pub(crate) struct ObservedDeliveries {
    deliveries: LocalDeliveries,
    progress: ProgressLog,
}

/// Prints lines only if `is_enabled`; the queue works the same either way.
pub(crate) fn observe(
    is_enabled: bool,
    deliveries: LocalDeliveries,
) -> (ProgressLog, ObservedDeliveries) {
    let log = || Log { pending: Mutex::default(), unfinished: watch::Sender::new(0) };
    let progress = ProgressLog(is_enabled.then(|| Arc::new(log())));
    (progress.clone(), ObservedDeliveries { deliveries, progress })
}

impl Deliveries for ObservedDeliveries {
    async fn publish(&self, delivery: Delivery) -> PortResult<()> {
        let Some(log) = &self.progress.0 else { return self.deliveries.publish(delivery).await };
        let event = serde_json::from_str::<CertificateEvent>(&delivery.body);
        self.deliveries.publish(delivery).await?;
        if let Ok(event) = event {
            // The id of an event that is one of several begins with that of their envelope: `ID/SHA-256`.
            let envelope_id = event.id.split('/').next().unwrap_or_default();
            let [provider, event, outcome, leaf, expires] = columns(&event);
            log.print(envelope_id, [&provider, &event, &outcome, &leaf, &expires]);
        }
        Ok(())
    }
}

impl ProgressLog {
    /// Records the answer of a webhook endpoint, which holds the ids that it accepted. An answer
    /// without ids is printed at once.
    pub(crate) fn answered(&self, path: &str, began: Instant, response: &Response<Bytes>) {
        let Some(log) = &self.0 else { return };
        let status = response.status().as_u16();
        let body: Value = serde_json::from_slice(response.body()).unwrap_or_default();
        let ids: Vec<&str> = body["ids"]
            .as_array()
            .map_or_else(Vec::new, |ids| ids.iter().filter_map(Value::as_str).collect());
        if ids.is_empty() {
            let provider = path.rsplit('/').next().unwrap_or_default();
            let what = body["detail"].as_str().unwrap_or("test message");
            say!("{}", row([provider, "-", &status.to_string(), what, "-", "-"], began.elapsed()));
        }
        for id in ids {
            log.add(id, Arrival { status, began });
        }
    }

    /// What to print when processing of this message ends; `None` where nothing is to be printed.
    pub(crate) fn identify(&self, body: &str) -> Option<MessageInfo> {
        self.0.as_ref()?;
        let Envelope { id, kind, source, .. } = serde_json::from_str(body).ok()?;
        if kind == EventType::Canary.as_str() {
            return None;
        }
        Some(MessageInfo { id, kind, provider: source.split('/').nth(1)?.to_owned() })
    }

    /// Prints how processing of a message ended. A delivered event is not printed again: it was printed
    /// when it was published.
    pub(crate) fn ended(&self, message: Option<MessageInfo>, disposition: Disposition) {
        let (Some(log), Some(MessageInfo { id, provider, kind })) = (&self.0, message) else {
            return;
        };
        let what = match disposition {
            Disposition::Delivered => None,
            Disposition::ChallengeStored => Some("token stored"),
            Disposition::Duplicate => Some("duplicate"),
            Disposition::Unacknowledged => Some("failed; see the log"),
            Disposition::Requeued => Some("retry scheduled"),
        };
        if let Some(what) = what {
            let mut prefixes = profile::ALL.iter().map(|profile| profile.type_prefix);
            let event = prefixes.find_map(|prefix| kind.strip_prefix(prefix)).unwrap_or(&kind);
            log.print(&id, [&provider, &event_name(event), what, "-", "-"]);
        }
        if !matches!(disposition, Disposition::Requeued | Disposition::Unacknowledged) {
            log.done(&id);
        }
    }

    /// Waits until every event is finished. Returns false where that takes longer than `timeout`.
    pub(crate) async fn wait_until_idle(&self, timeout: Duration) -> bool {
        let Some(log) = &self.0 else { return true };
        let mut unfinished = log.unfinished.subscribe();
        tokio::time::timeout(timeout, unfinished.wait_for(|count| *count == 0)).await.is_ok()
    }
}

impl Log {
    fn add(&self, id: &str, arrival: Arrival) {
        let mut pending = self.pending.lock().unwrap_or_else(PoisonError::into_inner);
        pending.order.push_back(id.to_owned());
        pending.arrivals.insert(id.to_owned(), arrival);
        while pending.order.len() > PENDING_LIMIT {
            let oldest = pending.order.pop_front().unwrap_or_default();
            pending.arrivals.remove(&oldest);
        }
        self.unfinished.send_replace(pending.arrivals.len());
    }

    fn done(&self, id: &str) {
        let mut pending = self.pending.lock().unwrap_or_else(PoisonError::into_inner);
        pending.arrivals.remove(id);
        self.unfinished.send_replace(pending.arrivals.len());
    }

    /// An event that arrived before a restart has no recorded answer, and is printed with `-` for it.
    fn print(&self, id: &str, [provider, event, outcome, leaf, expires]: [&str; 5]) {
        let pending = self.pending.lock().unwrap_or_else(PoisonError::into_inner);
        let arrival = pending.arrivals.get(id).copied();
        drop(pending);
        let status = arrival.map_or_else(|| "-".into(), |arrival| arrival.status.to_string());
        let taken = arrival.map(|arrival| arrival.began.elapsed()).unwrap_or_default();
        say!("{}", row([provider, event, &status, outcome, leaf, expires], taken));
    }
}

pub(crate) fn heading() -> String {
    line(["PROVIDER", "EVENT", "ANSWER", "CALL-BACK", "LEAF", "EXPIRES", "MS"])
}

fn row([provider, event, status, outcome, leaf, expires]: [&str; 6], taken: Duration) -> String {
    let millis = taken.as_millis().to_string();
    line([provider, event, status, outcome, leaf, expires, &millis])
}

fn line([provider, event, status, outcome, leaf, expires, millis]: [&str; 7]) -> String {
    format!(
        "{provider:<11} {event:<34} {status:<6} {outcome:<24} {leaf:<40} {expires:<10} {millis:>5}"
    )
}
