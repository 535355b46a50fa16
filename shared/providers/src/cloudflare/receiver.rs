use envelope::Provider;
use http::Method;
use secrecy::SecretString;

use super::document::{Content, Document};
use super::interpretation::interpret_document;
use super::profile::WEBHOOK_AUTH;
use crate::envelope_builder::EnvelopeBuilder;
use crate::receiver::{Event, InvalidDocument, Receipt, SecretFault, WebhookReceiver};
use crate::request::{Verified, WebhookRequest};
use crate::secret::{SecretDigest, Stored, header};
use crate::secret_member::SecretMember;
use crate::{json, naming};

/// The header with the secret itself, in every request ("Configure webhooks"). It is no signature.
pub(super) const AUTH_HEADER: &str = "cf-webhook-auth";

/// What the CloudEvents `type` of an envelope begins with.
pub(super) const TYPE_PREFIX: &str = "com.cloudflare.";

/// Receives the requests of Cloudflare's generic notification webhook.
pub struct CloudflareReceiver;

impl WebhookReceiver for CloudflareReceiver {
    const PROVIDER: Provider = Provider::CLOUDFLARE;
    const ROUTE: &'static str = "/webhooks/cloudflare";
    const METHODS: &'static [Method] = &[Method::POST];
    const BODY_LIMIT: usize = 512 * 1024;
    const SECRET: &'static [SecretMember] = &[WEBHOOK_AUTH];

    type Secret = SecretDigest;

    fn secret(stored: &SecretString) -> Result<SecretDigest, SecretFault> {
        Stored::read(stored).first(WEBHOOK_AUTH.stored_as).map(SecretDigest::new)
    }

    fn verify(request: &WebhookRequest, secret: &SecretDigest) -> bool {
        header(&request.headers, AUTH_HEADER).is_some_and(|auth| secret.matches(auth))
    }

    fn events(verified: &Verified<'_, Self>) -> Result<Vec<Event>, InvalidDocument> {
        let request = verified.request();
        let data = json::object(&request.body)?;
        match Content::of(&data) {
            Content::Event(document) => {
                Ok(vec![event(&document, data.clone(), &Receipt::of(request))])
            }
            Content::Test => Ok(Vec::new()),
            Content::Unknown => Err(InvalidDocument::NoEventName(
                "neither `metadata.event.type`, also within `data`, nor `data.event_type` nor \
                 `alert_type` is a string that is not empty",
            )),
        }
    }
}

pub(super) fn event(
    document: &Document<'_>,
    data: Box<serde_json::value::RawValue>,
    receipt: &Receipt,
) -> Event {
    let source = document.zone_id().map(|zone| format!("/cloudflare/zones/{zone}"));
    let builder = EnvelopeBuilder {
        id: document.id(&data),
        source: source.unwrap_or_else(|| "/cloudflare".to_owned()),
        kind: format!("{TYPE_PREFIX}{}", naming::type_part(&document.event)),
        time: document.created_at(),
        data,
    };
    builder.event(receipt, &interpret_document(document))
}
