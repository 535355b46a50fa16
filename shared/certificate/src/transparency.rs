//! What certificate transparency left in a certificate: the signed certificate timestamps (SCTs), in which logs
//! promise to show it (RFC 6962, 3.2 and 3.3).

use std::collections::{BTreeSet, HashMap};
use std::sync::LazyLock;

use data_encoding::BASE64;
use envelope::{Check, Code};
use serde::Deserialize;
use time::macros::datetime;
use time::{Duration, OffsetDateTime};
use x509_parser::extensions::{ParsedExtension, SignedCertificateTimestamp};
use x509_parser::oid_registry::OID_CT_LIST_SCT;

use crate::on_path::sentences_of;
use crate::path::node::Node;
use crate::path::rules::POISON;

/// What Chrome knows of the logs. `make log-list` writes it anew.
const LOG_LIST: &str = include_str!("log_list.json");

/// Since then Chrome and Apple want three SCTs for a certificate that is valid for more than 180 days ("Chrome
/// Certificate Transparency Policy"; "Apple's Certificate Transparency policy").
const THREE_SINCE: OffsetDateTime = datetime!(2022-04-15 0:00 UTC);
const THREE_ABOVE: Duration = Duration::days(180);

static KNOWN_LOGS: LazyLock<KnownLogs> = LazyLock::new(|| KnownLogs::read(LOG_LIST));

/// The day of the list of known logs, `YYYY-MM-DD`.
pub fn log_list_date() -> &'static str {
    &KNOWN_LOGS.date
}

#[derive(Default)]
struct KnownLogs {
    date: String,
    by_id: HashMap<Vec<u8>, Log>,
}

struct Log {
    name: String,
    operator: String,
    /// SCTs that are younger than that do not count.
    retired: Option<OffsetDateTime>,
}

/// The list in the form in which Chrome publishes it (its schema 3), without what is of no use here.
#[derive(Deserialize)]
struct LogList {
    log_list_timestamp: String,
    operators: Vec<Operator>,
}

#[derive(Deserialize)]
struct Operator {
    name: String,
    logs: Vec<ListedLog>,
}

#[derive(Deserialize)]
struct ListedLog {
    description: String,
    log_id: String,
    state: HashMap<String, State>,
}

#[derive(Deserialize)]
struct State {
    #[serde(with = "time::serde::rfc3339")]
    timestamp: OffsetDateTime,
}

impl KnownLogs {
    /// A list that cannot be read knows no log, which a test excludes for the one that is compiled in.
    fn read(text: &str) -> Self {
        let Ok(list) = serde_json::from_str::<LogList>(text) else { return Self::default() };
        let logs = list.operators.into_iter().flat_map(|Operator { name, logs }| {
            logs.into_iter().map(move |log| (name.clone(), log))
        });
        let by_id = logs.filter_map(|(operator, log)| {
            let retired = log.state.get("retired").map(|state| state.timestamp);
            let id = BASE64.decode(log.log_id.as_bytes()).ok()?;
            Some((id, Log { name: log.description, operator, retired }))
        });
        let date = list.log_list_timestamp.chars().take(10).collect();
        Self { by_id: by_id.collect(), date }
    }

    /// The log that gave an SCT, if its SCTs counted at that time.
    fn of(&self, sct: &Sct<'_>) -> Option<&Log> {
        let log = self.by_id.get(sct.log_id)?;
        log.retired.is_none_or(|retired| sct.time < retired).then_some(log)
    }
}

/// A log's promise.
struct Sct<'a> {
    log_id: &'a [u8],
    time: OffsetDateTime,
}

impl<'a> Sct<'a> {
    /// `None` for one that no client takes: of another version, with another signature than logs make (RFC 6962, 2.1.4:
    /// SHA-256 with ECDSA or RSA), or of no time.
    fn of(sct: &SignedCertificateTimestamp<'a>) -> Option<Self> {
        const SHA256: u8 = 4;
        const RSA: u8 = 1;
        const ECDSA: u8 = 3;
        let signature = &sct.signature;
        let is_usable = sct.version.0 == 0
            && signature.hash_alg_id == SHA256
            && matches!(signature.sign_alg_id, RSA | ECDSA);
        let nanos = i128::from(sct.timestamp) * 1_000_000;
        let time = OffsetDateTime::from_unix_timestamp_nanos(nanos).ok()?;
        is_usable.then_some(Self { log_id: sct.id.key_id, time })
    }
}

/// A signed certificate timestamp in a certificate.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct SignedTimestamp {
    /// Base64, as in lists of logs.
    pub log_id: String,
    /// Name and operator of the log, where Chrome's list knows it and counts what it signed at that time.
    pub log: Option<(String, String)>,
    pub time: OffsetDateTime,
}

/// The timestamps in a certificate, as far as clients take them. Their signatures are not verified.
pub(crate) fn timestamps(node: &Node<'_>) -> Vec<SignedTimestamp> {
    known_timestamps(node, &KNOWN_LOGS)
}

