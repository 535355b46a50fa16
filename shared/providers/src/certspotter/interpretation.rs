use envelope::{Envelope, EventType, Provider};
use serde_json::{Map, Value};

use super::document::{Content, Issuance};
use crate::interpretation::Interpretation;
use crate::naming::{UNKNOWN, segment};

/// Interprets an event of Cert Spotter's.
pub fn interpret(envelope: &Envelope) -> Interpretation {
    interpret_content(&Content::of(&envelope.data))
}

pub(super) fn interpret_content(content: &Content<'_>) -> Interpretation {
    let event = content.event();
    let subject = format!("certspotter/event/{}", segment(&event));
    let unrecognised =
        Interpretation::of(Provider::CERTSPOTTER, &event, EventType::Unrecognised, subject);
    match content {
        Content::Issuance(issuance) => observed(issuance, unrecognised),
        Content::Other(_) | Content::Probe | Content::Nothing => unrecognised,
    }
}

/// The certificate comes with the event, so that nothing is asked for.
fn observed(issuance: &Issuance<'_>, common: Interpretation) -> Interpretation {
    let tbs_sha256 = issuance.tbs_sha256();
    let (pem, problems) = match issuance.pem() {
        Some(Ok(pem)) => (Some(pem), Vec::new()),
        Some(Err(problem)) => (None, vec![problem]),
        None => (None, vec!["the event came without its certificate".to_owned()]),
    };
    Interpretation {
        kind: EventType::CtCertificateObserved,
        subject: format!("ct/certificate/{}", tbs_sha256.as_deref().unwrap_or(UNKNOWN)),
        identifiers: identifiers(issuance, tbs_sha256),
        problems,
        issuer: issuance.issuer(),
        certificates: vec![issuance.certificate()],
        pem,
        ..common
    }
}

fn identifiers(issuance: &Issuance<'_>, tbs_sha256: Option<String>) -> Map<String, Value> {
    let texts = [("issuance_id", issuance.id()), ("tbs_sha256", tbs_sha256)];
    let texts = texts.into_iter().filter_map(|(name, text)| Some((name, Value::from(text?))));
    let domains = Some(issuance.monitored_domains()).filter(|domains| !domains.is_empty());
    let domains = domains.map(|domains| ("monitored_domains", Value::from(domains)));
    texts.chain(domains).map(|(name, value)| (name.to_owned(), value)).collect()
}
