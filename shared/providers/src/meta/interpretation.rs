use std::collections::HashSet;

use envelope::{Envelope, EventType, Provider};
use serde_json::{Map, Value};

use super::document::ct_certificate::{self, CtCertificate};
use super::document::domain;
use super::document::{Batch, Update};
use crate::interpretation::{Interpretation, Plan};
use crate::json::{self, Members};
use crate::naming::{UNKNOWN, event_name, is_short, segment};

/// Names that one phishing event lists at most, and problems with them.
const NAMES: usize = 500;
const PROBLEMS: usize = 50;

/// Interprets an update of Meta's. An envelope holds one update.
pub fn interpret(envelope: &Envelope) -> Interpretation {
    let batch = Batch::of(&envelope.data).ok();
    let update = batch.as_ref().and_then(|batch| batch.updates().next());
    update.map_or_else(|| unrecognised(UNKNOWN), |update| interpret_update(&update))
}

pub(super) fn interpret_update(update: &Update<'_, '_>) -> Interpretation {
    let entry_id = update.entry.id().and_then(ct_certificate::id);
    let value = update.value().and_then(Members::of).unwrap_or_default();
    let mut interpretation = match update.field().as_str() {
        "certificate" => certificate(&value, entry_id.clone()),
        "phishing" => phishing(&value, entry_id.clone()),
        other => unrecognised(other),
    };
    interpretation.identifiers.extend(named("entry_id", entry_id));
    interpretation
}

/// A certificate alert: "search for any new certificates using the domain or id" ("Webhooks for
/// Certificate Transparency"). The value of the alert is not documented, so it is searched for the
/// members that the API and the phishing alert have. What `entry.id` denotes is not documented
/// either; in the sample of the phishing alert it is the id of the certificate.
fn certificate(value: &Members<'_>, entry_id: Option<String>) -> Interpretation {
    let ct_certificate = CtCertificate::of(value.object("ct_cert").as_ref().unwrap_or(value));
    let named_id =
        || value.get("id").or_else(|| value.get("certificate_id")).and_then(ct_certificate::id);
    let certificate_id = ct_certificate.id.clone().or_else(named_id).or(entry_id);
    let name = ct_certificate.sha256.clone().or_else(|| certificate_id.clone());
    Interpretation {
        kind: EventType::CtCertificateObserved,
        subject: format!("meta/certificate/{}", name.as_deref().unwrap_or(UNKNOWN)),
        identifiers: named("certificate_id", certificate_id).collect(),
        plan: Plan::CallBack,
        ..with_certificate(ct_certificate, "certificate")
    }
}

/// A phishing alert ("Webhooks for Certificate Transparency").
fn phishing(value: &Members<'_>, entry_id: Option<String>) -> Interpretation {
    let ct_certificate =
        value.object("ct_cert").map(|members| CtCertificate::of(&members)).unwrap_or_default();
    let certificate_id = ct_certificate.id.clone().or(entry_id);
    let (domains, problems) = suspected(value);
    let phished = value.text("phished_domain");
    let mut identifiers: Map<_, _> = named("certificate_id", certificate_id.clone()).collect();
    identifiers.extend(named("domain", phished.clone().filter(|name| is_short(name))));
    identifiers.insert("phishing_domains".to_owned(), domains.clone().into());
    Interpretation {
        kind: EventType::CtPhishingSuspected,
        subject: format!("meta/domain/{}", segment(phished.as_deref().unwrap_or(UNKNOWN))),
        identifiers,
        plan: if domains.is_empty() && certificate_id.is_none() {
            Plan::UnusableId
        } else {
            Plan::CallBack
        },
        problems,
        ..with_certificate(ct_certificate, "phishing")
    }
}

/// The names to ask about, each once, and why other names are skipped. The lists that consumers get are
/// bounded, since the sender decides how long they are; the payload has all of them.
fn suspected(value: &Members<'_>) -> (Vec<String>, Vec<String>) {
    let (mut domains, mut problems) = (Vec::new(), Vec::new());
    let (mut known, mut more, mut skipped) = (HashSet::new(), 0, 0);
    for name in value.list("phishing_domains").unwrap_or_default() {
        let text = json::text(name).unwrap_or_default();
        match domain::usable(&text) {
            Ok(name) if domains.len() < NAMES => {
                if known.insert(name.to_owned()) {
                    domains.push(name.to_owned());
                }
            }
            Ok(name) => more += usize::from(!known.contains(name)),
            Err(_) if problems.len() >= PROBLEMS => skipped += 1,
            // The name is escaped, since anybody may have chosen it and operators read it on a
            // terminal.
            Err(fault) => problems.push(format!(
                "phishing_domains: skipped \"{}\": {fault}",
                event_name(&text).escape_debug()
            )),
        }
    }
    if skipped > 0 {
        problems.push(format!("phishing_domains: skipped {skipped} more, which are no names"));
    }
    if more > 0 {
        problems.push(format!("phishing_domains: {more} more names are in the payload only"));
    }
    (domains, problems)
}

fn with_certificate(ct_certificate: CtCertificate, field: &str) -> Interpretation {
    let is_described = ct_certificate.pem.is_none()
        && ct_certificate.certificate != envelope::Certificate::default();
    Interpretation {
        certificates: if is_described { vec![ct_certificate.certificate] } else { Vec::new() },
        pem: ct_certificate.pem,
        ..unrecognised(field)
    }
}

fn unrecognised(field: &str) -> Interpretation {
    let subject = format!("meta/event/{}", segment(field));
    Interpretation::of(Provider::META, field, EventType::Unrecognised, subject)
}

fn named(name: &str, value: Option<String>) -> impl Iterator<Item = (String, Value)> {
    value.map(|value| (name.to_owned(), Value::from(value))).into_iter()
}
