use form_urlencoded::parse;
use http::{HeaderMap, HeaderValue, Method};
use providers::dispatch;
use providers::envelope_builder::fair_queue_group;
use providers::profile::{self, ReceiverVisitor, SampleRequest, visit_receivers};
use providers::receiver::{Event, InvalidDocument, WebhookReceiver};
use providers::request::{Verified, WebhookRequest};
use time::OffsetDateTime;
use time::macros::datetime;

use crate::corpus;
use crate::targets::Target;
use crate::targets::round_trip::assert_round_trip;
use crate::webhook_endpoints::SECRET;

/// A secret that no endpoint here has.
const OTHER: &str = "fedcba9876543210fedcba9876543210";

pub(crate) const NOON: OffsetDateTime = datetime!(2026-03-01 12:00 UTC);

/// A target for each provider. The input is the value of the header that proves the secret, a line feed,
/// and what the request carries: its body and its query.
pub(crate) fn targets() -> Vec<Target> {
    let mut targets = Targets(Vec::new());
    visit_receivers(&mut targets);
    targets.0
}

struct Targets(Vec<Target>);

impl ReceiverVisitor for Targets {
    fn visit<R: WebhookReceiver>(&mut self) {
        let name = profile::of(R::PROVIDER).name;
        self.0.push(Target { name, run: webhook::<R>, seeds: seeds::<R> });
    }
}

fn webhook<R: WebhookReceiver>(data: &[u8]) {
    let (value, body) = split(data);
    only_the_right_secret_passes::<R>(value, body);
    if let Ok(events) = events_of::<R>(body) {
        events.into_iter().for_each(|event| is_sound::<R>(event));
    }
    if R::is_open_probe(&request(HeaderMap::new(), body)) {
        let events = events_of::<R>(body);
        assert!(events.is_ok_and(|events| events.is_empty()), "a probe with an event in it");
    }
    if let Ok(query) = str::from_utf8(body) {
        let query_text = query.as_bytes();
        let (method, query) = (Method::GET, query.to_owned());
        let handshake = WebhookRequest { method, query, ..request(HeaderMap::new(), b"") };
        let has_secret = parse(query_text).any(|(_, value)| value == SECRET);
        let passes = R::handshake(&handshake, &secret::<R>()).is_some();
        assert!(has_secret || !passes, "a handshake without the verify token");
    }
}

fn seeds<R: WebhookReceiver>() -> Vec<Vec<u8>> {
    let row = profile::of(R::PROVIDER);
    let documents = corpus::folder(&format!("events/{}", row.name)).into_iter();
    let seed = |document: Vec<u8>| {
        let SampleRequest { query, headers, body, .. } = sample::<R>(SECRET, &document);
        let proof = headers.iter().find(|(name, _)| Some(*name) == row.proof_header());
        let value = proof.map_or("", |(_, value)| value);
        [value.as_bytes(), b"\n", query.as_bytes(), &body].concat()
    };
    documents.map(seed).collect()
}

fn secret<R: WebhookReceiver>() -> R::Secret {
    R::secret(&profile::of(R::PROVIDER).sample_secret(SECRET)).ok().unwrap()
}

/// The request by which a provider with this secret sends a document.
fn sample<R: WebhookReceiver>(secret: &str, document: &[u8]) -> SampleRequest {
    let row = profile::of(R::PROVIDER);
    (row.samples.request)(&row.sample_secret(secret), document.to_vec(), NOON).unwrap()
}

fn split(data: &[u8]) -> (&[u8], &[u8]) {
    let end = data.iter().position(|byte| *byte == b'\n').unwrap_or(data.len());
    (&data[..end], data.get(end + 1..).unwrap_or_default())
}

/// Removes white space around a header's value, which is not part of it (RFC 9110, 5.5).
fn trimmed(value: &[u8]) -> &[u8] {
    let is_blank = |byte: &&u8| matches!(**byte, b' ' | b'\t');
    let start = value.iter().take_while(is_blank).count();
    let end = value.len() - value[start..].iter().rev().take_while(is_blank).count();
    &value[start..end]
}

fn request(headers: HeaderMap, body: &[u8]) -> WebhookRequest {
    WebhookRequest::post(headers, body.to_vec(), NOON)
}

/// The events of any body and query, as if they were verified.
fn events_of<R: WebhookReceiver>(body: &[u8]) -> Result<Vec<Event>, InvalidDocument> {
    let query = String::from_utf8_lossy(body).into_owned();
    let request = WebhookRequest { query, ..request(HeaderMap::new(), body) };
    R::events(&Verified::by_source_address(&request))
}

fn only_the_right_secret_passes<R: WebhookReceiver>(value: &[u8], document: &[u8]) {
    let secret = secret::<R>();
    let [mut request, other] =
        [SECRET, OTHER].map(|secret| sample::<R>(secret, document).received(NOON));
    assert!(R::verify(&request, &secret), "with the secret");
    assert!(!R::verify(&other, &secret), "with another secret");
    let Some(name) = profile::of(R::PROVIDER).proof_header() else { return };
    let right = request.headers.remove(name).unwrap();
    assert!(!R::verify(&request, &secret), "without a header");
    let Ok(sent) = HeaderValue::from_bytes(value) else { return };
    request.headers.insert(name, sent.clone());
    let passes = R::verify(&request, &secret);
    // A signature may be written in either case.
    let is_right = if passes {
        trimmed(value).eq_ignore_ascii_case(right.as_bytes())
    } else {
        trimmed(value) != right.as_bytes()
    };
    assert!(is_right, "passes: {passes}, {sent:?}");
    request.headers.append(name, sent);
    assert!(!R::verify(&request, &secret), "twice");
}

/// Whatever an event holds, it can be interpreted, queued and logged.
fn is_sound<R: WebhookReceiver>(Event { envelope: event, group, expires }: Event) {
    let interpretation = dispatch::interpret(&event).unwrap();
    assert_eq!((interpretation.provider, &interpretation.subject), (R::PROVIDER, &event.subject));
    let is_safe = |c: char| !c.is_control() && !c.is_whitespace();
    assert!(event.subject.chars().all(is_safe), "{}", event.subject);
    assert_eq!(group, fair_queue_group(&event.source));
    assert!(group.len() <= 128 && group.bytes().all(|byte| byte.is_ascii_graphic()), "{group}");
    assert_eq!((event.id.len(), event.kind.is_ascii()), (64, true));
    assert_eq!(expires, interpretation.challenge.map(|challenge| challenge.expires));
    assert_round_trip(&event);
}
