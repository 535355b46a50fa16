use envelope::Envelope;
use http::{HeaderMap, HeaderName, HeaderValue, Method};
use providers::api::Answer;
use providers::dispatch;
use providers::interpretation::Interpretation;
use providers::receiver::{Event, InvalidDocument, Receipt, WebhookReceiver};
use providers::request::{Verified, WebhookRequest};
use serde_json::Value;
use time::macros::datetime;
use time::{Duration, OffsetDateTime};

pub(crate) const NOON: OffsetDateTime = datetime!(2026-03-01 12:00:00.123456789 UTC);

pub(crate) fn receipt() -> Receipt {
    Receipt {
        at: NOON,
        traceparent: Some("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01".into()),
    }
}

pub(crate) fn later(duration: Duration) -> Receipt {
    Receipt { at: NOON + duration, traceparent: None }
}

/// A `POST` at noon.
pub(crate) fn request(headers: &HeaderMap, body: impl AsRef<[u8]>) -> WebhookRequest {
    WebhookRequest::post(headers.clone(), body.as_ref().to_vec(), NOON)
}

/// A `GET` with this query.
pub(crate) fn get(query: &str) -> WebhookRequest {
    let query = query.to_owned();
    WebhookRequest { method: Method::GET, query, ..request(&HeaderMap::new(), "") }
}

/// The events of a body that came with `receipt`.
pub(crate) fn received<R: WebhookReceiver>(
    body: impl AsRef<[u8]>,
    Receipt { at, traceparent }: Receipt,
) -> Result<Vec<Event>, InvalidDocument> {
    let request = request(&HeaderMap::new(), body);
    let request = WebhookRequest { received: at, traceparent, ..request };
    R::events(&Verified::by_source_address(&request))
}

/// The envelopes of a body.
pub(crate) fn events<R: WebhookReceiver>(
    body: impl AsRef<[u8]>,
) -> Result<Vec<Envelope>, InvalidDocument> {
    let events = received::<R>(body, receipt())?;
    Ok(events.into_iter().map(|event| event.envelope).collect())
}

/// The envelope of a body that holds one event.
pub(crate) fn only<R: WebhookReceiver>(body: impl ToString) -> Envelope {
    let body = body.to_string();
    let mut events = events::<R>(&body).unwrap_or_else(|error| panic!("{error}: {body}"));
    assert_eq!(events.len(), 1, "{body}");
    events.remove(0)
}

/// The interpretation of a body that holds one event.
pub(crate) fn read<R: WebhookReceiver>(body: impl ToString) -> Interpretation {
    dispatch::interpret(&only::<R>(body)).unwrap()
}

pub(crate) fn headers(values: &[(&'static str, &str)]) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for (name, value) in values {
        headers.append(
            HeaderName::from_static(name),
            HeaderValue::from_bytes(value.as_bytes()).unwrap(),
        );
    }
    headers
}

pub(crate) fn answer(status: u16, body: &str) -> Answer<'_> {
    Answer { status, retry_after: None, body: body.as_bytes() }
}

/// The document with the member at `path` replaced, or removed for `None`.
pub(crate) fn with(mut document: Value, path: &[&str], value: Option<Value>) -> Value {
    let (last, parents) = path.split_last().unwrap();
    let parent = parents.iter().fold(&mut document, |parent, name| &mut parent[*name]);
    match value {
        Some(value) => parent[*last] = value,
        None => drop(parent.as_object_mut().unwrap().remove(*last)),
    }
    document
}
