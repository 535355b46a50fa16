use std::collections::BTreeMap;

use anyhow::{Result, ensure};
use ports::{Claim, DeliveryRecord, Ledger};
use secrecy::SecretString;
use time::{Duration, OffsetDateTime};

use crate::history::now;

/// The end of a lease, or of a retention, that begins now. A negative number has ended already.
fn in_seconds(seconds: i64) -> OffsetDateTime {
    OffsetDateTime::now_utc() + Duration::seconds(seconds)
}

async fn claim(ledger: &impl Ledger, id: &str, owner: &str) -> Result<Claim> {
    Ok(ledger.claim(id, owner, in_seconds(180)).await?)
}

fn is_held(claim: Claim) -> bool {
    matches!(claim, Claim::Held { .. })
}

/// Tests that an id has one owner at a time, and that only the owner releases it. Each test of this
/// module uses ids of its own, so one ledger will do for all.
///
/// # Errors
/// The ledger behaves differently, or fails.
pub async fn a_claim_has_one_owner(ledger: &impl Ledger) -> Result<()> {
    ensure!(claim(ledger, "owned", "a").await? == Claim::Granted);
    ensure!(claim(ledger, "owned", "a").await? == Claim::Granted, "the owner may claim it again");
    ensure!(is_held(claim(ledger, "owned", "b").await?), "it has two owners");
    ensure!(claim(ledger, "another", "b").await? == Claim::Granted, "each id has its own claim");

    ledger.release("owned", "b").await?;
    ensure!(is_held(claim(ledger, "owned", "b").await?), "released by another than its owner");
    ledger.release("owned", "a").await?;
    ensure!(claim(ledger, "owned", "b").await? == Claim::Granted, "it was not released");
    ledger.release("never claimed", "a").await?;
    Ok(())
}

/// Tests that a refused claim says when the lease of the holder ends.
///
/// # Errors
/// As of [`a_claim_has_one_owner`].
pub async fn a_refused_claim_names_the_end_of_the_lease(ledger: &impl Ledger) -> Result<()> {
    let until = in_seconds(180);
    ledger.claim("held", "a", until).await?;
    let Claim::Held { until: end } = claim(ledger, "held", "b").await? else {
        anyhow::bail!("it has two owners");
    };
    // The resolution of DynamoDB's items is a millisecond.
    ensure!((end - until).abs() < Duration::milliseconds(2), "{end}, not {until}");
    Ok(())
}

/// Tests that an ended lease is as good as none.
///
/// # Errors
/// As of [`a_claim_has_one_owner`].
pub async fn a_lease_ends(ledger: &impl Ledger) -> Result<()> {
    ensure!(ledger.claim("leased", "a", in_seconds(-1)).await? == Claim::Granted);
    ensure!(claim(ledger, "leased", "b").await? == Claim::Granted, "the lease has ended");
    ensure!(is_held(claim(ledger, "leased", "a").await?), "it has two owners");
    Ok(())
}

/// Tests that a recorded id is never granted again, neither to its owner nor after a release.
///
/// # Errors
/// As of [`a_claim_has_one_owner`].
pub async fn a_recorded_id_stays_recorded(ledger: &impl Ledger) -> Result<()> {
    claim(ledger, "delivered", "a").await?;
    for _ in 0..2 {
        ledger.record(DeliveryRecord::id("delivered", in_seconds(3600))).await?;
    }
    for owner in ["a", "b", "a"] {
        let claim = claim(ledger, "delivered", owner).await?;
        ensure!(claim == Claim::Recorded, "{owner}: {claim:?}");
        ledger.release("delivered", owner).await?;
    }
    Ok(())
}

/// Tests that recorded ids are found among many, and no others. There are more than DynamoDB reads in
/// one batch, and one twice, which it refuses within a batch.
///
/// # Errors
/// As of [`a_claim_has_one_owner`].
pub async fn recorded_ids_are_known(ledger: &impl Ledger) -> Result<()> {
    let kept_until = now() + Duration::HOUR;
    claim(ledger, "id-7", "a").await?;
    ledger.record(DeliveryRecord::id("id-0", in_seconds(-2))).await?;
    for id in ["id-99", "id-100", "id-249"] {
        ledger.record(DeliveryRecord::id(id, kept_until)).await?;
    }
    let mut ids: Vec<_> = (0..250).map(|number| format!("id-{number}")).collect();
    ids.push("id-99".to_owned());
    let known: BTreeMap<_, _> = ledger.known(&ids).await?.into_iter().collect();
    let expected = ["id-99", "id-100", "id-249"].map(|id| (id.to_owned(), kept_until));
    ensure!(known == BTreeMap::from(expected), "neither claimed nor expired ones: {known:?}");
    ensure!(ledger.known(&[]).await?.is_empty());
    Ok(())
}

/// Tests that the newest token of each webhook waits for the operator until it expires. `waiting` reads
/// the webhook ids and tokens of a ledger that has had no challenge yet.
///
/// # Errors
/// As of [`a_claim_has_one_owner`].
pub async fn a_challenge_waits_until_it_expires(
    ledger: &impl Ledger,
    waiting: impl AsyncFn() -> BTreeMap<String, String>,
) -> Result<()> {
    let half_an_hour = in_seconds(1800);
    for (webhook, token, expires) in [
        ("7", "replaced", half_an_hour),
        ("7", "newer", half_an_hour),
        ("8", "of another webhook", half_an_hour),
        ("9", "expired", in_seconds(-2)),
    ] {
        ledger.keep_challenge(webhook, &SecretString::from(token), expires).await?;
    }
    // It has not expired, so it stays.
    ledger.end_challenge("8").await?;
    ledger.end_challenge("9").await?;
    let expected = [("7", "newer"), ("8", "of another webhook")];
    let expected = expected.map(|(webhook, token)| (webhook.to_owned(), token.to_owned()));
    let waiting = waiting().await;
    ensure!(waiting == BTreeMap::from(expected), "{:?}", waiting.keys());
    Ok(())
}
