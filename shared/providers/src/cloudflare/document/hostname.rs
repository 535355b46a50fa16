use envelope::{Certificate, Names};
use serde_json::{Map, Value};

use crate::json::{self, Members};
use crate::naming::{bounded, is_short};
use crate::validity;

/// Members of `ssl` with what domain control validation waits for ("Webhook data definitions",
/// "Custom Hostname Details").
const VALIDATION_MEMBERS: &[&str] = &[
    "cname",
    "cname_target",
    "txt_name",
    "txt_value",
    "http_url",
    "http_body",
    "validation_records",
];
/// Members of the hostname with what ownership verification waits for ("Custom Hostname Details").
const OWNERSHIP_MEMBERS: &[&str] = &["ownership_verification", "ownership_verification_http"];

/// The most that is read of lists whose length the sender decides: Cloudflare has two or three
/// certificates for a hostname, with a handful of names. Every certificate has the names, so both are
/// bounded. The rest stays in the payload.
const CERTIFICATES: usize = 10;
const HOSTS: usize = 100;
const PROBLEMS: usize = 100;
/// Longest `dcv` in bytes of JSON.
const DCV_LIMIT: usize = 64 * 1024;
/// Longest serial number in decimal digits: 20 octets have 49 (RFC 5280, 4.1.2.2).
const SERIAL_LIMIT: usize = 64;

/// A custom hostname. `data` of an event and `result` of the API have the same shape.
pub(crate) struct Hostname<'a> {
    members: Members<'a>,
    /// `None` in received test messages of sibling alerts, which have its members next to `hostname`.
    ssl: Option<Members<'a>>,
}

impl<'a> Hostname<'a> {
    pub(crate) fn new(members: Members<'a>) -> Self {
        Self { ssl: members.object("ssl"), members }
    }

    fn ssl(&self) -> &Members<'a> {
        self.ssl.as_ref().unwrap_or(&self.members)
    }

    pub(crate) fn members(&self) -> &Members<'a> {
        &self.members
    }

    pub(crate) fn certificate_id(&self) -> Option<String> {
        self.ssl.as_ref()?.text("id")
    }

    /// `ssl.status`. It is independent of the hostname's own `status`.
    pub(crate) fn status(&self) -> Option<String> {
        self.ssl().text("status")
    }

    /// What Cloudflare says is wrong: `validation_errors` are objects with a `message`,
    /// `verification_errors` are strings ("Custom Hostname Details").
    pub(crate) fn problems(&self) -> Vec<String> {
        let validation = self.ssl().list("validation_errors").unwrap_or_default();
        let verification = self.members.list("verification_errors").unwrap_or_default();
        let message = |error| json::text(error).or_else(|| Members::of(error)?.text("message"));
        let all = validation.into_iter().chain(verification).take(PROBLEMS);
        all.filter_map(message).map(|message| bounded(&message)).collect()
    }

    /// What validation waits for. `None` when it waits for nothing.
    pub(crate) fn dcv(&self) -> Option<Value> {
        let mut dcv = non_empty(self.ssl(), VALIDATION_MEMBERS);
        dcv.extend(non_empty(&self.members, OWNERSHIP_MEMBERS));
        // What is larger than any real one stays in the payload.
        let is_plausible = |dcv: &Value| dcv.to_string().len() <= DCV_LIMIT;
        (!dcv.is_empty()).then_some(Value::Object(dcv)).filter(is_plausible)
    }

    /// One for each of `ssl.certificates` where the API returns them, else the one that `ssl`
    /// describes.
    pub(crate) fn certificates(&self) -> Vec<Certificate> {
        let names = names(self.ssl());
        let several = self.ssl().list("certificates").unwrap_or_default();
        let several: Vec<_> =
            several.into_iter().take(CERTIFICATES).filter_map(Members::of).collect();
        let described =
            if several.is_empty() { std::slice::from_ref(self.ssl()) } else { &several };
        described.iter().filter_map(|members| certificate(members, names.as_ref())).collect()
    }
}

/// `uploaded_on` is not used: it is when Cloudflare received the certificate, not when that becomes
/// valid.
fn certificate(members: &Members<'_>, names: Option<&Names>) -> Option<Certificate> {
    let text = |name| members.text(name).filter(|text| is_short(text));
    let certificate = Certificate {
        certificate_authority: text("issuer"),
        serial_number: serial_number(members),
        fingerprint_sha256: text("fingerprint_sha256").map(|hash| hash.to_ascii_lowercase()),
        not_before: text("issued_on").as_deref().and_then(validity::beginning),
        not_after: text("expires_on").as_deref().and_then(validity::end),
        signature_algorithm: text("signature").as_deref().and_then(signature_algorithm),
        ..Certificate::default()
    };
    let is_described = certificate != Certificate::default() || names.is_some();
    is_described.then(|| Certificate { names: names.cloned(), ..certificate })
}

/// The name that X.509 has for an algorithm of Cloudflare's: `ECDSAWithSHA256`, `SHA256WithRSA`, …
fn signature_algorithm(text: &str) -> Option<String> {
    let text = text.to_ascii_lowercase();
    let bits =
        ["1", "256", "384", "512"].into_iter().find(|bits| text.contains(&format!("sha{bits}")))?;
    match (text.contains("ecdsa"), text.contains("rsa")) {
        (true, _) => Some(format!("ecdsa-with-SHA{bits}")),
        (false, true) => Some(format!("sha{bits}WithRSAEncryption")),
        (false, false) => None,
    }
}

/// The serial number, which is a decimal string ("Webhook data definitions", section "Upcoming
/// renewal").
fn serial_number(members: &Members<'_>) -> Option<String> {
    let serial = members.get("serial_number")?;
    if serial.get().len() > SERIAL_LIMIT {
        return None;
    }
    certificate::serial_hex(&json::text(serial).unwrap_or_else(|| serial.get().to_owned()))
}

fn names(ssl: &Members<'_>) -> Option<Names> {
    let hosts = ssl.list("hosts")?.into_iter().take(HOSTS).filter_map(json::text);
    let dns: Vec<_> = hosts.filter(|host| is_short(host)).collect();
    (!dns.is_empty()).then(|| Names { dns, ..Names::default() })
}

/// The named members that are neither `null` nor empty.
fn non_empty(members: &Members<'_>, names: &[&str]) -> Map<String, Value> {
    let value = |name| serde_json::from_str(members.get(name)?.get()).ok();
    let named = names.iter().filter_map(|name| Some(((*name).to_owned(), value(name)?)));
    named.filter(|(_, value)| !is_empty(value)).collect()
}

fn is_empty(value: &Value) -> bool {
    match value {
        Value::String(text) => text.is_empty(),
        Value::Array(values) => values.is_empty(),
        Value::Object(members) => members.is_empty(),
        _ => false,
    }
}
