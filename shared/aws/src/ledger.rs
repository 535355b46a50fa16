use std::collections::HashMap;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::operation::delete_item::DeleteItemError;
use aws_sdk_dynamodb::operation::delete_item::builders::DeleteItemFluentBuilder;
use aws_sdk_dynamodb::operation::put_item::PutItemError;
use aws_sdk_dynamodb::types::ReturnValuesOnConditionCheckFailure;
use ports::{
    CHALLENGES, CertificateState, Claim, DeliveryRecord, History, Ledger, Ordering, PortError,
    PortResult, WaitingChallenge,
};
use secrecy::{ExposeSecret, SecretString};
use time::{Duration, OffsetDateTime};

use crate::Session;
use crate::error::port_error;
use crate::history::Scanned;
use crate::item::{Item, RECORDED, VARIABLE, event_key, number, text};
use crate::{history, known, record};

/// How long the table keeps an abandoned claim after its lease.
const CLAIM_RETENTION: Duration = Duration::days(1);

/// The id is free, its lease has expired, or the caller holds it. TTL deletion may be days late
/// (DynamoDB, "Using time to live"), so the condition compares the time too.
const MAY_CLAIM: &str = "attribute_not_exists(pk) OR expires_at <= :now \
                         OR (#state = :claimed AND (lease_until <= :now_ms OR #owner = :owner))";
const HOLDS: &str = "#state = :claimed AND #owner = :owner";

const CLAIMED: &str = "claimed";

/// The partition of the challenges.
const CHALLENGE: &str = "challenge#digicert";

/// The ledger in one DynamoDB table.
///
/// An event is `pk` `event#ID`, `sk` `state`, with `state`, `owner` and `lease_until` (milliseconds
/// since 1970), or with what was delivered (`record.rs`). A challenge is `pk` `challenge#digicert`, `sk`
/// the webhook's id, `#` and when it ends (microseconds since 1970), with `token`. Both have `expires_at`
/// (seconds since 1970), after which they are ignored. For certificates see `history.rs`.
pub struct DynamoLedger {
    pub(crate) client: Client,
    pub(crate) table: String,
}

impl DynamoLedger {
    pub fn new(session: &Session, table: impl Into<String>) -> Self {
        Self { client: Client::new(&session.config), table: table.into() }
    }

    /// Returns the challenges that have not expired, the newest of each webhook first.
    ///
    /// # Errors
    /// When the table cannot be read.
    pub async fn challenges(&self) -> PortResult<Vec<WaitingChallenge>> {
        let now = OffsetDateTime::now_utc();
        let items = self.challenge_items("").await?;
        let challenges = items.iter().filter_map(challenge);
        Ok(challenges.filter(|challenge| challenge.expires > now).collect())
    }

    /// The items of the challenges whose sort key begins so, the newest of each webhook first.
    async fn challenge_items(&self, prefix: &str) -> PortResult<Vec<Item>> {
        let mut query = self
            .client
            .query()
            .table_name(&self.table)
            .consistent_read(true)
            .scan_index_forward(false)
            .key_condition_expression("pk = :challenges")
            .expression_attribute_values(":challenges", text(CHALLENGE));
        if !prefix.is_empty() {
            query = query
                .key_condition_expression("pk = :challenges AND begins_with(sk, :prefix)")
                .expression_attribute_values(":prefix", text(prefix));
        }
        let found = Box::pin(query.into_paginator().items().send().collect::<Result<Vec<_>, _>>());
        found.await.map_err(|error| port_error(VARIABLE, "Query", &error))
    }

    pub(crate) async fn delete(&self, key: Item) -> PortResult<()> {
        let delete = self.client.delete_item().table_name(&self.table).set_key(Some(key));
        delete_if(delete).await
    }

    /// Returns the histories of the certificates with these [`aliases`](ports::alias) or names, each
    /// once, in the order of their names.
    ///
    /// # Errors
    /// When the table cannot be read.
    pub async fn histories(&self, names: Vec<String>) -> PortResult<Vec<History>> {
        history::find(&self.client, &self.table, names).await
    }

    /// Returns the histories of all certificates, in no order. Reads the whole table, and calls `on_page` after
    /// each page of it.
    ///
    /// # Errors
    /// When the table cannot be read.
    pub async fn all_histories(&self, on_page: impl Fn(Scanned)) -> PortResult<Vec<History>> {
        history::all(&self.client, &self.table, on_page).await
    }

    /// Writes an item, and replaces an earlier one.
    pub(crate) async fn put(&self, item: Item) -> PortResult<()> {
        let put = self.client.put_item().table_name(&self.table).set_item(Some(item));
        Box::pin(put.send())
            .await
            .map(drop)
            .map_err(|error| port_error(VARIABLE, "PutItem", &error))
    }
}

/// The end is in the key to the microsecond: two tokens may come within one second.
fn challenge(item: &Item) -> Option<WaitingChallenge> {
    let text = |name: &str| item.get(name)?.as_s().ok();
    let (webhook_id, micros) = text("sk")?.rsplit_once('#')?;
    let nanos = micros.parse::<i128>().ok()?.checked_mul(1000)?;
    Some(WaitingChallenge {
        webhook_id: webhook_id.to_owned(),
        token: text("token")?.as_str().into(),
        expires: OffsetDateTime::from_unix_timestamp_nanos(nanos).ok()?,
    })
}

impl Ledger for DynamoLedger {
    /// Deletion may be days late (DynamoDB, "Using time to live").
    const DELETES_LATE: bool = true;

