use envelope::Provider;
use http::HeaderMap;
use secrecy::SecretString;

use super::document::{Content, Document};
use super::profile::WEBHOOK_AUTH;
use crate::envelope_builder::EnvelopeBuilder;
use crate::receiver::{Event, InvalidDocument, Receipt, SecretFault, WebhookReceiver};
use crate::secret::{SecretDigest, Stored, header};
use crate::{json, naming};

/// The header with the secret itself, in every request ("Configure webhooks"). It is no signature.
const AUTH_HEADER: &str = "cf-webhook-auth";

/// Receives the requests of Cloudflare's generic notification webhook.
pub struct CloudflareReceiver;

impl WebhookReceiver for CloudflareReceiver {
    const PROVIDER: Provider = Provider::Cloudflare;
    const ROUTE: &'static str = "/webhooks/cloudflare";
    const ALLOW: &'static str = "POST";
    const BODY_LIMIT: usize = 512 * 1024;

    type Secret = SecretDigest;

    fn secret(stored: &SecretString) -> Result<SecretDigest, SecretFault> {
        Stored::read(stored).first(WEBHOOK_AUTH.stored_as).map(SecretDigest::new)
    }

    fn verify(headers: &HeaderMap, _body: &[u8], secret: &SecretDigest) -> bool {
        header(headers, AUTH_HEADER).is_some_and(|auth| secret.matches(auth))
    }

    fn events(body: &[u8], receipt: &Receipt) -> Result<Vec<Event>, InvalidDocument> {
        let data = json::object(body)?;
        match Content::of(&data) {
            Content::Event(document) => Ok(vec![event(&document, data.clone(), receipt)]),
            Content::Test => Ok(Vec::new()),
            Content::Unknown => Err(InvalidDocument::NoEventName(
                "neither `metadata.event.type`, also within `data`, nor `data.event_type` nor \
                 `alert_type` is a string that is not empty",
            )),
        }
    }
}

fn event(
    document: &Document<'_>,
    data: Box<serde_json::value::RawValue>,
    receipt: &Receipt,
) -> Event {
    let source = document.zone_id().map(|zone| format!("/cloudflare/zones/{zone}"));
    let builder = EnvelopeBuilder {
        id: document.id(&data),
        source: source.unwrap_or_else(|| "/cloudflare".to_owned()),
        kind: format!("com.cloudflare.{}", naming::type_part(&document.event)),
        time: document.created_at(),
        data,
    };
    builder.event(receipt, super::interpret)
}
