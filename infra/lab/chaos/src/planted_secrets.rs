//! Unmistakable secrets, and the [`scanner`] that searches output for them.

use envelope::Provider;
use harness::SecretScanner;
use providers::profile;
use secrecy::SecretString;

pub(crate) const DIGICERT_KEY: &str = "marker/digicert+webhook=key-0123456789abcdef";
pub(crate) const CLOUDFLARE_AUTH: &str = "marker/cloudflare+webhook=auth";
pub(crate) const META_SECRET: &str = "marker/meta+app=secret";
pub(crate) const META_TOKEN: &str = "marker/meta+verify=token";
pub(crate) const DIGICERT_API_KEY: &str = "marker/digicert+api=key";
pub(crate) const CLOUDFLARE_API_TOKEN: &str = "marker/cloudflare+api=token";
pub(crate) const META_ACCESS_TOKEN: &str = "marker/meta+access=token";
/// The token of a CertCentral challenge. It is stored in the ledger for the operator, and nowhere else.
pub(crate) const CHALLENGE: &str = "marker/challenge+token=5d41402a";

const ALL: [&str; 8] = [
    DIGICERT_KEY,
    CLOUDFLARE_AUTH,
    META_SECRET,
    META_TOKEN,
    DIGICERT_API_KEY,
    CLOUDFLARE_API_TOKEN,
    META_ACCESS_TOKEN,
    CHALLENGE,
];

/// A scanner for all of these, and for the lines of `keys`, which are private keys in PEM.
pub(crate) fn scanner(keys: &[&str]) -> SecretScanner {
    SecretScanner::new(&ALL, keys)
}

/// The webhook secret of a provider, as it is stored.
pub(crate) fn webhook_secret(provider: Provider) -> SecretString {
    let members = profile::of(provider).webhook_secret.iter().map(|member| {
        let value = match member.stored_as {
            "webhook_key" => DIGICERT_KEY,
            "webhook_auth" => CLOUDFLARE_AUTH,
            "app_secret" => META_SECRET,
            _ => META_TOKEN,
        };
        (member.stored_as.to_owned(), value.into())
    });
    serde_json::Value::Object(members.collect()).to_string().into()
}

/// Name and value of the header with which a provider's request is sent.
pub(crate) fn header(provider: Provider, body: &[u8]) -> (&'static str, String) {
    let sample = (profile::of(provider).samples.request)(&webhook_secret(provider), body.to_vec());
    sample.ok().and_then(|mut request| request.headers.pop()).unwrap_or_default()
}
