use envelope::Provider;
use http::{HeaderMap, Method};
use secrecy::SecretString;
use serde_json::value::RawValue;

use super::document::{CHALLENGE, Document, TEST};
use super::interpretation::interpret_document;
use super::profile::{CERTIFICATE_EVENTS, WEBHOOK_KEY};
use crate::envelope_builder::EnvelopeBuilder;
use crate::json::{self, Members};
use crate::naming;
use crate::receiver::{Event, InvalidDocument, Receipt, SecretFault, WebhookReceiver};
use crate::request::{Verified, WebhookRequest};
use crate::secret::{SecretDigest, Stored, header};
use crate::secret_member::SecretMember;

/// The header with the webhook's static secret key ("CertCentral webhooks", section "Authenticate
/// webhook events"). It is no signature, and holds no time.
pub(super) const KEY_HEADER: &str = "x-webhook-key";
/// Bytes. The test event has 33; the rest is for white space.
const PROBE_LIMIT: usize = 256;
const SECONDS_PER_DAY: i64 = 86_400;

/// What the CloudEvents `type` of an envelope begins with.
pub(super) const TYPE_PREFIX: &str = "com.digicert.certcentral.";

/// Receives the requests of CertCentral's webhook.
pub struct DigicertReceiver;

impl WebhookReceiver for DigicertReceiver {
    const PROVIDER: Provider = Provider::DIGICERT;
    const ROUTE: &'static str = "/webhooks/digicert";
    const METHODS: &'static [Method] = &[Method::POST];
    const BODY_LIMIT: usize = 512 * 1024;
    const SECRET: &'static [SecretMember] = &[WEBHOOK_KEY];

    type Secret = SecretDigest;

    fn secret(stored: &SecretString) -> Result<SecretDigest, SecretFault> {
        let stored = Stored::read(stored);
        let SecretMember { stored_as, min_length, .. } = WEBHOOK_KEY;
        let key = stored.first(stored_as)?;
        if key.chars().count() < min_length {
            return Err(SecretFault::TooShort(stored_as, min_length));
        }
        Ok(SecretDigest::new(key))
    }

    fn verify(request: &WebhookRequest, secret: &SecretDigest) -> bool {
        header(&request.headers, KEY_HEADER).is_some_and(|key| secret.matches(key))
    }

    /// A test event has no key header when the request for it had no `secret`, even if the webhook has
    /// a key ("Send test event").
    fn open_probe_limit(headers: &HeaderMap) -> usize {
        if headers.contains_key(KEY_HEADER) { 0 } else { PROBE_LIMIT }
    }

    fn is_open_probe(WebhookRequest { headers, body, .. }: &WebhookRequest) -> bool {
        body.len() <= Self::open_probe_limit(headers) && is_bare_test(body)
    }

    fn events(verified: &Verified<'_, Self>) -> Result<Vec<Event>, InvalidDocument> {
        let request = verified.request();
        let event = event(json::object(&request.body)?, &Receipt::of(request))?;
        Ok(event.into_iter().collect())
    }
}

/// The event of a document that came at this time. `None` for the test event, which holds none.
pub(super) fn event(
    data: Box<RawValue>,
    receipt: &Receipt,
) -> Result<Option<Event>, InvalidDocument> {
    let document = Document::of(&data)
        .ok_or(InvalidDocument::NoEventName("`event` must be a string that is not empty"))?;
    if document.event == TEST {
        return Ok(None);
    }
    let interpretation = interpret_document(&document, receipt.at);
    let builder = EnvelopeBuilder {
        id: id(&document, receipt),
        source: "/digicert/certcentral".to_owned(),
        kind: format!("{TYPE_PREFIX}{}", naming::type_part(&document.event)),
        time: None,
        data,
    };
    Ok(Some(builder.event(receipt, &interpretation)))
}

/// Whether a body is the test event and nothing more: an object with this one member.
fn is_bare_test(body: &[u8]) -> bool {
    let data = json::object(body).ok();
    let members = data.as_deref().and_then(Members::of).unwrap_or_default();
    members.iter().len() == 1 && members.text("event").as_deref() == Some(TEST)
}

/// The derived id of an event, since CertCentral's events carry neither an id nor a time
/// ("CertCentral webhooks", section "Webhook events"). Certificate and order events happen once for
/// their ids. Notices repeat with the same data, up to six times (`webhook_notification_frequency`,
/// "Update webhook endpoint"), so the day of receipt distinguishes them. A challenge is a new one
/// each time; its token is not part of the id.
fn id(document: &Document<'_>, receipt: &Receipt) -> String {
    let event = document.event.as_str();
    match event {
        _ if CERTIFICATE_EVENTS.contains(&event) => {
            let (order, certificate) =
                (document.id_part("order_id"), document.id_part("certificate_id"));
            let is_known = document.id("order_id").or(document.id("certificate_id")).is_some();
            // Without any usable id all such events would look like one.
            let data = if is_known { None } else { document.data.map(json::canonical) };
            let parts = ["digicert", event, &order, &certificate];
            json::id(&parts.into_iter().chain(data.as_deref()).collect::<Vec<_>>())
        }
        CHALLENGE => {
            json::id(&["digicert", event, &document.id_part("webhook_id"), &time(receipt)])
        }
        _ => json::id(&["digicert", event, &json::canonical_or_null(document.data), &day(receipt)]),
    }
}

fn time(receipt: &Receipt) -> String {
    envelope::rfc3339(receipt.at)
}

/// Days since 1970, in UTC.
fn day(receipt: &Receipt) -> String {
    receipt.at.unix_timestamp().div_euclid(SECONDS_PER_DAY).to_string()
}
