use data_encoding::HEXLOWER_PERMISSIVE;
use envelope::Provider;
use http::{HeaderMap, Method};
use ring::digest::SHA256_OUTPUT_LEN;
use ring::hmac::{self, HMAC_SHA256};
use secrecy::SecretString;
use serde_json::value::RawValue;

use super::document::{Batch, Update};
use super::interpretation::interpret_update;
use super::profile::{APP_SECRET, VERIFY_TOKEN};
use crate::envelope_builder::EnvelopeBuilder;
use crate::receiver::{Event, InvalidDocument, Receipt, SecretFault, WebhookReceiver};
use crate::request::{Verified, WebhookRequest};
use crate::secret::{SecretDigest, Stored, header};
use crate::secret_member::SecretMember;
use crate::{json, naming};

/// The header with `sha256=` and the HMAC-SHA256 of the body under the app secret ("Graph API
/// Webhooks", section "Validating payloads"). The older `X-Hub-Signature`, with SHA-1, is not accepted.
pub(super) const SIGNATURE_HEADER: &str = "x-hub-signature-256";
/// Largest sum of the documents of one request, as a multiple of its body and in bytes beside it. Each
/// update becomes a document of its own with everything around it, so many updates in a large body
/// multiply it. What Meta sends around an update is some 200 bytes.
const SPLIT_FACTOR: usize = 4;
const SPLIT_ALLOWANCE: usize = 2 * 1024 * 1024;

/// What the CloudEvents `type` of an envelope begins with.
pub(super) const TYPE_PREFIX: &str = "com.facebook.certificate_transparency.";

/// Receives the requests of Meta's Graph webhook.
pub struct MetaReceiver;

/// The app secret, and the verify token if the stored secret has one.
pub struct MetaSecret {
    app_secret: hmac::Key,
    verify_token: Option<SecretDigest>,
}

impl WebhookReceiver for MetaReceiver {
    const PROVIDER: Provider = Provider::META;
    const ROUTE: &'static str = "/webhooks/meta-ct";
    const METHODS: &'static [Method] = &[Method::GET, Method::POST];
    /// One request has up to 1000 updates ("Graph API Webhooks", section "Event notifications").
    const BODY_LIMIT: usize = 5 * 1024 * 1024;
    const SIGNS_BODY: bool = true;
    const SECRET: &'static [SecretMember] = &[APP_SECRET, VERIFY_TOKEN];

    type Secret = MetaSecret;

    fn secret(stored: &SecretString) -> Result<MetaSecret, SecretFault> {
        let stored = Stored::read(stored);
        let app_secret = stored.first(APP_SECRET.stored_as)?;
        Ok(MetaSecret {
            app_secret: hmac::Key::new(HMAC_SHA256, app_secret.as_bytes()),
            // Without a verify token events are still verified; only the handshake never succeeds.
            verify_token: stored.named(VERIFY_TOKEN.stored_as).ok().map(SecretDigest::new),
        })
    }

    /// The signature is over the raw bytes: Meta escapes non-ASCII characters before it signs.
    fn verify(request: &WebhookRequest, secret: &MetaSecret) -> bool {
        signature(&request.headers)
            .is_some_and(|tag| hmac::verify(&secret.app_secret, &request.body, &tag).is_ok())
    }

    fn verify_head(head: &WebhookRequest, _secret: &MetaSecret) -> bool {
        signature(&head.headers).is_some()
    }

    fn is_handshake(request: &WebhookRequest) -> bool {
        request.method == Method::GET
    }

    fn handshake(request: &WebhookRequest, secret: &MetaSecret) -> Option<String> {
        let handshake = Handshake::of(&request.query)?;
        let token = secret.verify_token.as_ref()?;
        let is_valid =
            handshake.mode == "subscribe" && token.matches(handshake.verify_token.as_bytes());
        is_valid.then_some(handshake.challenge)
    }

    fn events(verified: &Verified<'_, Self>) -> Result<Vec<Event>, InvalidDocument> {
        let request = verified.request();
        let (data, receipt) = (json::object(&request.body)?, Receipt::of(request));
        let batch = Batch::of(&data)?;
        if batch.size() > SPLIT_FACTOR * request.body.len() + SPLIT_ALLOWANCE {
            return Err(InvalidDocument::TooLarge);
        }
        batch.updates().map(|update| event(&batch, &update, &receipt)).collect()
    }
}

