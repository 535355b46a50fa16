use anyhow::{Result, ensure};
use envelope::{Callback, Outcome};
use ports::{
    CertificateState, DeliveryRecord, Entry, History, HistoryRecord, Ledger, Ordering, alias,
};
use serde_json::{Map, json};
use time::{Duration, OffsetDateTime};

/// What the samples are about.
pub const CERTIFICATE: &str = "digicert/certificate/7";

/// A state of [`CERTIFICATE`]: the event `id`, at its `rank` in the life of the certificate.
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

/// The event `id` of [`CERTIFICATE`], delivered as it was received, found by `aliases`.
pub fn recorded(id: &str, received: OffsetDateTime, aliases: &[String]) -> DeliveryRecord {
    let kept_until = received + Duration::days(400);
    let callback =
        Callback { outcome: Outcome::Downloaded, reason: None, attempts: 2, status: Some(200) };
    let entry = Entry {
        id: id.into(),
        kind: "certhooks.certificate.issued".into(),
        event: "certificate_issued".into(),
        subject: CERTIFICATE.into(),
        time: received,
        received,
        delivered: received,
        callback,
        ordering: None,
        reconciled: None,
        replayed: None,
        identifiers: Map::from_iter([("order_id".to_owned(), json!(12))]),
        serial_numbers: vec!["0A1B".into()],
        not_after: Some("2027-01-01T00:00:00Z".into()),
    };
    let aliases = aliases.iter().cloned().collect();
    let told = HistoryRecord { certificate: CERTIFICATE.into(), aliases, entry, kept_until };
    DeliveryRecord { id: id.into(), kept_until, history: Some(told) }
}

/// The time in whole seconds, as ledgers keep it.
pub fn now() -> OffsetDateTime {
    let now = OffsetDateTime::now_utc();
    now.replace_nanosecond(0).unwrap_or(now)
}

/// What a ledger promises of a certificate's state, checked on one that knows nothing of it yet.
/// `found` reads the histories of a name.
///
/// # Errors
/// The promise that is not kept, or a fault of the ledger.
pub async fn a_state_advances_and_never_goes_back(
    ledger: &impl Ledger,
    found: impl AsyncFn(&str) -> Vec<History>,
) -> Result<()> {
    for (rank, id, wanted) in [
        (5, "a", Ordering::Current),
        (5, "a", Ordering::Current),
        (3, "b", Ordering::Stale),
        (9, "c", Ordering::Current),
        (5, "a", Ordering::Stale),
        (9, "c", Ordering::Current),
    ] {
        let standing = ledger.advance(state(rank, id)).await?;
        ensure!(standing == wanted, "{id} at {rank}: {standing:?}");
    }
    is_at(&found(CERTIFICATE).await, &state(9, "c"))?;
    let other = CertificateState { certificate: "digicert/certificate/8".into(), ..state(1, "d") };
    ensure!(ledger.advance(other).await? == Ordering::Current, "each certificate has its own");
    Ok(())
}

/// What a ledger promises of a certificate's events, checked as above.
///
/// # Errors
/// As above.
pub async fn a_history_is_found_by_each_alias(
    ledger: &impl Ledger,
    found: impl AsyncFn(&str) -> Vec<History>,
) -> Result<()> {
    // More than one batch of DynamoDB's takes.
    let names = (0..40).map(|number| alias::name(&format!("WWW{number}.example.com")));
    let names: Vec<_> = names.chain([alias::order(12), alias::serial("00:0A:1b")]).collect();
    let (received, earlier) = (now(), now() - Duration::hours(1));
    ledger.record(recorded("second", received, &names)).await?;
    ledger.record(recorded("first", earlier, &names[..1])).await?;
    ledger.record(recorded("second", received, &names)).await?;
    ledger.advance(state(5, "second")).await?;

    let whole = found(CERTIFICATE).await;
    ensure!(ids(&whole) == ["first", "second"], "the same event again is one line: {whole:?}");
    let first = recorded("first", earlier, &[]).history.map(|told| told.entry);
    ensure!(whole[0].entries.first() == first.as_ref(), "as it was recorded: {whole:?}");
    is_at(&whole, &state(5, "second"))?;
    for name in ["order/12", "serial/A1B", "name/www0.example.com", "name/www39.example.com"] {
        ensure!(found(name).await == whole, "{name}");
    }
    ensure!(found("order/13").await.is_empty(), "nobody has that name");
    Ok(())
}

/// Only the newest are read, however many there are; a replay of an event is a line of its own.
///
/// # Errors
/// As above.
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
    if let Some(told) = &mut replay.history {
        told.entry.replayed = Some(true);
    }
    ledger.record(replay).await?;
    let found = found(CERTIFICATE).await;
    let ids = ids(&found);
    ensure!(ids.len() == History::ENTRIES as usize, "{} of them", ids.len());
    ensure!(ids[0] == "4" && ids.ends_with(&[&last, &last]), "the newest: {ids:?}");
    Ok(())
}

fn ids(found: &[History]) -> Vec<&str> {
    found.iter().flat_map(|history| &history.entries).map(|entry| entry.id.as_str()).collect()
}

fn is_at(found: &[History], wanted: &CertificateState) -> Result<()> {
    let [History { state: Some(state), .. }] = found else {
        anyhow::bail!("not one history with a state: {found:?}")
    };
    let kept_until = state.kept_until;
    ensure!(*state == CertificateState { kept_until, ..wanted.clone() }, "{state:?}");
    Ok(())
}
