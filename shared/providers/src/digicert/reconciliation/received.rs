use envelope::Envelope;
use serde_json::value::RawValue;
use time::{Duration, OffsetDateTime};

use crate::digicert::receiver;
use crate::json;
use crate::occurrence::Occurrence;
use crate::receiver::Receipt;

/// The days before and after the one on which CertCentral says that it sent the event. The receiver
/// goes by its own clock, so an event that was sent around midnight may have come on either day.
const ADJACENT_DAYS: [Duration; 2] = [Duration::DAY.saturating_mul(-1), Duration::DAY];

/// An event as the receiver would have made it, so that its id is the one of the webhook. Where the day is
/// part of the id, the ids of the days around it are its other ids. `None` for what the receiver makes no
/// event of, such as CertCentral's test event.
pub(super) fn occurrence(
    event: &str,
    data: Option<&RawValue>,
    at: OffsetDateTime,
    now: OffsetDateTime,
) -> Option<Occurrence> {
    let body = body(event, data);
    let mut envelope = received(&body, at)?;
    let days = ADJACENT_DAYS.iter().filter_map(|day| at.checked_add(*day));
    let ids = days.filter_map(|at| Some(received(&body, at)?.id));
    let other_ids = ids.filter(|id| *id != envelope.id).collect();
    envelope.receivedtime = now;
    Some(Occurrence::new(envelope, other_ids))
}

/// The document as CertCentral sends it ("CertCentral webhooks", section "Webhook events").
fn body(event: &str, data: Option<&RawValue>) -> String {
    let event = json::quoted(event);
    match data {
        Some(data) => format!(r#"{{"event":{event},"data":{}}}"#, data.get()),
        None => format!(r#"{{"event":{event}}}"#),
    }
}

/// What the receiver makes of a body that comes at this time.
fn received(body: &str, at: OffsetDateTime) -> Option<Envelope> {
    let receipt = Receipt { at, traceparent: None };
    let data = json::object(body.as_bytes()).ok()?;
    Some(receiver::event(data, &receipt).ok()??.envelope)
}
