//! Unmistakable secrets, and the [`scanner`] that searches output for them.

use data_encoding::HEXLOWER;
use envelope::Provider;
use harness::SecretScanner;

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

/// The name and value of the header with the secret or signature of a provider's request.
pub(crate) fn header(provider: Provider, body: &[u8]) -> (&'static str, String) {
    match provider {
        Provider::Digicert => ("X-WEBHOOK-KEY", DIGICERT_KEY.to_owned()),
        Provider::Cloudflare => ("cf-webhook-auth", CLOUDFLARE_AUTH.to_owned()),
        Provider::Meta => ("X-Hub-Signature-256", signature(body)),
    }
}

fn signature(body: &[u8]) -> String {
    let key = ring::hmac::Key::new(ring::hmac::HMAC_SHA256, META_SECRET.as_bytes());
    format!("sha256={}", HEXLOWER.encode(ring::hmac::sign(&key, body).as_ref()))
}
