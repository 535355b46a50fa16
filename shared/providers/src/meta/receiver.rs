use data_encoding::HEXLOWER_PERMISSIVE;
use envelope::Provider;
use http::HeaderMap;
use ring::hmac::{self, HMAC_SHA256};
use secrecy::SecretString;

use super::profile::{APP_SECRET, VERIFY_TOKEN};
use super::update::Batch;
use crate::json;
use crate::receiver::{Event, Receipt, Refusal, SecretFault, WebhookReceiver};
use crate::secret::{SecretDigest, Stored, header};

/// `sha256=` and the HMAC-SHA256 of the body under the app secret (Graph API Webhooks, "Validating
/// payloads"). The older `X-Hub-Signature` is SHA-1 and not taken.
const SIGNATURE_HEADER: &str = "x-hub-signature-256";
/// Every update gets a document of its own with all that surrounds it; this bounds their sum. A batch
/// of 1000 updates of 5 MiB in all stays far below it.
const SPLIT_LIMIT: usize = 64 * 1024 * 1024;

/// Meta's Graph webhook.
pub struct MetaReceiver;

/// The app secret, and the verify token where there is one.
pub struct MetaSecret {
    app_secret: hmac::Key,
    verify_token: Option<SecretDigest>,
}

impl WebhookReceiver for MetaReceiver {
    const PROVIDER: Provider = Provider::Meta;
    const ROUTE: &'static str = "/webhooks/meta-ct";
    const ALLOW: &'static str = "GET, POST";
    /// Up to 1000 updates come in one request (Graph API Webhooks, "Event notifications").
    const BODY_LIMIT: usize = 5 * 1024 * 1024;

    type Secret = MetaSecret;

    fn secret(stored: &SecretString) -> Result<MetaSecret, SecretFault> {
        let stored = Stored::read(stored);
        let app_secret = stored.first(APP_SECRET.stored_as)?;
        Ok(MetaSecret {
            app_secret: hmac::Key::new(HMAC_SHA256, app_secret.as_bytes()),
            // Without one, events are still verified; only the handshake never succeeds.
            verify_token: stored.named(VERIFY_TOKEN.stored_as).ok().map(SecretDigest::new),
        })
    }

    /// Over the raw bytes: what Meta signs is on the wire as it signed it, non-ASCII characters
    /// already escaped.
    fn verify(headers: &HeaderMap, body: &[u8], secret: &MetaSecret) -> bool {
        header(headers, SIGNATURE_HEADER)
            .and_then(|value| value.strip_prefix(b"sha256="))
            .and_then(|hex| HEXLOWER_PERMISSIVE.decode(hex).ok())
            .is_some_and(|tag| hmac::verify(&secret.app_secret, body, &tag).is_ok())
    }

    fn handshake(query: &str, secret: &MetaSecret) -> Option<String> {
        let handshake = Handshake::of(query)?;
        let token = secret.verify_token.as_ref()?;
        let vouched =
            handshake.mode == "subscribe" && token.matches(handshake.verify_token.as_bytes());
        vouched.then_some(handshake.challenge)
    }

    fn events(body: &[u8], receipt: &Receipt) -> Result<Vec<Event>, Refusal> {
        let data = json::object(body)?;
        let batch = Batch::of(&data)?;
        let mut total = 0;
        let mut events = Vec::new();
        for update in batch.updates() {
            let event = batch.event(&update, receipt)?;
            total += event.envelope.data.get().len();
            if total > SPLIT_LIMIT {
                return Err(Refusal::TooLarge);
            }
            events.push(event);
        }
        Ok(events)
    }
}

/// Graph API Webhooks, "Verification requests". The dots are part of the names.
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

/// The value of a parameter that stands exactly once.
fn only(query: &str, name: &str) -> Option<String> {
    let mut values = form_urlencoded::parse(query.as_bytes()).filter(|(other, _)| other == name);
    let (_, value) = values.next()?;
    values.next().is_none().then(|| value.into_owned())
}

#[cfg(test)]
mod tests {
    use time::OffsetDateTime;

    use super::{MetaReceiver, Receipt, Refusal, WebhookReceiver};

    #[test]
    fn what_surrounds_an_update_does_not_multiply_without_end() {
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
        assert_eq!(events(200).map(|events| events.len()), Err(Refusal::TooLarge));
    }
}
