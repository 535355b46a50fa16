use http::{HeaderMap, HeaderValue, Method};
use providers::cloudflare::CloudflareReceiver;
use providers::digicert::DigicertReceiver;
use providers::meta::MetaReceiver;
use providers::receiver::{Event, InvalidDocument, WebhookReceiver};
use providers::request::{Verified, WebhookRequest};
use providers::{dispatch, fair_queue};
use time::OffsetDateTime;
use time::macros::datetime;

use crate::corpus;
use crate::targets::round_trip::assert_round_trip;
use crate::webhook_endpoints::{SECRET, signature};

const DIGICERT: &str = "x-webhook-key";
const CLOUDFLARE: &str = "cf-webhook-auth";
const META: &str = "x-hub-signature-256";

/// The input of the webhook targets is the value of the secret's or signature's header, a line
/// feed, and the body.
pub(crate) fn digicert(data: &[u8]) {
    let (value, body) = split(data);
    let is_valid = trimmed(value) == SECRET.as_bytes();
    webhook::<DigicertReceiver>(DIGICERT, value, body, is_valid);
    let is_probe = DigicertReceiver::is_open_probe(&request(HeaderMap::new(), body));
    let events = events_of::<DigicertReceiver>(body);
    assert!(
        !is_probe || events.is_ok_and(|events| events.is_empty()),
        "a probe with an event in it"
    );
}

pub(crate) fn cloudflare(data: &[u8]) {
    let (value, body) = split(data);
    webhook::<CloudflareReceiver>(CLOUDFLARE, value, body, trimmed(value) == SECRET.as_bytes());
}

pub(crate) fn meta(data: &[u8]) {
    let (value, body) = split(data);
    // Upper and lower case hex digits are the same tag; the prefix must be exact.
    let tag = trimmed(value).strip_prefix(b"sha256=").map(<[u8]>::to_ascii_lowercase);
    let is_valid = tag.is_some_and(|tag| signature(body).as_bytes()[7..] == tag);
    webhook::<MetaReceiver>(META, value, body, is_valid);
    if let Ok(query) = str::from_utf8(body) {
        let secret = MetaReceiver::secret(&SECRET.into()).ok().unwrap();
        let (method, query) = (Method::GET, query.to_owned());
        let handshake = WebhookRequest { method, query, ..request(HeaderMap::new(), b"") };
        assert_eq!(
            MetaReceiver::handshake(&handshake, &secret),
            None,
            "no verify token is configured"
        );
    }
}

pub(crate) fn digicert_seeds() -> Vec<Vec<u8>> {
    seeds("events/digicert", |_| SECRET.to_owned())
}

pub(crate) fn cloudflare_seeds() -> Vec<Vec<u8>> {
    seeds("events/cloudflare", |_| SECRET.to_owned())
}

pub(crate) fn meta_seeds() -> Vec<Vec<u8>> {
    seeds("events/meta-ct", signature)
}

fn seeds(folder: &str, header: fn(&[u8]) -> String) -> Vec<Vec<u8>> {
    let bodies = corpus::folder(folder).into_iter();
    bodies.map(|body| [header(&body).as_bytes(), b"\n", &body].concat()).collect()
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

pub(crate) const NOON: OffsetDateTime = datetime!(2026-03-01 12:00 UTC);

fn request(headers: HeaderMap, body: &[u8]) -> WebhookRequest {
    WebhookRequest::post(headers, body.to_vec(), NOON)
}

/// The events of any body, as if it were verified.
pub(crate) fn events_of<R: WebhookReceiver>(body: &[u8]) -> Result<Vec<Event>, InvalidDocument> {
    R::events(&Verified::by_source_address(&request(HeaderMap::new(), body)))
}

/// Only a valid header is accepted, and any body is parsed without a panic.
fn webhook<R: WebhookReceiver>(name: &'static str, value: &[u8], body: &[u8], is_valid: bool) {
    let secret = R::secret(&SECRET.into()).ok().unwrap();
    if let Ok(value) = HeaderValue::from_bytes(value) {
        let mut headers = HeaderMap::new();
        assert!(!R::verify(&request(headers.clone(), body), &secret), "without a header");
        headers.insert(name, value.clone());
        assert_eq!(R::verify(&request(headers.clone(), body), &secret), is_valid, "{value:?}");
        headers.append(name, value);
        assert!(!R::verify(&request(headers.clone(), body), &secret), "twice");
    }
    for Event { envelope: event, group, expires } in events_of::<R>(body).unwrap_or_default() {
        let interpretation = dispatch::interpret(&event).unwrap();
        assert_eq!(
            (interpretation.provider, &interpretation.subject),
            (R::PROVIDER, &event.subject)
        );
        let is_safe = |c: char| !c.is_control() && !c.is_whitespace();
        assert!(event.subject.chars().all(is_safe), "{}", event.subject);
        assert_eq!(group, fair_queue::group(&event, &interpretation));
        assert!(group.len() <= 128 && group.bytes().all(|byte| byte.is_ascii_graphic()), "{group}");
        assert_eq!((event.id.len(), event.kind.is_ascii()), (64, true));
        assert_eq!(expires, interpretation.challenge.map(|challenge| challenge.expires));
        assert_round_trip(&event);
    }
}
