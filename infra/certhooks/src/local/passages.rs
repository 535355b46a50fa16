use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use bytes::Bytes;
use embedded::LocalDeliveries;
use envelope::{CertificateEvent, Envelope, EventType};
use http::Response;
use ports::{Deliveries, Delivery, PortResult};
use processing::Disposition;
use serde_json::Value;
use tokio::sync::watch;

use crate::display::{columns, event_name};
use crate::output::say;

/// Events that came in and are not done yet; the oldest are forgotten beyond this.
const WAITING: usize = 10_000;

/// Prints a line for each event as it passes: the answer at the door, and what came of it.
#[derive(Clone)]
pub(crate) struct Passages(Option<Arc<Shown>>);

struct Shown {
    waiting: Mutex<Waiting>,
    /// How many events are still under way.
    left: watch::Sender<usize>,
}

#[derive(Default)]
struct Waiting {
    arrived: BTreeMap<String, Arrived>,
    order: VecDeque<String>,
}

#[derive(Clone, Copy)]
struct Arrived {
    status: u16,
    began: Instant,
}

/// A message of the events queue under way.
pub(crate) struct Passing {
    id: String,
    provider: String,
    kind: String,
}

/// The deliveries queue, watched.
#[derive(Clone)]
pub(crate) struct Watched {
    deliveries: LocalDeliveries,
    passages: Passages,
}

/// Lines only when `is_shown`; the queue works the same either way.
pub(crate) fn watch(is_shown: bool, deliveries: LocalDeliveries) -> (Passages, Watched) {
    let shown = || Shown { waiting: Mutex::default(), left: watch::Sender::new(0) };
    let passages = Passages(is_shown.then(|| Arc::new(shown())));
    (passages.clone(), Watched { deliveries, passages })
}

impl Deliveries for Watched {
    async fn publish(&self, delivery: Delivery) -> PortResult<()> {
        let Some(shown) = &self.passages.0 else { return self.deliveries.publish(delivery).await };
        let event = serde_json::from_str::<CertificateEvent>(&delivery.body);
        self.deliveries.publish(delivery).await?;
        if let Ok(event) = event {
            // Meta's events are named after their envelope: `ID/SHA-256`.
            let envelope_id = event.id.split('/').next().unwrap_or_default();
            let [provider, event, outcome, leaf, expires] = columns(&event);
            shown.print(envelope_id, [&provider, &event, &outcome, &leaf, &expires]);
        }
        Ok(())
    }
}

impl Passages {
    /// After the door's answer, which names the ids that it accepted.
    pub(crate) fn answered(&self, path: &str, began: Instant, response: &Response<Bytes>) {
        let Some(shown) = &self.0 else { return };
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
            shown.add(id, Arrived { status, began });
        }
    }

    /// What to call a message by when its end is shown.
    pub(crate) fn passing(&self, body: &str) -> Option<Passing> {
        self.0.as_ref()?;
        let Envelope { id, kind, source, .. } = serde_json::from_str(body).ok()?;
        if kind == EventType::Canary.as_str() {
            return None;
        }
        Some(Passing { id, kind, provider: source.split('/').nth(1)?.to_owned() })
    }

    /// A delivered event has its line already; any other end gets one here.
    pub(crate) fn ended(&self, passing: Option<Passing>, disposition: Disposition) {
        let (Some(shown), Some(Passing { id, provider, kind })) = (&self.0, passing) else {
            return;
        };
        let what = match disposition {
            Disposition::Delivered => None,
            Disposition::ChallengeStored => Some("token kept"),
            Disposition::Duplicate => Some("delivered before"),
            Disposition::Unacknowledged => Some("failed here; see the log"),
            Disposition::Requeued => Some("again later"),
        };
        if let Some(what) = what {
            let event = ["com.digicert.certcentral.", "com.cloudflare.", "com.facebook."]
                .iter()
                .find_map(|family| kind.strip_prefix(family))
                .unwrap_or(&kind);
            shown.print(&id, [&provider, &event_name(event), what, "-", "-"]);
        }
        if !matches!(disposition, Disposition::Requeued | Disposition::Unacknowledged) {
            shown.done(&id);
        }
    }

    /// Waits until nothing is under way, so long at most. Whether that came to be.
    pub(crate) async fn settled(&self, patience: Duration) -> bool {
        let Some(shown) = &self.0 else { return true };
        let mut left = shown.left.subscribe();
        tokio::time::timeout(patience, left.wait_for(|left| *left == 0)).await.is_ok()
    }
}

impl Shown {
    fn add(&self, id: &str, arrived: Arrived) {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        waiting.order.push_back(id.to_owned());
        waiting.arrived.insert(id.to_owned(), arrived);
        while waiting.order.len() > WAITING {
            let oldest = waiting.order.pop_front().unwrap_or_default();
            waiting.arrived.remove(&oldest);
        }
        self.left.send_replace(waiting.arrived.len());
    }

    fn done(&self, id: &str) {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        waiting.arrived.remove(id);
        self.left.send_replace(waiting.arrived.len());
    }

    /// An event from before a restart has no answer to show.
    fn print(&self, id: &str, [provider, event, outcome, leaf, expires]: [&str; 5]) {
        let waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        let arrived = waiting.arrived.get(id).copied();
        drop(waiting);
        let status = arrived.map_or_else(|| "-".into(), |arrived| arrived.status.to_string());
        let taken = arrived.map(|arrived| arrived.began.elapsed()).unwrap_or_default();
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
