use data_encoding::HEXLOWER_PERMISSIVE;
use envelope::Provider;
use http::HeaderMap;
use ring::hmac::{self, HMAC_SHA256};
use secrecy::SecretString;

use super::profile::{APP_SECRET, VERIFY_TOKEN};
use super::update::Batch;
use crate::json;
use crate::receiver::{Event, InvalidDocument, Receipt, SecretFault, WebhookReceiver};
use crate::secret::{SecretDigest, Stored, header};

/// The header with `sha256=` and the HMAC-SHA256 of the body under the app secret ("Graph API
/// Webhooks", section "Validating payloads"). The older `X-Hub-Signature`, with SHA-1, is not accepted.
const SIGNATURE_HEADER: &str = "x-hub-signature-256";
/// Largest sum of the documents of one request in bytes. Each update becomes a document of its own with
/// everything around it, so many updates in a large body multiply it. A batch of 1000 updates of 5 MiB
/// in all stays far below this.
const SPLIT_LIMIT: usize = 64 * 1024 * 1024;

/// Receives the requests of Meta's Graph webhook.
pub struct MetaReceiver;

/// The app secret, and the verify token if the stored secret has one.
pub struct MetaSecret {
    app_secret: hmac::Key,
    verify_token: Option<SecretDigest>,
}

impl WebhookReceiver for MetaReceiver {
    const PROVIDER: Provider = Provider::Meta;
    const ROUTE: &'static str = "/webhooks/meta-ct";
    const ALLOW: &'static str = "GET, POST";
    /// One request has up to 1000 updates ("Graph API Webhooks", section "Event notifications").
    const BODY_LIMIT: usize = 5 * 1024 * 1024;

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
    fn verify(headers: &HeaderMap, body: &[u8], secret: &MetaSecret) -> bool {
        header(headers, SIGNATURE_HEADER)
            .and_then(|value| value.strip_prefix(b"sha256="))
            .and_then(|hex| HEXLOWER_PERMISSIVE.decode(hex).ok())
            .is_some_and(|tag| hmac::verify(&secret.app_secret, body, &tag).is_ok())
    }

    fn handshake(query: &str, secret: &MetaSecret) -> Option<String> {
        let handshake = Handshake::of(query)?;
        let token = secret.verify_token.as_ref()?;
        let is_valid =
            handshake.mode == "subscribe" && token.matches(handshake.verify_token.as_bytes());
        is_valid.then_some(handshake.challenge)
    }

    fn events(body: &[u8], receipt: &Receipt) -> Result<Vec<Event>, InvalidDocument> {
        let data = json::object(body)?;
        let batch = Batch::of(&data)?;
        let mut total = 0;
        let mut events = Vec::new();
        for update in batch.updates() {
            let event = batch.event(&update, receipt)?;
            total += event.envelope.data.get().len();
            if total > SPLIT_LIMIT {
                return Err(InvalidDocument::TooLarge);
            }
            events.push(event);
        }
        Ok(events)
    }
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

    use super::{InvalidDocument, MetaReceiver, Receipt, WebhookReceiver};

    #[test]
    fn a_request_that_multiplies_beyond_the_limit_is_refused() {
        let body = |updates: usize| {
            let fields = vec!["\"certificate\""; updates].join(",");
            let filler = "x".repeat(512 * 1024);
            format!(
                r#"{{"object":"certificate_transparency","filler":"{filler}","entry":[{{"changed_fields":[{fields}]}}]}}"#
            )
        };
        let receipt = Receipt { at: OffsetDateTime::UNIX_EPOCH, traceparent: None };
        let events = |updates| MetaReceiver::events(body(updates).as_bytes(), &receipt);
        assert_eq!(events(100).map(|events| events.len()), Ok(100));
        assert_eq!(events(200).map(|events| events.len()), Err(InvalidDocument::TooLarge));
    }
}
