use envelope::{Envelope, EventType, Provider};
use secrecy::SecretString;
use time::{Duration, OffsetDateTime};

use super::document::{CHALLENGE, Document, Ids};
use crate::interpretation::{Challenge, Interpretation, Plan};
use crate::json::{self, Members};
use crate::naming::{UNKNOWN, segment};

/// What a PEM certificate begins with (RFC 7468, 5).
const CERTIFICATE: &str = "-----BEGIN ";
/// "Within 30 minutes of receiving the token" ("CertCentral webhooks", section "Create a webhook").
const TOKEN_LIFETIME: Duration = Duration::minutes(30);

/// Interprets a CertCentral event.
pub fn interpret(envelope: &Envelope) -> Interpretation {
    let document = Document::of(&envelope.data).unwrap_or_default();
    interpret_document(&document, envelope.receivedtime)
}

pub(super) fn interpret_document(
    document: &Document<'_>,
    received: OffsetDateTime,
) -> Interpretation {
    let kind = kind(&document.event);
    let ids = Ids::of(document);
    let subject = subject(kind, &ids, &document.event);
    Interpretation {
        plan: plan(kind, &ids),
        identifiers: ids.identifiers(),
        pem: chain(&document.members),
        challenge: challenge(document, received),
        ..Interpretation::of(Provider::DIGICERT, &document.event, kind, subject)
    }
}

/// The ownership challenge. Every event of that name is one, whatever its data is, so that no token is
/// ever delivered to consumers. When the event holds no token, the operator has it sent again.
fn challenge(document: &Document<'_>, received: OffsetDateTime) -> Option<Challenge> {
    let webhook_id = document.id("webhook_id").map(|id| id.to_string());
    (document.event == CHALLENGE).then(|| Challenge {
        webhook_id: webhook_id.unwrap_or_else(|| UNKNOWN.to_owned()),
        token: token(&document.members),
        expires: received.checked_add(TOKEN_LIFETIME).unwrap_or(received),
        command: "digicert webhook",
    })
}

/// "CertCentral webhooks" shows the token without quotes; "Verify challenge token" types it as a
/// string. So both are accepted.
fn token(data: &Members<'_>) -> SecretString {
    let token =
        data.get("token").map(|token| json::text(token).unwrap_or_else(|| json::canonical(token)));
    SecretString::from(token.unwrap_or_default())
}

/// The type of an event, from its name ("CertCentral event types", "Update webhook endpoint"). Not
/// all names of the "order approval lifecycle webhook events" ("Customize certificate issued
/// events") are documented, so each name with `approval` in it counts as one of them.
fn kind(event: &str) -> EventType {
    match event {
        "certificate_issued" => EventType::CertificateIssued,
        "certificate_revoked" => EventType::CertificateRevoked,
        "order_rejected" => EventType::CertificateIssuanceFailed,
        "domain_validated" => EventType::DomainValidated,
        "domain_expired" => EventType::DomainValidationExpired,
        "domain_revalidation_notice" => EventType::DomainRevalidationDue,
        "organization_validated" => EventType::OrganizationValidated,
        "organization_expired" => EventType::OrganizationValidationExpired,
        "organization_revalidation_notice" => EventType::OrganizationRevalidationDue,
        other if other.to_ascii_lowercase().contains("approval") => EventType::OrderApproval,
        _ => EventType::Unrecognised,
    }
}

fn plan(kind: EventType, ids: &Ids) -> Plan {
    let usable = |id: Option<u64>| if id.is_some() { Plan::CallBack } else { Plan::UnusableId };
    match kind {
        EventType::CertificateIssued => usable(ids.certificate),
        EventType::CertificateRevoked
        | EventType::CertificateIssuanceFailed
        | EventType::OrderApproval => usable(ids.order),
        _ => Plan::NotNeeded,
    }
}

fn subject(kind: EventType, ids: &Ids, event: &str) -> String {
    let order = ids.order.map(|id| format!("digicert/order/{id}"));
    let certificate = ids.certificate.map(|id| format!("digicert/certificate/{id}"));
    let (subject, noun) = match kind {
        EventType::CertificateIssued | EventType::CertificateRevoked => {
            (certificate.or(order), "certificate")
        }
        EventType::CertificateIssuanceFailed | EventType::OrderApproval => (order, "order"),
        EventType::DomainValidated
        | EventType::DomainValidationExpired
        | EventType::DomainRevalidationDue => (ids.domain_subject(), "domain"),
        EventType::OrganizationValidated
        | EventType::OrganizationValidationExpired
        | EventType::OrganizationRevalidationDue => {
            (ids.organization.map(|id| format!("digicert/organization/{id}")), "organization")
        }
        _ => (
            order.or(certificate).or_else(|| Some(format!("digicert/event/{}", segment(event)))),
            "event",
        ),
    };
    subject.unwrap_or_else(|| format!("digicert/{noun}/{UNKNOWN}"))
}

/// The chain in `certificate_chain`: end entity, issuing intermediate, root, as PEM with CRLF
/// ("CertCentral event types", `certificate_issued`). A link without a certificate makes the chain none.
fn chain(data: &Members<'_>) -> Option<String> {
    let chain = data.list("certificate_chain")?;
    let pem = |link| Members::of(link)?.text("pem").filter(|pem| pem.contains(CERTIFICATE));
    let blocks = chain.into_iter().map(pem).collect::<Option<Vec<_>>>()?;
    (!blocks.is_empty()).then(|| blocks.join("\n"))
}
