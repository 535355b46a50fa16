//! Telling Cert Spotter in advance which keys are legitimate ("Authorization API"). Pure.

use http::Method;
use secrecy::SecretString;
use serde_json::json;

use super::profile::API_KEY;
use super::refusal::refusal;
use crate::api::{Answer, Key, Request};
use crate::refusal::Refusal;
use crate::secret::Stored;

/// Base of SSLMate's own API, version 3. It is another one than that of the search.
pub const BASE: &str = "https://sslmate.com/api/v3";
/// Setting: another base.
pub const BASE_VARIABLE: &str = "SSLMATE_API_BASE";

/// "Authorize Public Key": certificates of this key for these names are announced by no webhook.
pub fn authorize_key(spki_sha256: &str, dns_names: &[String]) -> Request {
    let body = json!({"pubkey_sha256": spki_sha256, "dns_names": dns_names});
    Request::new(Method::POST, ["monitoring", "known_keys"]).with(&body)
}

/// # Errors
/// The [`Refusal`] says why nothing was authorised.
pub fn classify_authorized(answer: &Answer<'_>) -> Result<(), Refusal> {
    if answer.is_success() { Ok(()) } else { Err(refusal(answer)) }
}

/// The API key as the user name of Basic authentication, without a password. `None` when the stored secret was
/// never filled in.
pub fn basic_key(stored: &SecretString) -> Option<Key> {
    let stored = Stored::read(stored);
    let key = stored.first(API_KEY.stored_as).ok()?;
    let credentials = data_encoding::BASE64.encode(format!("{key}:").as_bytes());
    Some(Key::Header { name: "Authorization", value: format!("Basic {credentials}").into() })
}
