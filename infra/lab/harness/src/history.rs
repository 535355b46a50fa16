use anyhow::{Result, ensure};
use envelope::{Callback, Outcome, Provider};
use ports::{
    CertificateState, DeliveryRecord, Entry, History, HistoryRecord, Ledger, Ordering, Stages,
    alias,
};
use serde_json::{Map, json};
use time::{Duration, OffsetDateTime};

/// The certificate of the samples.
pub const CERTIFICATE: &str = "digicert/certificate/7";

/// A state of [`CERTIFICATE`]: the event `id`, with its `rank` in the lifecycle of the certificate.
pub fn state(rank: i64, id: &str) -> CertificateState {
    CertificateState {
        certificate: CERTIFICATE.into(),
        rank,
        kind: format!("kind {rank}"),
        id: id.into(),
        time: OffsetDateTime::UNIX_EPOCH + Duration::seconds(rank),
        kept_until: now() + Duration::days(400),
    }
}

/// The event `id` of [`CERTIFICATE`], delivered when it was received, with these `aliases`.
pub fn recorded(id: &str, received: OffsetDateTime, aliases: &[String]) -> DeliveryRecord {
    let kept_until = received + Duration::days(400);
    let callback =
        Callback { outcome: Outcome::Downloaded, reason: None, attempts: 2, status: Some(200) };
    let entry = Entry {
        id: id.into(),
        kind: "certhooks.certificate.issued".into(),
        event: "certificate_issued".into(),
        subject: CERTIFICATE.into(),
        provider: Some(Provider::DIGICERT),
        time: received,
        received,
        delivered: received,
        stages: Some(Stages { queued_ms: 1, called_back_ms: 20, checked_ms: 21 }),
        callback,
        ordering: None,
        reconciled: None,
        replayed: None,
        conflict: None,
        identifiers: Map::from_iter([("order_id".to_owned(), json!(12))]),
        serial_numbers: vec!["0A1B".into()],
        name: Some("www.example.com".into()),
        names: vec!["www.example.com".into(), "example.com".into()],
        key: Some("EC P-256".into()),
        tbs_sha256: Some("7f".repeat(32)),
        issuer: Some("CN=Example CA".into()),
        not_before: Some("2026-07-01T00:00:00Z".into()),
        not_after: Some("2027-01-01T00:00:00Z".into()),
    };
    let aliases = aliases.iter().cloned().collect();
    let history = HistoryRecord { certificate: CERTIFICATE.into(), aliases, entry, kept_until };
    DeliveryRecord { id: id.into(), kept_until, result: None, history: Some(history) }
}

/// The current time in whole seconds, the resolution of ledgers.
pub fn now() -> OffsetDateTime {
    let now = OffsetDateTime::now_utc();
    now.replace_nanosecond(0).unwrap_or(now)
}

/// Tests the state of a certificate on a ledger that has no data of it yet. `found` reads the
/// histories of a name.
///
/// # Errors
/// The ledger behaves differently, or fails.
pub async fn a_state_advances_and_never_goes_back(
    ledger: &impl Ledger,
    found: impl AsyncFn(&str) -> Vec<History>,
) -> Result<()> {
    for (rank, id, expected) in [
        (5, "a", Ordering::Current),
        (5, "a", Ordering::Current),
        (3, "b", Ordering::Stale),
        (9, "c", Ordering::Current),
        (5, "a", Ordering::Stale),
        (9, "c", Ordering::Current),
    ] {
        let ordering = ledger.advance(state(rank, id)).await?;
        ensure!(ordering == expected, "{id} at {rank}: {ordering:?}");
    }
    is_at(&found(CERTIFICATE).await, &state(9, "c"))?;
    let other = CertificateState { certificate: "digicert/certificate/8".into(), ..state(1, "d") };
    ensure!(
        ledger.advance(other).await? == Ordering::Current,
        "each certificate has its own state"
    );
    Ok(())
}

/// Tests the history of a certificate, as [`a_state_advances_and_never_goes_back`] tests the state. `all` reads
/// the histories of all certificates.
///
/// # Errors
/// The ledger behaves differently, or fails.
pub async fn a_history_is_found_by_each_alias(
    ledger: &impl Ledger,
    found: impl AsyncFn(&str) -> Vec<History>,
    all: impl AsyncFn() -> Vec<History>,
) -> Result<()> {
    // More names than one batch of DynamoDB may have.
    let names = (0..40).map(|number| alias::name(&format!("WWW{number}.example.com")));
    let names: Vec<_> = names.chain([alias::order(12), alias::serial("00:0A:1b")]).collect();
    let (received, earlier) = (now(), now() - Duration::hours(1));
    ledger.record(recorded("second", received, &names)).await?;
    ledger.record(recorded("first", earlier, &names[..1])).await?;
    ledger.record(recorded("second", received, &names)).await?;
    ledger.advance(state(5, "second")).await?;

    let whole = found(CERTIFICATE).await;
    ensure!(ids(&whole) == ["first", "second"], "the same event again is one entry: {whole:?}");
    let first = recorded("first", earlier, &[]).history.map(|history| history.entry);
    ensure!(whole[0].entries.first() == first.as_ref(), "the entry is not as recorded: {whole:?}");
    is_at(&whole, &state(5, "second"))?;
    for name in ["order/12", "serial/A1B", "name/www0.example.com", "name/www39.example.com"] {
        ensure!(found(name).await == whole, "{name}");
    }
    ensure!(found("order/13").await.is_empty(), "no certificate has that name");
    let all = all().await;
    let same: Vec<_> = all.iter().filter(|one| one.certificate == CERTIFICATE).collect();
    ensure!(same == [&whole[0]], "among all it is there once: {all:?}");
    Ok(())
}

/// Tests that only the newest entries are read, and that a replay of an event has an entry of its
/// own.
///
/// # Errors
/// The ledger behaves differently, or fails.
pub async fn the_number_of_entries_is_limited_and_a_replay_has_its_own(
    ledger: &impl Ledger,
    found: impl AsyncFn(&str) -> Vec<History>,
) -> Result<()> {
    let (received, count) = (now(), i64::from(History::ENTRIES) + 3);
    let at = |number: i64| received + Duration::seconds(number);
    for number in 0..count {
        ledger.record(recorded(&number.to_string(), at(number), &[])).await?;
    }
    let last = (count - 1).to_string();
    let mut replay = recorded(&last, at(count - 1), &[]);
    if let Some(history) = &mut replay.history {
        history.entry.replayed = Some(true);
    }
    ledger.record(replay).await?;
    let found = found(CERTIFICATE).await;
    let ids = ids(&found);
    ensure!(ids.len() == History::ENTRIES as usize, "{} entries", ids.len());
    ensure!(ids[0] == "4" && ids.ends_with(&[&last, &last]), "not the newest entries: {ids:?}");
    Ok(())
}

fn ids(found: &[History]) -> Vec<&str> {
    found.iter().flat_map(|history| &history.entries).map(|entry| entry.id.as_str()).collect()
}

fn is_at(found: &[History], expected: &CertificateState) -> Result<()> {
    let [History { state: Some(state), .. }] = found else {
        anyhow::bail!("not one history with a state: {found:?}")
    };
    let kept_until = state.kept_until;
    ensure!(*state == CertificateState { kept_until, ..expected.clone() }, "{state:?}");
    Ok(())
}
