//! Secrets that nothing else looks like, and the search for them.

use data_encoding::{BASE64, BASE64URL, HEXLOWER, HEXUPPER};
use envelope::Provider;
use form_urlencoded::byte_serialize;

pub(crate) const DIGICERT_KEY: &str = "canary/digicert+webhook=key-0123456789abcdef";
pub(crate) const CLOUDFLARE_AUTH: &str = "canary/cloudflare+webhook=auth";
pub(crate) const META_SECRET: &str = "canary/meta+app=secret";
pub(crate) const META_TOKEN: &str = "canary/meta+verify=token";
pub(crate) const DIGICERT_API_KEY: &str = "canary/digicert+api=key";
pub(crate) const CLOUDFLARE_API_TOKEN: &str = "canary/cloudflare+api=token";
pub(crate) const META_ACCESS_TOKEN: &str = "canary/meta+access=token";
/// A CertCentral challenge: it waits for the operator in the ledger, and is nowhere else.
pub(crate) const CHALLENGE: &str = "canary/challenge+token=5d41402a";

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

/// Shorter pieces stand in other texts by chance.
const PIECE: usize = 12;

/// What must not come out, in every form in which it could.
#[derive(Clone)]
pub struct Needles(Vec<String>);

impl Needles {
    /// All canaries, and the lines of `keys`, which are private keys as PEM.
    pub(crate) fn new(keys: &[&str]) -> Self {
        Self::of(&ALL, keys)
    }

    /// These secrets in every form, and the lines of `keys`, which are private keys as PEM.
    pub fn of(secrets: &[&str], keys: &[&str]) -> Self {
        let mut needles: Vec<String> = secrets.iter().flat_map(|secret| forms(secret)).collect();
        for key in keys {
            let lines = key.lines().filter(|line| !line.starts_with("---"));
            // The pieces of a line stay the same under every escape.
            let pieces = lines.flat_map(|line| line.split(['/', '+', '=']));
            needles.extend(pieces.filter(|piece| piece.len() >= PIECE).map(str::to_owned));
        }
        Self(needles)
    }

    /// Without the challenge's token: for the ledger, where it waits for the operator.
    #[must_use]
    pub(crate) fn without_challenge(&self) -> Self {
        let token = forms(CHALLENGE);
        Self(self.0.iter().filter(|needle| !token.contains(needle)).cloned().collect())
    }

    /// How many of them stand in `text`.
    pub fn count(&self, text: &str) -> u64 {
        self.0.iter().filter(|needle| text.contains(needle.as_str())).count() as u64
    }
}

impl Default for Needles {
    fn default() -> Self {
        Self::new(&[])
    }
}

/// As it is, as JSON and as URLs escape it, in hex, and in Base64 at each of the three offsets at
/// which it may begin.
fn forms(secret: &str) -> Vec<String> {
    let bytes = secret.as_bytes();
    let mut forms = vec![
        secret.to_owned(),
        secret.replace('/', "\\/"),
        secret.chars().map(|char| format!("\\u{:04x}", u32::from(char))).collect(),
        byte_serialize(bytes).collect(),
        byte_serialize(bytes).collect::<String>().replace('+', "%20"),
        HEXLOWER.encode(bytes),
        HEXUPPER.encode(bytes),
    ];
    for offset in 0..3 {
        let padded = [&b"\0\0"[..offset], bytes].concat();
        // The first and the last characters hold bits of what stands around it.
        let whole = padded.len() / 3 * 4;
        let from = if offset == 0 { 0 } else { 4 };
        forms.push(BASE64.encode(&padded)[from..whole].to_owned());
        forms.push(BASE64URL.encode(&padded)[from..whole].to_owned());
    }
    forms.sort();
    forms.dedup();
    forms
}

/// Name and value of the header with which a provider's request is sent.
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_found_in_every_form() {
        let needles = Needles::new(&["-----BEGIN\nABCDEFGHIJKLMNOP/QR\n-----END"]);
        let secret = META_ACCESS_TOKEN;
        for text in [
            format!("access_token={secret}&x"),
            serde_json::to_string(&["x", secret]).unwrap().replace('/', "\\/"),
            format!("?t={}", byte_serialize(secret.as_bytes()).collect::<String>()),
            HEXLOWER.encode(format!("ab{secret}").as_bytes()),
            BASE64.encode(format!("user:{secret}").as_bytes()),
            BASE64.encode(format!("user1:{secret}!").as_bytes()),
            BASE64URL.encode(format!("user12:{secret}!!").as_bytes()),
            "\"key\":\"ABCDEFGHIJKLMNOP\\/QR\"".to_owned(),
        ] {
            assert!(needles.count(&text) > 0, "{text}");
        }
        assert_eq!(needles.count("canary, digicert webhook key, Basic dXNlcjpjYW5hcnk="), 0);
        assert!(needles.count(CHALLENGE) > 0);
        assert_eq!(needles.without_challenge().count(CHALLENGE), 0);
    }
}
