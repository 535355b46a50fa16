//! The rules by which a certificate that the logs show is compared with what is known to be issued. Pure.

use std::collections::BTreeSet;

use envelope::{Certificate, Correlation, EventType, Issuance, Provider, Rule};
use providers::finding::Finding;
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

/// A certificate that the logs show.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub(crate) struct Observation {
    /// Id of the event.
    pub(crate) id: String,
    pub(crate) provider: Provider,
    pub(crate) certificate: Certificate,
    /// The certificate, or its precertificate, where it came along.
    pub(crate) pem: Option<String>,
    pub(crate) caa_domains: Vec<String>,
    pub(crate) problem_reporting: Option<String>,
    /// When it is unexpected, unless an issuance becomes known: a precertificate is logged before its provider tells.
    #[serde(with = "time::serde::rfc3339")]
    pub(crate) due: OffsetDateTime,
}

/// A certificate, key or issuer that was announced. What is not known of it is compared with nothing.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct Announcement {
    /// Id of the event, or of the operator's announcement.
    pub id: String,
    /// `None` for the operator's.
    pub provider: Option<Provider>,
    pub certificate: Certificate,
    pub pem: Option<String>,
    /// The issuer whose certificates for the names of the certificate are expected.
    pub issuer: Option<String>,
}

impl Announcement {
    /// With as much of the certificate as is compared. One that may be missing is whole, for the event that says so.
    pub(crate) fn as_compared(&self) -> Self {
        let Certificate { tbs_sha256, spki_sha256, names, .. } = self.certificate.clone();
        if self.pem.is_some() || (tbs_sha256.is_none() && spki_sha256.is_none()) {
            return self.clone();
        }
        let certificate = Certificate { tbs_sha256, spki_sha256, names, ..Certificate::default() };
        Self { certificate, ..self.clone() }
    }
}

/// The state of a certificate, as it is stored.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub(crate) struct State {
    pub(crate) kind: EventType,
    /// Id of the event that led to it.
    pub(crate) cause: String,
    /// Whether its event is on the queue.
    pub(crate) is_sent: bool,
}

/// All that is known of one certificate.
#[derive(Default)]
pub(crate) struct Facts {
    pub(crate) observation: Option<Observation>,
    pub(crate) announcements: Vec<Announcement>,
    pub(crate) state: Option<State>,
}

/// What is to be done about a certificate.
#[derive(Debug, Eq, PartialEq)]
pub(crate) enum Step {
    /// There is nothing to say.
    Nothing,
    /// Nothing is to be said before that time.
    Wait(OffsetDateTime),
    /// The state is to be stored, and the facts are to be read again before it is sent: what became known meanwhile changes it.
    Store(State),
    /// The event of the state is to be put on the queue.
    Send(State),
}

/// The next step. Whoever writes a fact asks for it afterwards, until there is nothing to do. So the last of several
/// concurrent workers sees all facts.
pub(crate) fn next(facts: &Facts, now: OffsetDateTime) -> Step {
    let Some(observation) = &facts.observation else {
        return match &facts.state {
            Some(missing) if !missing.is_sent => Step::Send(missing.clone()),
            _ => Step::Nothing,
        };
    };
    let known = matching(observation, &facts.announcements);
    let state = |kind, cause: &str| State { kind, cause: cause.to_owned(), is_sent: false };
    let expected = || Step::Store(state(EventType::CtCertificateExpected, &observation.id));
    match (&facts.state, known) {
        (None, Some(_)) => expected(),
        (None, None) if now >= observation.due => {
            Step::Store(state(EventType::CtCertificateUnexpected, &observation.id))
        }
        (None, None) => Step::Wait(observation.due),
        (Some(stored), known) => match (stored.kind, stored.is_sent, known) {
            // It was not said yet, so that there is nothing to take back.
            (EventType::CtCertificateUnexpected, false, Some(_))
            | (EventType::CtCertificateMissing, false, _) => expected(),
            (EventType::CtCertificateUnexpected, true, Some((_, announcement))) => {
                Step::Store(state(EventType::CtCertificateResolved, &announcement.id))
            }
            (EventType::CtCertificateMissing, true, _) => {
                Step::Store(state(EventType::CtCertificateResolved, &observation.id))
            }
            (_, false, _) => Step::Send(stored.clone()),
            (_, true, _) => Step::Nothing,
        },
    }
}