    async fn claim(&self, id: &str, owner: &str, until: OffsetDateTime) -> PortResult<Claim> {
        let now = OffsetDateTime::now_utc();
        let mut item = event_key(id);
        item.insert("state".into(), text(CLAIMED));
        item.insert("owner".into(), text(owner));
        item.insert("lease_until".into(), number(millis(until)));
        item.insert("expires_at".into(), number((until + CLAIM_RETENTION).unix_timestamp().into()));
        let put = self
            .client
            .put_item()
            .table_name(&self.table)
            .set_item(Some(item))
            .condition_expression(MAY_CLAIM)
            .expression_attribute_names("#state", "state")
            .expression_attribute_names("#owner", "owner")
            .expression_attribute_values(":now", number(now.unix_timestamp().into()))
            .expression_attribute_values(":now_ms", number(millis(now)))
            .expression_attribute_values(":claimed", text(CLAIMED))
            .expression_attribute_values(":owner", text(owner))
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
        match Box::pin(put.send()).await {
            Ok(_) => Ok(Claim::Granted),
            Err(error) => match error.as_service_error() {
                Some(PutItemError::ConditionalCheckFailedException(failed)) => {
                    claim_of(failed.item())
                }
                _ => Err(port_error(VARIABLE, "PutItem", &error)),
            },
        }
    }

    async fn advance(&self, state: CertificateState) -> PortResult<Ordering> {
        history::advance(&self.client, &self.table, &state).await
    }

    async fn record(&self, delivery: DeliveryRecord) -> PortResult<()> {
        record::record(&self.client, &self.table, &delivery).await
    }

    async fn release(&self, id: &str, owner: &str) -> PortResult<()> {
        let delete = self
            .client
            .delete_item()
            .table_name(&self.table)
            .set_key(Some(event_key(id)))
            .condition_expression(HOLDS)
            .expression_attribute_names("#state", "state")
            .expression_attribute_names("#owner", "owner")
            .expression_attribute_values(":claimed", text(CLAIMED))
            .expression_attribute_values(":owner", text(owner));
        delete_if(delete).await
    }

    async fn forget(&self, id: &str) -> PortResult<()> {
        let delete = self
            .client
            .delete_item()
            .table_name(&self.table)
            .set_key(Some(event_key(id)))
            .condition_expression("#state = :recorded")
            .expression_attribute_names("#state", "state")
            .expression_attribute_values(":recorded", text(RECORDED));
        delete_if(delete).await
    }

    async fn known(&self, ids: &[String]) -> PortResult<HashMap<String, OffsetDateTime>> {
        known::known(&self.client, &self.table, ids).await
    }

    async fn keep_challenge(
        &self,
        webhook_id: &str,
        token: &SecretString,
        expires: OffsetDateTime,
    ) -> PortResult<()> {
        let mut item = challenge_key(webhook_id, expires);
        item.insert("token".into(), text(token.expose_secret()));
        item.insert("expires_at".into(), number(expires.unix_timestamp().into()));
        self.put(item).await?;
        for old in self.challenge_items(&prefix_of(webhook_id)).await?.into_iter().skip(CHALLENGES)
        {
            self.delete(key_of(old)).await?;
        }
        Ok(())
    }

    async fn delete_challenge(&self, webhook_id: &str, expires: OffsetDateTime) -> PortResult<()> {
        self.delete(challenge_key(webhook_id, expires)).await
    }

    async fn end_challenge(&self, webhook_id: &str) -> PortResult<()> {
        let now = OffsetDateTime::now_utc();
        for item in self.challenge_items(&prefix_of(webhook_id)).await? {
            if challenge(&item).is_none_or(|token| token.expires <= now) {
                self.delete(key_of(item)).await?;
            }
        }
        Ok(())
    }
}

/// The claim or record that refused a claim.
fn claim_of(item: Option<&Item>) -> PortResult<Claim> {
    let unreadable = || {
        PortError(format!("{VARIABLE}: PutItem: a claim was refused because of an unreadable item"))
    };
    let item = item.ok_or_else(unreadable)?;
    match item.get("state").and_then(|state| state.as_s().ok()).map(String::as_str) {
        Some(RECORDED) => Ok(Claim::Recorded(record::result(item))),
        Some(CLAIMED) => {
            let until = item.get("lease_until").and_then(|until| until.as_n().ok());
            let until =
                until.and_then(|until| until.parse::<i128>().ok()).ok_or_else(unreadable)?;
            let until = OffsetDateTime::from_unix_timestamp_nanos(until.saturating_mul(1_000_000));
            Ok(Claim::Held { until: until.map_err(|_| unreadable())? })
        }
        _ => Err(unreadable()),
    }
}

/// Deletes an item if it meets the condition. It is no error when it does not.
async fn delete_if(delete: DeleteItemFluentBuilder) -> PortResult<()> {
    let is_unmet = |error: &DeleteItemError| error.is_conditional_check_failed_exception();
    match Box::pin(delete.send()).await {
        Err(error) if !error.as_service_error().is_some_and(is_unmet) => {
            Err(port_error(VARIABLE, "DeleteItem", &error))
        }
        _ => Ok(()),
    }
}

/// What the sort keys of a webhook's challenges begin with. An event may name no webhook.
fn prefix_of(webhook_id: &str) -> String {
    format!("{}#", if webhook_id.is_empty() { "-" } else { webhook_id })
}

fn challenge_key(webhook_id: &str, expires: OffsetDateTime) -> Item {
    let micros = expires.unix_timestamp_nanos() / 1000;
    let sk = format!("{}{micros}", prefix_of(webhook_id));
    Item::from([("pk".into(), text(CHALLENGE)), ("sk".into(), text(&sk))])
}

/// The key of an item that was read.
fn key_of(mut item: Item) -> Item {
    item.retain(|name, _| name == "pk" || name == "sk");
    item
}

fn millis(time: OffsetDateTime) -> i128 {
    time.unix_timestamp_nanos() / 1_000_000
}