fn known_timestamps(node: &Node<'_>, known: &KnownLogs) -> Vec<SignedTimestamp> {
    let Some(ParsedExtension::SCT(scts)) = node.extension(&OID_CT_LIST_SCT) else {
        return Vec::new();
    };
    let timestamp = |sct: Sct<'_>| SignedTimestamp {
        log_id: BASE64.encode(sct.log_id),
        log: known.of(&sct).map(|log| (log.name.clone(), log.operator.clone())),
        time: sct.time,
    };
    scts.iter().filter_map(Sct::of).map(timestamp).collect()
}

/// Whether the leaf shows the promises of as many logs as browsers ask for.
pub(crate) fn ct(leaf: &Node<'_>, is_public_server: bool) -> Check {
    check(leaf, is_public_server, &KNOWN_LOGS)
}

fn check(leaf: &Node<'_>, is_public_server: bool, known: &KnownLogs) -> Check {
    let label = leaf.label();
    if !is_public_server {
        return Check::not_applicable(
            Code::NotPublic,
            "browsers ask for SCTs in TLS server certificates under Mozilla's anchors only",
        );
    }
    if leaf.extension(&POISON).is_some() {
        return Check::not_applicable(
            Code::Precertificate,
            format!("{label} is a precertificate, for which the logs give the SCTs"),
        );
    }
    let scts = match leaf.x509().get_extension_unique(&OID_CT_LIST_SCT) {
        Ok(None) => {
            return Check::unknown(
                Code::NoScts,
                format!("{label} holds no SCT; its server may send some in the TLS handshake"),
            );
        }
        Ok(Some(extension)) => match extension.parsed_extension() {
            ParsedExtension::SCT(scts) => scts,
            _ => return malformed(&label),
        },
        Err(_) => return malformed(&label),
    };
    let scts: Vec<Sct<'_>> = scts.iter().filter_map(Sct::of).collect();
    let needed = needed(leaf);
    let logs: BTreeSet<&[u8]> = scts.iter().map(|sct| sct.log_id).collect();
    let known_logs =
        scts.iter().filter_map(|sct| Some((sct.log_id, &known.of(sct)?.name, sct.time)));
    let known_logs: HashMap<_, _> = known_logs.map(|(id, name, time)| (id, (name, time))).collect();
    let mut names: Vec<String> = known_logs
        .values()
        .map(|(name, time)| format!("{name} ({})", envelope::rfc3339(*time)))
        .collect();
    names.sort_unstable();
    let list = format!("Chrome's list of {}", known.date);
    if names.len() >= needed {
        return Check::ok(format!("SCTs of known logs ({list}): {}", sentences_of(&names)));
    }
    let count = format!(
        "{label} holds SCTs of {} logs, {} of them known ({list})",
        logs.len(),
        names.len()
    );
    if logs.len() >= needed {
        return Check::unknown(Code::UnknownLog, format!("{count}; browsers ask for {needed}"));
    }
    Check::failed(Code::TooFewScts, format!("{count}, and browsers ask for {needed}"))
}

fn malformed(label: &str) -> Check {
    Check::unknown(Code::MalformedExtension, format!("the SCTs of {label} cannot be read"))
}

/// The number of logs that browsers ask for.
fn needed(leaf: &Node<'_>) -> usize {
    let validity = leaf.x509().validity();
    let (start, end) = (validity.not_before.to_datetime(), validity.not_after.to_datetime());
    if start >= THREE_SINCE && end - start > THREE_ABOVE { 3 } else { 2 }
}

#[cfg(test)]
mod tests {
    use rcgen::{CertificateParams, CustomExtension, KeyPair};

    use super::*;