/// The announcement that a certificate belongs to, by the strongest rule.
pub(crate) fn matching<'a>(
    observation: &Observation,
    announcements: &'a [Announcement],
) -> Option<(Rule, &'a Announcement)> {
    [Rule::TbsSha256, Rule::SpkiSha256, Rule::ProviderRecord, Rule::Issuer].into_iter().find_map(
        |rule| {
            let found = announcements.iter().find(|one| holds(rule, observation, one))?;
            Some((rule, found))
        },
    )
}

fn holds(rule: Rule, observation: &Observation, announcement: &Announcement) -> bool {
    let (observed, announced) = (&observation.certificate, &announcement.certificate);
    let is_same = |one: &Option<String>, other: &Option<String>| one.is_some() && one == other;
    match rule {
        Rule::TbsSha256 => is_same(&observed.tbs_sha256, &announced.tbs_sha256),
        Rule::SpkiSha256 => {
            is_same(&observed.spki_sha256, &announced.spki_sha256) && is_within(observed, announced)
        }
        Rule::ProviderRecord => {
            // Without a serial number, the names decide in its place.
            let is_one = match announced.serial_number {
                Some(_) => {
                    is_same(&observed.serial_number, &announced.serial_number)
                        && is_within(observed, announced)
                }
                None => has_same_names(observed, announced),
            };
            announcement.provider.is_some()
                && announced.tbs_sha256.is_none()
                && announced.spki_sha256.is_none()
                && is_one
                && is_same(&observed.not_after, &announced.not_after)
                && announced
                    .certificate_authority
                    .as_deref()
                    .is_some_and(|name| is_issuer(name, observation))
        }
        Rule::Issuer => {
            let issuer = announcement.issuer.as_deref();
            issuer.is_some_and(|issuer| is_issuer(issuer, observation))
                && is_within(observed, announced)
        }
    }
}

/// Whether a certificate has names, and all of them are announced.
fn is_within(observed: &Certificate, announced: &Certificate) -> bool {
    let (observed, announced) = (names(observed), names(announced));
    let is_announced = |name: &String| announced.iter().any(|by| covers(by, name));
    !observed.is_empty() && observed.iter().all(is_announced)
}

/// Whether a certificate has names, and they are those that are announced.
fn has_same_names(observed: &Certificate, announced: &Certificate) -> bool {
    let observed = names(observed);
    !observed.is_empty() && observed == names(announced)
}

fn names(certificate: &Certificate) -> BTreeSet<String> {
    let names = certificate.names.clone().unwrap_or_default();
    names.dns.into_iter().chain(names.ip).map(|name| name.to_ascii_lowercase()).collect()
}

/// Whether an announced name stands for another: itself, with `*.` one label in its place, and with a dot before it every
/// name below it too.
pub fn covers(announced: &str, name: &str) -> bool {
    if let Some(domain) = announced.strip_prefix('.') {
        return name == domain || name.ends_with(announced);
    }
    let below = |parent: &str| name.split_once('.').is_some_and(|(_, rest)| rest == parent);
    announced == name || announced.strip_prefix("*.").is_some_and(below)
}

/// Whether an issuer is meant by this name: its organisation or common name as the certificate has them, whatever
/// their case and punctuation (`LetsEncrypt`), or one of its CAA domains.
fn is_issuer(name: &str, observation: &Observation) -> bool {
    let issuer = observation.certificate.issuer.as_deref().unwrap_or_default();
    // RFC 4514: a comma within a value has a backslash before it, or stands as \2C.
    let attributes = issuer.replace("\\,", "\\2C");
    let attributes = attributes.split(',').filter_map(|attribute| attribute.split_once('='));
    let mut names = attributes
        .filter(|(kind, _)| matches!(kind.trim(), "O" | "CN"))
        .map(|(_, value)| letters(&value.replace("\\2C", "")));
    let wanted = letters(name);
    let is_caa_domain =
        observation.caa_domains.iter().any(|domain| domain.eq_ignore_ascii_case(name));
    !wanted.is_empty() && (is_caa_domain || names.any(|name| name == wanted))
}