/// The signature that a request has; `None` where it is absent or malformed.
fn signature(headers: &HeaderMap) -> Option<Vec<u8>> {
    let hex = header(headers, SIGNATURE_HEADER)?.strip_prefix(b"sha256=")?;
    let tag = HEXLOWER_PERMISSIVE.decode(hex).ok()?;
    (tag.len() == SHA256_OUTPUT_LEN).then_some(tag)
}

fn event(
    batch: &Batch<'_>,
    update: &Update<'_, '_>,
    receipt: &Receipt,
) -> Result<Event, InvalidDocument> {
    let document = batch.document_of(update);
    let builder = EnvelopeBuilder {
        id: update.derived_id(),
        source: "/meta/certificate-transparency".to_owned(),
        kind: format!("{TYPE_PREFIX}{}", naming::type_part(&update.field())),
        time: update.entry.time(),
        data: RawValue::from_string(document).map_err(|_| InvalidDocument::NotJson)?,
    };
    Ok(builder.event(receipt, &interpret_update(update)))
}

/// The parameters of a verification request ("Graph API Webhooks", section "Verification requests").
/// The dots are part of their names.
struct Handshake {
    mode: String,
    verify_token: String,
    challenge: String,
}

impl Handshake {
    fn of(query: &str) -> Option<Self> {
        Some(Self {
            mode: only(query, "hub.mode")?,
            verify_token: only(query, "hub.verify_token")?,
            challenge: only(query, "hub.challenge")?,
        })
    }
}

/// The value of a parameter that occurs exactly once.
fn only(query: &str, name: &str) -> Option<String> {
    let mut values = form_urlencoded::parse(query.as_bytes()).filter(|(other, _)| other == name);
    let (_, value) = values.next()?;
    values.next().is_none().then(|| value.into_owned())
}

#[cfg(test)]
mod tests {
    use time::OffsetDateTime;

    use super::*;

    fn events(body: String) -> Result<usize, InvalidDocument> {
        let request = WebhookRequest::post(HeaderMap::new(), body, OffsetDateTime::UNIX_EPOCH);
        MetaReceiver::events(&Verified::by_source_address(&request)).map(|events| events.len())
    }

    #[test]
    fn a_request_that_multiplies_beyond_the_limit_is_refused() {
        let body = |updates: usize, filler: usize| {
            let fields = vec!["\"certificate\""; updates].join(",");
            let filler = "x".repeat(filler);
            format!(
                r#"{{"object":"certificate_transparency","filler":"{filler}","entry":[{{"changed_fields":[{fields}]}}]}}"#
            )
        };
        assert_eq!(events(body(1000, 200)), Ok(1000));
        assert_eq!(events(body(5, 512 * 1024)), Ok(5));
        assert_eq!(events(body(20, 512 * 1024)), Err(InvalidDocument::TooLarge));
    }

    #[test]
    fn a_request_has_a_thousand_updates_at_most() {
        let body = |entries: &[String]| {
            format!(r#"{{"object":"certificate_transparency","entry":[{}]}}"#, entries.join(","))
        };
        let changed = |count: usize| {
            format!(r#"{{"changed_fields":[{}]}}"#, vec!["\"certificate\""; count].join(","))
        };
        let both = |one: usize, other: usize| {
            let (one, other) = (vec!["{}"; one].join(","), vec!["\"a\""; other].join(","));
            format!(r#"{{"changes":[{one}],"changed_fields":[{other}]}}"#)
        };
        for (entries, expected) in [
            (vec![changed(1000)], Some(1000)),
            (vec!["{}".to_owned(); 1000], Some(1000)),
            (vec!["0".to_owned(); 1000], Some(1000)),
            (vec![changed(1); 1000], Some(1000)),
            (vec![changed(400), changed(600)], Some(1000)),
            (vec![both(500, 500)], Some(1000)),
            (vec![changed(1001)], None),
            (vec!["{}".to_owned(); 1001], None),
            (vec!["0".to_owned(); 60_000], None),
            (vec![changed(400), changed(601)], None),
            (vec![changed(1000), "{}".to_owned()], None),
            (vec![both(501, 500)], None),
        ] {
            let expected = expected.ok_or(InvalidDocument::TooLarge);
            assert_eq!(events(body(&entries)), expected, "{} entries", entries.len());
        }
    }
}
