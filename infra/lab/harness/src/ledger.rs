use std::collections::BTreeMap;

use anyhow::{Result, ensure};
use envelope::Outcome;
use ports::{CHALLENGES, Claim, DeliveredResult, DeliveryRecord, Item, Ledger};
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
        ensure!(claim == Claim::Recorded(None), "{owner}: {claim:?}");
        ledger.release("delivered", owner).await?;
    }
    Ok(())
}

/// Tests that a record tells what was delivered, to the microsecond.
///
/// # Errors
/// As of [`a_claim_has_one_owner`].
pub async fn a_record_says_what_was_delivered(ledger: &impl Ledger) -> Result<()> {
    let received = OffsetDateTime::from_unix_timestamp_nanos(1_780_000_000_123_456_000)?;
    for (id, outcome, leaf) in [
        ("downloaded", Outcome::Downloaded, Some("ab".repeat(32))),
        ("failed", Outcome::Failed, None),
    ] {
        claim(ledger, id, "a").await?;
        let result = DeliveredResult { received, outcome, leaf };
        let record = DeliveryRecord::id(id, in_seconds(3600));
        ledger.record(DeliveryRecord { result: Some(result.clone()), ..record }).await?;
        let claim = claim(ledger, id, "b").await?;
        ensure!(claim == Claim::Recorded(Some(result)), "{claim:?}");
    }
    Ok(())
}

/// Tests that a forgotten id is as one that was never delivered, and that a claim is not forgotten.
///
/// # Errors
/// As of [`a_claim_has_one_owner`].
pub async fn a_forgotten_id_is_new(ledger: &impl Ledger) -> Result<()> {
    ledger.record(DeliveryRecord::id("forgotten", in_seconds(3600))).await?;
    for _ in 0..2 {
        ledger.forget("forgotten").await?;
    }
    ensure!(claim(ledger, "forgotten", "a").await? == Claim::Granted);
    ledger.forget("forgotten").await?;
    ensure!(is_held(claim(ledger, "forgotten", "b").await?), "a claim was forgotten");
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

/// Tests that the items of a partition are listed in order, as far as is asked, without expired ones.
///
/// # Errors
/// As of [`a_claim_has_one_owner`].
pub async fn items_are_listed_in_order(ledger: &impl Ledger) -> Result<()> {
    let kept_until = now() + Duration::HOUR;
    let item = |partition: &str, sort: &str, value: &str| Item {
        partition: partition.to_owned(),
        sort: sort.to_owned(),
        value: value.to_owned(),
        kept_until,
    };
    let listed = async |between, limit| ledger.items("due", between, limit).await;
    ensure!(listed(None, 10).await?.is_empty());
    for sort in ["b", "c", "a"] {
        ledger.put_item(item("due", sort, "{}")).await?;
    }
    ledger.put_item(item("due", "b", r#"{"again":true}"#)).await?;
    ledger.put_item(item("other", "a", "{}")).await?;
    ledger.put_item(Item { kept_until: in_seconds(-2), ..item("due", "aa", "{}") }).await?;
    let all = ["a", "b", "c"]
        .map(|sort| item("due", sort, if sort == "b" { r#"{"again":true}"# } else { "{}" }));
    ensure!(listed(None, 10).await? == all, "{:?}", listed(None, 10).await?);
    ensure!(listed(None, 2).await? == all[..2]);
    ensure!(listed(Some(("aa", "b")), 10).await? == all[1..2], "the last one belongs to them");
    for _ in 0..2 {
        ledger.delete_item("due", "b").await?;
    }
    ensure!(listed(Some(("a", "bb")), 10).await? == all[..1], "and the first one");
    let put = item("put", "a", "{}");
    for (partition, expected) in [("put", &put), ("due", &all[0])] {
        let listed = ledger.put_and_list(put.clone(), partition, 1).await?;
        ensure!(listed == std::slice::from_ref(expected), "{listed:?}");
    }
    Ok(())
}

/// Tests that the newest tokens of each webhook wait for the operator until they expire or are used.
/// `waiting` reads the tokens of a ledger that has had no challenge yet, in any order.
///
/// # Errors
/// As of [`a_claim_has_one_owner`].
pub async fn a_challenge_waits_until_it_expires(
    ledger: &impl Ledger,
    waiting: impl AsyncFn() -> Vec<String>,
) -> Result<()> {
    let keep = async |webhook: &str, token: String, expires| {
        ledger.keep_challenge(webhook, &SecretString::from(token), expires).await
    };
    keep("8", "of another webhook".into(), in_seconds(1800)).await?;
    keep("9", "expired".into(), in_seconds(-2)).await?;
    // It has not expired, so it stays.
    ledger.end_challenge("8").await?;
    ledger.end_challenge("9").await?;
    let forged = i64::try_from(CHALLENGES)? + 5;
    for number in 0..forged {
        keep("7", format!("token {number}"), in_seconds(1000 + number)).await?;
    }
    // Two that come within a second are two.
    let soon = in_seconds(1600);
    keep("7", "first".into(), soon).await?;
    keep("7", "second".into(), soon + Duration::MILLISECOND).await?;
    let used = in_seconds(1700);
    for _ in 0..2 {
        keep("7", "used".into(), used).await?;
    }
    ledger.delete_challenge("7", used).await?;
    let mut expected: Vec<_> = (8..forged).map(|number| format!("token {number}")).collect();
    expected.extend(["of another webhook", "first", "second"].map(str::to_owned));
    let mut waiting = waiting().await;
    waiting.sort();
    expected.sort();
    ensure!(waiting == expected, "{waiting:?}");
    Ok(())
}