    const LIST: &str = r#"{"log_list_timestamp":"2026-08-20T13:34:57Z","operators":[{"name":"First","logs":[
        {"description":"One","log_id":"AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=",
            "state":{"usable":{"timestamp":"2024-01-01T00:00:00Z"}}},
        {"description":"Two","log_id":"AgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgI=",
            "state":{"qualified":{"timestamp":"2024-01-01T00:00:00Z"}}}]},{"name":"Second","logs":[
        {"description":"Three","log_id":"AwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwM=",
            "state":{"retired":{"timestamp":"2026-02-28T00:00:00Z"}}}]}]}"#;

    const JANUARY: OffsetDateTime = datetime!(2026-01-10 0:00 UTC);
    const MARCH: OffsetDateTime = datetime!(2026-03-10 0:00 UTC);

    /// An SCT of the log whose id is this octet again and again.
    fn sct(log: u8, at: OffsetDateTime) -> Vec<u8> {
        let millis = u64::try_from(at.unix_timestamp_nanos() / 1_000_000).unwrap();
        let mut sct = vec![0];
        sct.extend([log; 32]);
        sct.extend(millis.to_be_bytes());
        sct.extend([0, 0, 4, 3, 0, 2, 0x30, 0]);
        sct
    }

    fn vector(content: &[u8]) -> Vec<u8> {
        let length = u16::try_from(content.len()).unwrap();
        [&length.to_be_bytes(), content].concat()
    }

    fn list(scts: &[Vec<u8>]) -> Vec<u8> {
        let scts: Vec<u8> = scts.iter().flat_map(|sct| vector(sct)).collect();
        crate::der::encode(4, &vector(&scts))
    }

    fn certificate(days: i64, extension: Option<(&[u64], Vec<u8>)>) -> Vec<u8> {
        let mut params = CertificateParams::new(vec!["shop.example".to_owned()]).unwrap();
        params.not_before = datetime!(2026-01-01 0:00 UTC);
        params.not_after = params.not_before + Duration::days(days);
        params.custom_extensions = extension
            .map(|(oid, content)| CustomExtension::from_oid_content(oid, content))
            .into_iter()
            .collect();
        params.self_signed(&KeyPair::generate().unwrap()).unwrap().der().to_vec()
    }

    fn code(der: &[u8]) -> String {
        let node = Node::read(der).unwrap();
        check(&node, true, &KnownLogs::read(LIST)).code.into_owned()
    }

    fn code_of(days: i64, scts: &[Vec<u8>]) -> String {
        code(&certificate(days, Some((&SCT_LIST, list(scts)))))
    }

    const SCT_LIST: [u64; 10] = [1, 3, 6, 1, 4, 1, 11_129, 2, 4, 2];
    const POISON: [u64; 10] = [1, 3, 6, 1, 4, 1, 11_129, 2, 4, 3];

    #[test]
    fn as_many_known_logs_as_browsers_ask_for() {
        let [one, two, other] = [1, 2, 9].map(|log| sct(log, MARCH));
        let (before, after) = (sct(3, JANUARY), sct(3, MARCH));
        for (days, scts, expected) in [
            (90, vec![one.clone(), two.clone()], "ok"),
            (180, vec![one.clone(), before.clone()], "ok"),
            (181, vec![one.clone(), two.clone(), before], "ok"),
            (181, vec![one.clone(), two.clone()], "too_few_scts"),
            (90, vec![one.clone()], "too_few_scts"),
            (90, vec![one.clone(), one.clone(), sct(1, JANUARY)], "too_few_scts"),
            (90, vec![one.clone(), other.clone()], "unknown_log"),
            (90, vec![one.clone(), after.clone()], "unknown_log"),
            (90, vec![other], "too_few_scts"),
            (181, vec![one, two, after], "unknown_log"),
        ] {
            assert_eq!(code_of(days, &scts), expected, "{days} {scts:?}");
        }
    }

    #[test]
    fn what_no_log_signs_is_no_sct() {
        let one = sct(1, MARCH);
        for (position, octet) in [(0, 1), (43, 2), (44, 2), (33, 0xFF)] {
            let mut altered = sct(2, MARCH);
            altered[position] = octet;
            assert_eq!(code_of(90, &[one.clone(), altered]), "too_few_scts", "{position}");
        }
    }

    #[test]
    fn what_cannot_be_judged_is_not_failed() {
        assert_eq!(code(&certificate(90, None)), "no_scts");
        for content in [vec![], vec![4, 0], vec![4, 2, 0, 0], vec![4, 3, 0xFF, 0xFF, 0], vec![5, 0]]
        {
            let der = certificate(90, Some((&SCT_LIST, content.clone())));
            assert_eq!(code(&der), "malformed_extension", "{content:?}");
        }
        assert_eq!(code(&certificate(90, Some((&POISON, vec![5, 0])))), "precertificate");
        let private = certificate(90, None);
        let private = check(&Node::read(&private).unwrap(), false, &KnownLogs::read(LIST));
        assert_eq!(private.code, "not_public");
    }

    #[test]
    fn a_timestamp_says_whose_it_is() {
        let scts = [sct(2, MARCH), sct(3, MARCH), sct(9, JANUARY)];
        let der = certificate(90, Some((&SCT_LIST, list(&scts))));
        let found = known_timestamps(&Node::read(&der).unwrap(), &KnownLogs::read(LIST));
        let said = |at: usize| (found[at].log.clone(), found[at].time);
        assert_eq!(said(0), (Some(("Two".to_owned(), "First".to_owned())), MARCH));
        // It was retired by then.
        assert_eq!(said(1), (None, MARCH));
        assert_eq!(said(2), (None, JANUARY));
        assert_eq!(found[2].log_id, BASE64.encode(&[9; 32]));
        assert!(
            known_timestamps(&Node::read(&certificate(90, None)).unwrap(), &KNOWN_LOGS).is_empty()
        );
    }

    /// As many SCTs as a list can hold cost what reading them costs.
    #[test]
    fn a_list_may_be_as_long_as_its_form_allows() {
        let scts: Vec<_> = (0..1100).map(|log| sct((log % 251) as u8, MARCH)).collect();
        assert_eq!(code_of(90, &scts), "ok");
    }

    #[test]
    fn the_list_that_is_compiled_in_can_be_read() {
        let logs = KnownLogs::read(LOG_LIST);
        assert_eq!(logs.by_id.len(), LOG_LIST.matches("\"log_id\"").count());
        assert!(logs.by_id.len() > 40 && logs.by_id.keys().all(|id| id.len() == 32));
        assert_eq!(log_list_date().len(), 10);
    }
}
