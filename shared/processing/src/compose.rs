use envelope::{CertificateData, CertificateEvent, Check, Checks, CloudEvent, Code, Envelope};
use providers::interpretation::Interpretation;
use serde_json::value::RawValue;

use crate::types::Enrichment;

/// An envelope without private keys. They are removed before anything is archived or delivered.
pub(crate) struct Redacted {
    pub(crate) envelope: Envelope,
    /// The PEM labels of the removed keys.
    labels: Vec<String>,
}

impl Redacted {
    pub(crate) fn of(envelope: &Envelope) -> Self {
        let redacted = certificate::redact_json(envelope.data.get())
            .and_then(|(text, labels)| Some((RawValue::from_string(text).ok()?, labels)));
        match redacted {
            Some((data, labels)) => {
                Self { envelope: Envelope { data, ..envelope.clone() }, labels }
            }
            None => Self { envelope: envelope.clone(), labels: Vec::new() },
        }
    }

    /// The same event under an id of its own, as a repeat of the first one.
    pub(crate) fn repeat(&self, id: String, is_conflict: bool) -> Self {
        let envelope = Envelope {
            causationid: Some(self.envelope.id.clone()),
            conflict: is_conflict.then_some(true),
            id,
            ..self.envelope.clone()
        };
        Self { envelope, labels: self.labels.clone() }
    }

    fn report(&self, checks: &mut Checks) {
        if !self.labels.is_empty() {
            let labels = self.labels.join(", ");
            let detail = format!("the event held a private key ({labels}); it was removed");
            checks.private_key = Check::failed(Code::PrivateKey, detail);
        }
    }
}

/// Builds the certificate event that consumers read.
pub(crate) fn compose(
    redacted: &Redacted,
    interpretation: &Interpretation,
    enrichment: Enrichment,
) -> CertificateEvent {
    let envelope = &redacted.envelope;
    let Enrichment {
        callback,
        status,
        certificates,
        pem_chain,
        mut checks,
        problems,
        dcv,
        related,
        has_leaf: _,
        is_contradicted: _,
        called_back: _,
        checked: _,
    } = enrichment;
    redacted.report(&mut checks);
    let is_known = !certificates.is_empty();
    CloudEvent {
        specversion: CertificateEvent::SPECVERSION.into(),
        id: envelope.id.clone(),
        source: envelope.source.clone(),
        kind: interpretation.kind.as_str().into(),
        subject: interpretation.subject.clone(),
        time: envelope.time,
        datacontenttype: CertificateEvent::CONTENT_TYPE.into(),
        dataschema: CertificateEvent::SCHEMA.into(),
        receivedtime: envelope.receivedtime,
        traceparent: envelope.traceparent.clone(),
        attempts: 0,
        badcertificates: 0,
        holds: 0,
        retryreason: None,
        secretstage: None,
        secretversion: None,
        sourceaddress: None,
        causationid: envelope.causationid.clone(),
        conflict: envelope.conflict,
        progress: None,
        reconciled: envelope.reconciled,
        replayed: envelope.replayed,
        simulated: envelope.simulated,
        ordering: envelope.ordering.clone(),
        data: CertificateData {
            provider: interpretation.provider,
            event: interpretation.event.clone(),
            identifiers: interpretation.identifiers.clone(),
            callback,
            status,
            certificates: if is_known { certificates } else { interpretation.certificates.clone() },
            pem_chain,
            verdict: checks.verdict(),
            checks,
            problems: merge(&interpretation.problems, problems),
            dcv: dcv.or_else(|| interpretation.dcv.clone()),
            correlation: interpretation.correlation.clone(),
            related,
            payload: Some(envelope.data.clone()),
            offloaded: None,
        },
    }
}

/// Merges the problems of the event with those of the call-back, without repeating one.
fn merge(reported: &[String], found: Vec<String>) -> Vec<String> {
    let new = found.into_iter().filter(|problem| !reported.contains(problem));
    reported.iter().cloned().chain(new).collect()
}
