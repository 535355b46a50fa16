use data_encoding::HEXLOWER;
use envelope::{Certificate, Envelope, EventType, Outcome, timestamp};
use ports::DeliveredResult;
use ring::digest::{SHA256, digest};
use time::OffsetDateTime;

/// The hash by which the certificate of such an event is distinguished from another one: its SHA-256. What a log shows
/// may be the certificate or its precertificate, so that there it is the SHA-256 of the TBSCertificate, which
/// both have.
pub(crate) fn distinguishing_hash(kind: EventType, leaf: &Certificate) -> Option<&str> {
    match kind {
        EventType::CtCertificateObserved => leaf.tbs_sha256.as_deref(),
        _ => leaf.fingerprint_sha256.as_deref(),
    }
}

/// What an envelope is whose id was delivered before (infra/docs/architecture.md, "Again, and yet new").
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum Repeat {
    /// The same event, with nothing new in it.
    Duplicate,
    /// The provider sent it again, and the first time nothing came of it.
    Again { id: String },
    /// The provider sent it again, with another certificate than was delivered.
    Conflict { id: String, delivered_leaf: String },
}

impl Repeat {
    /// `leaf` is the [`distinguishing_hash`] of the leaf that came with the event, where a whole chain did.
    ///
    /// Everything here follows from the envelope and the record alone, so that every worker comes to the
    /// same id, after any crash.
    pub(crate) fn of(
        envelope: &Envelope,
        delivered: Option<DeliveredResult>,
        leaf: Option<&str>,
    ) -> Self {
        let Some(delivered) = delivered else { return Self::Duplicate };
        let is_copy = micros(envelope.receivedtime) == micros(delivered.received);
        if is_copy || envelope.reconciled == Some(true) {
            return Self::Duplicate;
        }
        let id = |word| format!("{}/{word}/{}", envelope.id, short_hash(envelope.receivedtime));
        match (delivered.outcome, delivered.leaf, leaf) {
            (Outcome::Failed | Outcome::Gone, ..) => Self::Again { id: id("again") },
            // Nobody was asked the first time, and now a certificate comes along.
            (Outcome::Disabled, None, Some(_)) => Self::Again { id: id("again") },
            (_, Some(delivered_leaf), Some(leaf)) if delivered_leaf != leaf => {
                Self::Conflict { id: id("conflict"), delivered_leaf }
            }
            _ => Self::Duplicate,
        }
    }
}

/// The ledgers and the messages keep microseconds.
fn micros(time: OffsetDateTime) -> i128 {
    time.unix_timestamp_nanos().div_euclid(1000)
}

/// Sixteen hex digits of the SHA-256 of a time of receipt, as the messages write it.
fn short_hash(received: OffsetDateTime) -> String {
    let hash = HEXLOWER.encode(digest(&SHA256, timestamp(received).as_bytes()).as_ref());
    hash.chars().take(16).collect()
}

#[cfg(test)]
mod tests {
    use time::Duration;
    use time::macros::datetime;

    use super::*;

    const FIRST: OffsetDateTime = datetime!(2026-01-01 00:00:00.000001 UTC);

    fn envelope(received: OffsetDateTime) -> Envelope {
        let text = r#"{"specversion":"1.0","id":"1","source":"/digicert/certcentral","type":"t","subject":"s",
            "time":"2026-01-01T00:00:00Z","datacontenttype":"application/json","dataschema":"s",
            "receivedtime":"2026-01-01T00:00:00Z","data":{}}"#;
        Envelope { receivedtime: received, ..serde_json::from_str(text).unwrap() }
    }

    fn delivered(outcome: Outcome, leaf: Option<&str>) -> Option<DeliveredResult> {
        Some(DeliveredResult { received: FIRST, outcome, leaf: leaf.map(str::to_owned) })
    }

    #[test]
    fn only_what_the_provider_sent_again_and_what_differs_is_new() {
        let copy = envelope(FIRST + Duration::nanoseconds(999));
        let later = envelope(FIRST + Duration::microseconds(1));
        let reconciled = Envelope { reconciled: Some(true), ..later.clone() };
        let again = Repeat::Again { id: format!("1/again/{}", short_hash(later.receivedtime)) };
        let conflict = Repeat::Conflict {
            id: format!("1/conflict/{}", short_hash(later.receivedtime)),
            delivered_leaf: "aa".to_owned(),
        };
        for (envelope, delivered, leaf, expected) in [
            (&copy, delivered(Outcome::Failed, None), Some("aa"), &Repeat::Duplicate),
            (&copy, delivered(Outcome::Included, Some("aa")), Some("bb"), &Repeat::Duplicate),
            (&reconciled, delivered(Outcome::Failed, None), None, &Repeat::Duplicate),
            (&reconciled, delivered(Outcome::Included, Some("aa")), Some("bb"), &Repeat::Duplicate),
            (&later, None, Some("bb"), &Repeat::Duplicate),
            (&later, delivered(Outcome::Failed, None), None, &again),
            (&later, delivered(Outcome::Gone, None), Some("bb"), &again),
            (&later, delivered(Outcome::Downloaded, Some("aa")), Some("aa"), &Repeat::Duplicate),
            (&later, delivered(Outcome::Downloaded, Some("aa")), None, &Repeat::Duplicate),
            (&later, delivered(Outcome::Disabled, None), Some("bb"), &again),
            (&later, delivered(Outcome::Disabled, None), None, &Repeat::Duplicate),
            (&later, delivered(Outcome::Downloaded, Some("aa")), Some("bb"), &conflict),
            (&later, delivered(Outcome::Included, Some("aa")), Some("bb"), &conflict),
        ] {
            assert_eq!(
                Repeat::of(envelope, delivered.clone(), leaf),
                *expected,
                "{delivered:?} {leaf:?}"
            );
        }
    }

    #[test]
    fn the_id_of_a_repeat_is_that_of_its_receipt() {
        let same = [short_hash(FIRST), short_hash(FIRST + Duration::nanoseconds(5))];
        assert_eq!(same[0], same[1]);
        assert_eq!(same[0].len(), 16);
        assert_ne!(short_hash(FIRST), short_hash(FIRST + Duration::microseconds(1)));
    }
}
