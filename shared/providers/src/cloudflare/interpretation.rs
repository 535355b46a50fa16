use envelope::{Envelope, EventType, Provider};
use serde_json::{Map, Value};

use super::document::hostname::Hostname;
use super::document::{Content, Document};
use super::profile::is_id;
use crate::interpretation::{Interpretation, Plan};
use crate::json::Members;
use crate::naming::{UNKNOWN, is_short, segment};

/// Interprets a Cloudflare notification.
pub fn interpret(envelope: &Envelope) -> Interpretation {
    let document = match Content::of(&envelope.data) {
        Content::Event(document) => document,
        Content::Test | Content::Unknown => Document::default(),
    };
    interpret_document(&document)
}

pub(super) fn interpret_document(document: &Document<'_>) -> Interpretation {
    let kind = document.event_suffix().map_or(EventType::Unrecognised, kind);
    // The data of another alert has another form.
    let hostname = match document.is_other() {
        true => Hostname::new(Members::default()),
        false => Hostname::new(document.data()),
    };
    let subject = subject(document, &hostname);
    Interpretation {
        identifiers: identifiers(document, &hostname),
        plan: plan(kind, document, &hostname),
        problems: hostname.problems(),
        dcv: hostname.dcv(),
        certificates: hostname.certificates(),
        ..Interpretation::of(Provider::CLOUDFLARE, &document.event, kind, subject)
    }
}

/// The type of an event, for the eleven events of "Webhook data definitions", which a zone's own
/// certificates have too. `renewal.succeeded` leads to `pending_deployment`: the new certificate is not live yet.
fn kind(event_suffix: &str) -> EventType {
    match event_suffix {
        "validation.succeeded" => EventType::DomainValidated,
        "validation.failed" => EventType::DomainValidationFailed,
        "issuance.succeeded" => EventType::CertificateIssued,
        "issuance.failed" => EventType::CertificateIssuanceFailed,
        "deployment.succeeded" => EventType::CertificateDeployed,
        "deployment.failed" => EventType::CertificateDeploymentFailed,
        "deletion.succeeded" => EventType::CertificateDeleted,
        "deletion.failed" => EventType::CertificateDeletionFailed,
        "renewal.upcoming_certificate_expiration_notification" => EventType::CertificateExpiring,
        "renewal.succeeded" => EventType::CertificateRenewed,
        "renewal.failed" => EventType::CertificateRenewalFailed,
        _ => EventType::Unrecognised,
    }
}

/// Nothing can be asked for a certificate that is no longer attached to a hostname: its events have
/// neither hostname nor id ("Webhook data definitions", section "Troubleshooting"). A certificate of the
/// zone has no custom hostname to ask for.
fn plan(kind: EventType, document: &Document<'_>, hostname: &Hostname<'_>) -> Plan {
    let is_orphan = hostname.members().get("id").is_none_or(|id| id.get() == r#""""#);
    let has_details = !matches!(kind, EventType::Unrecognised | EventType::CertificateDeleted);
    if !has_details || is_orphan || document.is_of_zone() {
        return Plan::NotNeeded;
    }
    let hostname_id = hostname.members().text("id").filter(|id| is_id(id));
    match (document.zone_id(), hostname_id) {
        (Some(_), Some(_)) => Plan::CallBack,
        _ => Plan::UnusableId,
    }
}

fn subject(document: &Document<'_>, hostname: &Hostname<'_>) -> String {
    if document.is_of_zone() {
        let zone = document.zone_id();
        return format!("cloudflare/zone/{}", segment(zone.as_deref().unwrap_or(UNKNOWN)));
    }
    if let Some(name) = hostname.members().text("hostname") {
        return format!("cloudflare/hostname/{}", segment(&name));
    }
    match (hostname.certificate_id(), document.event_suffix()) {
        (Some(id), _) => format!("cloudflare/certificate/{}", segment(&id)),
        (None, Some(_)) => format!("cloudflare/certificate/{UNKNOWN}"),
        (None, None) => format!("cloudflare/alert/{}", segment(&document.event)),
    }
}

/// The hostname, and the ids that are usable.
fn identifiers(document: &Document<'_>, hostname: &Hostname<'_>) -> Map<String, Value> {
    let of_metadata = |name| document.metadata(name)?.text("id");
    // The members of `data` are a certificate's own in the alerts of a zone.
    let (hostname_id, certificate_id) = match document.is_of_zone() {
        true => (None, hostname.certificate_id().or_else(|| hostname.members().text("id"))),
        false => (hostname.members().text("id"), hostname.certificate_id()),
    };
    let ids = [
        ("hostname_id", hostname_id),
        ("zone_id", document.zone_id()),
        ("account_id", of_metadata("account")),
        ("certificate_id", certificate_id),
    ];
    let usable = |(name, id): (_, Option<String>)| Some((name, id.filter(|id| is_id(id))?));
    let name = hostname.members().text("hostname").filter(|name| is_short(name));
    let name = name.map(|name| ("hostname", name));
    let named = name.into_iter().chain(ids.into_iter().filter_map(usable));
    named.map(|(name, id)| (name.to_owned(), Value::from(id))).collect()
}
