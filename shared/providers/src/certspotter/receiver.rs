use data_encoding::BASE64;
use envelope::Provider;
use http::Method;
use http::header::AUTHORIZATION;
use secrecy::SecretString;
use serde_json::value::RawValue;

use super::document::Content;
use super::interpretation::interpret_content;
use super::profile::{WEBHOOK_PASSWORD, WEBHOOK_USERNAME};
use crate::envelope_builder::EnvelopeBuilder;
use crate::receiver::{Event, InvalidDocument, Receipt, SecretFault, WebhookReceiver};
use crate::request::{Verified, WebhookRequest};
use crate::secret::{SecretDigest, Stored, header};
use crate::secret_member::SecretMember;
use crate::{json, naming};

/// What the CloudEvents `type` of an envelope begins with.
pub(super) const TYPE_PREFIX: &str = "com.sslmate.certspotter.";

/// The authentication scheme, in any case (RFC 9110, 11.1).
const SCHEME: &[u8] = b"Basic ";

/// Receives the requests of Cert Spotter's webhook, which come with the user name and the password of the
/// configured URL ("Cert Spotter Webhooks", "Notes").
pub struct CertspotterReceiver;

impl WebhookReceiver for CertspotterReceiver {
    const PROVIDER: Provider = Provider::CERTSPOTTER;
    const ROUTE: &'static str = "/webhooks/certspotter";
    const METHODS: &'static [Method] = &[Method::POST];
    const WWW_AUTHENTICATE: &'static str = "Basic realm=\"webhooks\"";
    const BODY_LIMIT: usize = 512 * 1024;
    const SECRET: &'static [SecretMember] = &[WEBHOOK_USERNAME, WEBHOOK_PASSWORD];

    /// Of the credentials as the header has them, without the scheme.
    type Secret = SecretDigest;

    fn secret(stored: &SecretString) -> Result<SecretDigest, SecretFault> {
        Ok(SecretDigest::new(&credentials(stored)?))
    }

    fn verify(request: &WebhookRequest, secret: &SecretDigest) -> bool {
        let Some(value) = header(&request.headers, AUTHORIZATION.as_str()) else { return false };
        let (scheme, credentials) = value.split_at(value.len().min(SCHEME.len()));
        // The scheme is public. The credentials are compared in any case.
        secret.matches(credentials) & scheme.eq_ignore_ascii_case(SCHEME)
    }

    fn events(verified: &Verified<'_, Self>) -> Result<Vec<Event>, InvalidDocument> {
        let request = verified.request();
        let data = json::object(&request.body)?;
        let content = Content::of(&data);
        match &content {
            Content::Probe => return Ok(Vec::new()),
            Content::Nothing => {
                return Err(InvalidDocument::NoEventName(
                    "there is neither `issuance`, nor `id`, nor a name in `event`, `event_type` or `type`",
                ));
            }
            Content::Issuance(_) | Content::Other(_) => {}
        }
        Ok(vec![event(&content, &data, &Receipt::of(request))])
    }
}

/// The event of a document.
pub(super) fn event(content: &Content<'_>, data: &RawValue, receipt: &Receipt) -> Event {
    let interpretation = interpret_content(content);
    let builder = EnvelopeBuilder {
        id: content.id(data),
        source: "/certspotter".to_owned(),
        kind: format!("{TYPE_PREFIX}{}", naming::type_part(&interpretation.event)),
        // An event says when the certificate is valid, and not when it was found.
        time: None,
        data: data.to_owned(),
    };
    builder.event(receipt, &interpretation)
}

/// The credentials that stand for a stored secret in the header (RFC 7617, 2). A secret that is a plain
/// string has no password.
pub(super) fn credentials(stored: &SecretString) -> Result<String, SecretFault> {
    let stored = Stored::read(stored);
    let username = stored.first(WEBHOOK_USERNAME.stored_as)?;
    let password = stored.named(WEBHOOK_PASSWORD.stored_as)?;
    Ok(BASE64.encode(format!("{username}:{password}").as_bytes()))
}
