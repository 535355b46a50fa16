use envelope::Envelope;
use serde_json::value::RawValue;
use time::{Duration, OffsetDateTime};

use crate::digicert::DigicertReceiver;
use crate::json;
use crate::receiver::{Receipt, WebhookReceiver};

/// The days beside the one on which CertCentral says that it sent: the door goes by its own clock, and
/// a delivery around midnight may be of either day.
const DAYS_BESIDE: [Duration; 2] = [Duration::DAY.saturating_mul(-1), Duration::DAY];

/// An event as the door would have made it, so that its id is the one of the webhook.
#[derive(Clone)]
pub struct Occurrence {
    /// Marked as reconciled; its time is CertCentral's, its time of receipt is now.
    pub envelope: Envelope,
    /// The ids that the same event has when it came on the day before or after; none where the day is
    /// no part of the id.
    pub beside: Vec<String>,
}

impl Occurrence {
    /// `None` for what the door makes no event of, such as CertCentral's test.
    pub(super) fn of(
        event: &str,
        data: Option<&RawValue>,
        at: OffsetDateTime,
        now: OffsetDateTime,
    ) -> Option<Self> {
        let body = body(event, data);
        let mut envelope = at_the_door(&body, at)?;
        let beside = DAYS_BESIDE.iter().filter_map(|day| at.checked_add(*day));
        let beside = beside.filter_map(|at| Some(at_the_door(&body, at)?.id));
        let beside = beside.filter(|id| *id != envelope.id).collect();
        envelope.receivedtime = now;
        envelope.reconciled = Some(true);
        Some(Self { envelope, beside })
    }

    /// Every id under which the door may have taken it.
    pub fn ids(&self) -> impl Iterator<Item = &str> {
        std::iter::once(self.envelope.id.as_str()).chain(self.beside.iter().map(String::as_str))
    }
}

/// The document as CertCentral sends it ("Webhook events").
fn body(event: &str, data: Option<&RawValue>) -> String {
    let event = json::quoted(event);
    match data {
        Some(data) => format!(r#"{{"event":{event},"data":{}}}"#, data.get()),
        None => format!(r#"{{"event":{event}}}"#),
    }
}

fn at_the_door(body: &str, at: OffsetDateTime) -> Option<Envelope> {
    let receipt = Receipt { at, traceparent: None };
    let event = DigicertReceiver::events(body.as_bytes(), &receipt).ok()?.into_iter().next()?;
    Some(event.envelope)
}
