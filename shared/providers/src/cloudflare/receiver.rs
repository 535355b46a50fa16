use envelope::Provider;
use http::HeaderMap;
use secrecy::SecretString;

use super::document::{Content, Document};
use super::profile::WEBHOOK_AUTH;
use crate::envelope_builder::EnvelopeBuilder;
use crate::receiver::{Event, Receipt, Refusal, SecretFault, WebhookReceiver};
use crate::secret::{SecretDigest, Stored, header};
use crate::{json, naming};

/// The secret itself, in every request (Notifications, "Configure webhooks"). It is no signature.
const AUTH_HEADER: &str = "cf-webhook-auth";

/// Cloudflare's generic notification webhook.
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

    fn events(body: &[u8], receipt: &Receipt) -> Result<Vec<Event>, Refusal> {
        let data = json::object(body)?;
        match Content::of(&data) {
            Content::Event(document) => Ok(vec![event(&document, data.clone(), receipt)]),
            Content::Test => Ok(Vec::new()),
            Content::Nothing => Err(Refusal::NoEventName(
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
