use envelope::{Certificate, Dcv, DcvRecord, Names};

use crate::json::{self, Members};
use crate::naming::{bounded, is_short};
use crate::{hash, validity};

/// Pairs of members that hold the name and the value of a record which validation waits for, and its type
/// ("Webhook data definitions", "Custom Hostname Details").
const RECORDS: [(&str, &str, &str); 3] = [
    ("CNAME", "cname", "cname_target"),
    ("TXT", "txt_name", "txt_value"),
    ("HTTP", "http_url", "http_body"),
];

/// The most that is read of lists whose length the sender decides: Cloudflare has two or three
/// certificates for a hostname, with a handful of names. Every certificate has the names, so both are
/// bounded. The rest stays in the payload.
const CERTIFICATES: usize = 10;
const HOSTS: usize = 100;
const PROBLEMS: usize = 100;
/// Longest `dcv` in bytes of text.
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

    /// What validation of the domain, and of its ownership, waits for. `None` when it waits for nothing.
    pub(crate) fn dcv(&self) -> Option<Dcv> {
        let ssl = self.ssl();
        let mut records = records_of(ssl);
        records.extend(listed(ssl, "validation_records"));
        if let Some(ownership) = self.members.object("ownership_verification") {
            let text = |name| ownership.text(name).filter(|text| !text.is_empty());
            let kind = text("type").unwrap_or_default().to_uppercase();
            records.extend(record(&kind, text("name"), text("value")));
        }
        let over_http = self.members.object("ownership_verification_http");
        records.extend(over_http.iter().flat_map(records_of));
        let delegation = listed(ssl, "dcv_delegation_records");
        if records.is_empty() && (delegation.is_empty() || self.is_active()) {
            return None;
        }
        let dcv = Dcv {
            method: ssl.text("method").filter(|method| is_short(method)),
            records,
            delegation: (!delegation.is_empty()).then_some(delegation),
            expires: None,
        };
        // What is larger than any real one stays in the payload.
        (size(&dcv) <= DCV_LIMIT).then_some(dcv)
    }

    fn is_active(&self) -> bool {
        self.status().is_some_and(|status| status == "active")
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
        fingerprint_sha256: text("fingerprint_sha256").as_deref().and_then(hash::sha256),
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

/// The records that the members of an object describe.
fn records_of(members: &Members<'_>) -> Vec<DcvRecord> {
    let text = |name| members.text(name).filter(|text| !text.is_empty());
    let found =
        RECORDS.iter().filter_map(|(kind, name, value)| record(kind, text(name), text(value)));
    found.collect()
}

/// The records that the objects of a list describe.
fn listed(members: &Members<'_>, name: &str) -> Vec<DcvRecord> {
    let list = members.list(name).unwrap_or_default();
    list.into_iter().filter_map(Members::of).flat_map(|members| records_of(&members)).collect()
}

/// A record; `None` where there is neither name nor value.
fn record(kind: &str, name: Option<String>, value: Option<String>) -> Option<DcvRecord> {
    let is_told = name.is_some() || value.is_some();
    is_told.then(|| DcvRecord { kind: kind.to_owned(), name, value })
}

fn size(dcv: &Dcv) -> usize {
    let size = |text: &Option<String>| text.as_ref().map_or(0, String::len);
    let records = dcv.records.iter().chain(dcv.delegation.iter().flatten());
    records.map(|record| record.kind.len() + size(&record.name) + size(&record.value)).sum()
}