fn letters(text: &str) -> String {
    text.chars().filter(|one| one.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

impl Facts {
    /// What is to be said of a state.
    pub(crate) fn finding(&self, state: &State) -> Option<Finding> {
        let observation = self.observation.as_ref();
        let known = observation.and_then(|observed| matching(observed, &self.announcements));
        let announcement = known.map(|(_, one)| one).or_else(|| self.announcements.first());
        let announcement = announcement.filter(|_| observation.is_none() || known.is_some());
        let certificate = observation.map(|one| &one.certificate);
        let certificate = certificate.or(announcement.map(|one| &one.certificate))?.clone();
        let pem = observation.map(|one| &one.pem).or(announcement.map(|one| &one.pem));
        let pem = pem.cloned().flatten();
        let provider = observation.map(|one| one.provider);
        let provider = provider.or(announcement.and_then(|one| one.provider))?;
        let issuance =
            announcement.map(|one| Issuance { id: one.id.clone(), provider: one.provider });
        let rule = known.map(|(rule, _)| rule);
        let is_shown_now = state.kind == EventType::CtCertificateResolved
            && observation.is_some_and(|one| one.id == state.cause);
        let detail = if is_shown_now {
            "the logs show it now".to_owned()
        } else {
            detail(state.kind, known, &certificate)
        };
        Some(Finding {
            state: state.kind,
            provider,
            certificate,
            pem,
            correlation: Correlation {
                rule,
                issuance,
                observation: observation.map(|one| one.id.clone()),
                caa_domains: observation.map(|one| one.caa_domains.clone()).unwrap_or_default(),
                problem_reporting: observation.and_then(|one| one.problem_reporting.clone()),
                detail,
            },
        })
    }
}

fn detail(
    kind: EventType,
    known: Option<(Rule, &Announcement)>,
    certificate: &Certificate,
) -> String {
    let issuer = certificate.issuer.as_deref().unwrap_or("an issuer that is not named");
    let by = match known {
        Some((Rule::TbsSha256, _)) => "the certificate is the one that was announced",
        Some((Rule::SpkiSha256, _)) => "its key was announced for these names",
        Some((Rule::ProviderRecord, record)) if record.certificate.serial_number.is_none() => {
            "the provider's record, which has no serial number, has the same issuer, the same names and the same end"
        }
        Some((Rule::ProviderRecord, _)) => {
            "the provider's record has the same issuer, serial number, names and end"
        }
        Some((Rule::Issuer, _)) => {
            "the operator expects certificates of this issuer for these names"
        }
        None => "no issuance is known of the certificate, its key or its issuer",
    };
    match kind {
        EventType::CtCertificateMissing => {
            "it was issued, holds no two SCTs of known logs, and the logs do not show it".to_owned()
        }
        EventType::CtCertificateUnexpected => format!("issued by {issuer}: {by}"),
        _ => by.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use envelope::Names;
    use time::macros::datetime;

    use super::*;

    const DUE: OffsetDateTime = datetime!(2026-11-01 1:00 UTC);
    const BEFORE: OffsetDateTime = datetime!(2026-11-01 0:59 UTC);

    fn certificate(tbs: Option<&str>, spki: Option<&str>, names: &[&str]) -> Certificate {
        let dns = names.iter().map(|name| (*name).to_owned()).collect();
        Certificate {
            tbs_sha256: tbs.map(str::to_owned),
            spki_sha256: spki.map(str::to_owned),
            serial_number: Some("0A".to_owned()),
            not_after: Some("2027-01-01T00:00:00Z".to_owned()),
            issuer: Some("CN=R1,O=Let's Encrypt\\, Inc.,C=US".to_owned()),
            names: Some(Names { dns, ..Names::default() }),
            ..Certificate::default()
        }
    }

    fn observed() -> Observation {
        Observation {
            id: "observed".to_owned(),
            provider: Provider::CERTSPOTTER,
            certificate: certificate(Some("t"), Some("k"), &["a.example", "b.example"]),
            pem: None,
            caa_domains: vec!["letsencrypt.org".to_owned()],
            problem_reporting: None,
            due: DUE,
        }
    }

    fn announced(certificate: Certificate) -> Announcement {
        let provider = Some(Provider::DIGICERT);
        Announcement { id: "announced".to_owned(), provider, certificate, pem: None, issuer: None }
    }

    fn rule(announcement: Announcement) -> Option<Rule> {
        matching(&observed(), &[announcement]).map(|(rule, _)| rule)
    }

    #[test]
    fn the_tbs_certificate_decides_then_the_key_with_names_within_its_own() {
        let of = |tbs, spki, names: &[&str]| rule(announced(certificate(tbs, spki, names)));
        assert_eq!(of(Some("t"), Some("k"), &["a.example", "b.example"]), Some(Rule::TbsSha256));
        assert_eq!(of(Some("t"), None, &[]), Some(Rule::TbsSha256));
        assert_eq!(
            of(Some("u"), Some("k"), &["B.example", "a.example", "c"]),
            Some(Rule::SpkiSha256)
        );
        assert_eq!(of(None, Some("k"), &["*.example"]), Some(Rule::SpkiSha256));
        assert_eq!(of(None, Some("k"), &[".example"]), Some(Rule::SpkiSha256));
        for (tbs, spki, names) in [
            (None, Some("k"), &["a.example"][..]),
            (None, Some("k"), &["*.b.example", "a.example"]),
            (None, Some("k"), &[]),
            (Some("u"), Some("l"), &["a.example", "b.example"]),
            // Serial number, issuer, end and names alone decide nothing.
            (None, None, &["a.example", "b.example"]),
        ] {
            assert_eq!(of(tbs, spki, names), None, "{tbs:?} {spki:?} {names:?}");
        }
    }

    #[test]
    fn a_providers_record_is_the_same_in_everything() {
        let record = |change: fn(&mut Certificate)| {
            let mut known = certificate(None, None, &["a.example", "b.example"]);
            known.certificate_authority = Some("LetsEncryptInc".to_owned());
            change(&mut known);
            Announcement { provider: Some(Provider::CLOUDFLARE), ..announced(known) }
        };
        assert_eq!(rule(record(|_| {})), Some(Rule::ProviderRecord));
        assert_eq!(rule(Announcement { provider: None, ..record(|_| {}) }), None);
        for change in [
            |one: &mut Certificate| one.serial_number = Some("0B".to_owned()),
            |one: &mut Certificate| one.not_after = Some("2027-01-01T00:00:01Z".to_owned()),
            |one: &mut Certificate| one.names = None,
            // Where more is known, more must be the same.
            |one: &mut Certificate| one.spki_sha256 = Some("l".to_owned()),
            |one: &mut Certificate| one.certificate_authority = Some("DigiCertInc".to_owned()),
            |one: &mut Certificate| one.certificate_authority = None,
        ] {
            assert_eq!(rule(record(change)), None);
        }
    }

    /// A record without a serial number: nothing else may differ, not even a name more.
    #[test]
    fn a_record_without_a_serial_number_has_exactly_the_names() {
        let record = |issuer: &str, names: &[&str], not_after: &str| {
            let known = Certificate {
                serial_number: None,
                issuer: None,
                certificate_authority: Some(issuer.to_owned()),
                not_after: Some(not_after.to_owned()),
                ..certificate(None, None, names)
            };
            Announcement { provider: Some(Provider::CLOUDFLARE), ..announced(known) }
        };
        const ISSUER: &str = "LetsEncryptInc";
        const END: &str = "2027-01-01T00:00:00Z";
        let same = record(ISSUER, &["B.example", "a.example"], END);
        let facts = Facts {
            observation: Some(observed()),
            announcements: vec![same.clone()],
            ..Facts::default()
        };
        let found = facts.finding(&state(EventType::CtCertificateExpected, "observed", false));
        let correlation = found.unwrap().correlation;
        assert_eq!(correlation.rule, Some(Rule::ProviderRecord));
        assert!(correlation.detail.contains("no serial number"), "{}", correlation.detail);
        for other in [
            Announcement { provider: None, ..same },
            record("GoogleTrustServices", &["a.example", "b.example"], END),
            record(ISSUER, &["a.example", "b.example", "c.example"], END),
            record(ISSUER, &["a.example"], END),
            record(ISSUER, &["*.example"], END),
            record(ISSUER, &[], END),
            record(ISSUER, &["a.example", "b.example"], "2027-01-01T00:00:01Z"),
        ] {
            assert_eq!(rule(other.clone()), None, "{other:?}");
        }
    }

    #[test]
    fn an_issuer_is_meant_by_its_names_and_its_caa_domains() {
        let expected = |issuer: &str, names: &[&str]| {
            let certificate =
                Certificate { issuer: None, serial_number: None, ..certificate(None, None, names) };
            let issuer = Some(issuer.to_owned());
            rule(Announcement { provider: None, issuer, ..announced(certificate) })
        };
        for issuer in ["letsencrypt.org", "Let's Encrypt, Inc.", "R1"] {
            assert_eq!(expected(issuer, &[".example"]), Some(Rule::Issuer), "{issuer}");
            assert_eq!(expected(issuer, &["a.example"]), None);
        }
        assert_eq!(expected("US", &[".example"]), None);
        assert_eq!(expected("", &[".example"]), None);
    }

    fn state(kind: EventType, cause: &str, is_sent: bool) -> State {
        State { kind, cause: cause.to_owned(), is_sent }
    }

    /// Each state with what is known: the next step.
    #[test]
    fn steps() {
        use EventType::{
            CtCertificateExpected as Expected, CtCertificateMissing as Missing,
            CtCertificateResolved as Resolved, CtCertificateUnexpected as Unexpected,
        };
        let store = |kind, cause| Step::Store(state(kind, cause, false));
        let send = |kind| Step::Send(state(kind, "c", false));
        for (stored, is_known, now, expected) in [
            (None, false, BEFORE, Step::Wait(DUE)),
            (None, false, DUE, store(Unexpected, "observed")),
            (None, true, BEFORE, store(Expected, "observed")),
            (Some((Expected, false)), true, DUE, send(Expected)),
            (Some((Expected, true)), true, DUE, Step::Nothing),
            (Some((Unexpected, false)), false, DUE, send(Unexpected)),
            // What became known before it was said is not taken back, since nobody heard of it.
            (Some((Unexpected, false)), true, DUE, store(Expected, "observed")),
            (Some((Unexpected, true)), false, DUE, Step::Nothing),
            (Some((Unexpected, true)), true, DUE, store(Resolved, "announced")),
            (Some((Missing, true)), true, DUE, store(Resolved, "observed")),
            (Some((Missing, false)), true, DUE, store(Expected, "observed")),
            (Some((Resolved, false)), true, DUE, send(Resolved)),
            (Some((Resolved, true)), true, DUE, Step::Nothing),
        ] {
            let known = announced(certificate(Some("t"), None, &[]));
            let facts = Facts {
                observation: Some(observed()),
                announcements: is_known.then_some(known).into_iter().collect(),
                state: stored.map(|(kind, is_sent)| state(kind, "c", is_sent)),
            };
            assert_eq!(next(&facts, now), expected, "{stored:?} {is_known}");
        }
        let unobserved =
            |is_sent| Facts { state: Some(state(Missing, "c", is_sent)), ..Facts::default() };
        assert_eq!(next(&unobserved(false), DUE), send(Missing));
        assert_eq!(next(&unobserved(true), DUE), Step::Nothing);
    }
}
