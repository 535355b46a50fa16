use std::collections::HashMap;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::operation::delete_item::DeleteItemError;
use aws_sdk_dynamodb::operation::delete_item::builders::DeleteItemFluentBuilder;
use aws_sdk_dynamodb::operation::put_item::PutItemError;
use aws_sdk_dynamodb::types::{AttributeValue, ReturnValuesOnConditionCheckFailure};
use ports::{
    CertificateState, Claim, DeliveryRecord, History, Ledger, Ordering, PortError, PortResult,
};
use secrecy::{ExposeSecret, SecretString};
use time::{Duration, OffsetDateTime};

use crate::Session;
use crate::fault::fault;
use crate::{history, known, record};

pub(crate) const VARIABLE: &str = "LEDGER_TABLE";

/// An abandoned claim says nothing once its lease is over; the table lets go of it after this.
const CLAIM_KEPT: Duration = Duration::days(1);

/// Nobody holds it, or not any more, or the asker does. TTL deletion is late by up to days
/// (DynamoDB, "Using time to live"), so the time is compared too.
const MAY_CLAIM: &str = "attribute_not_exists(pk) OR expires_at <= :now \
                         OR (#state = :claimed AND (lease_until <= :now_ms OR #owner = :owner))";
const HOLDS: &str = "#state = :claimed AND #owner = :owner";

const CLAIMED: &str = "claimed";
pub(crate) const RECORDED: &str = "recorded";

const CHALLENGES: &str = "challenge#digicert";

pub(crate) type Item = HashMap<String, AttributeValue>;

/// The ledger in one DynamoDB table.
///
/// An event is `pk` `event#ID`, `sk` `state`, with `state`, `owner` and `lease_until` (milliseconds
/// since 1970). A challenge is `pk` `challenge#digicert`, `sk` the webhook's id, with `token`. Both
/// have `expires_at` (seconds since 1970), after which they count for nothing. Certificates: see
/// `history.rs`.
pub struct DynamoLedger {
    client: Client,
    table: String,
}

impl DynamoLedger {
    pub fn new(session: &Session, table: impl Into<String>) -> Self {
        Self { client: Client::new(&session.config), table: table.into() }
    }

    /// The tokens of CertCentral challenges that still can be used.
    ///
    /// # Errors
    /// The table cannot be read.
    pub async fn tokens(&self) -> PortResult<Vec<WaitingToken>> {
        let now = OffsetDateTime::now_utc();
        let query = self
            .client
            .query()
            .table_name(&self.table)
            .consistent_read(true)
            .key_condition_expression("pk = :challenges")
            .expression_attribute_values(":challenges", text(CHALLENGES));
        let found = Box::pin(query.send()).await;
        let found = found.map_err(|error| fault(VARIABLE, "Query", &error))?;
        let tokens = found.items().iter().filter_map(WaitingToken::of);
        Ok(tokens.filter(|token| token.expires > now).collect())
    }

    /// Whatever is known under these [`aliases`](ports::alias) or as these certificates, each once, in
    /// the order of their names.
    ///
    /// # Errors
    /// The table cannot be read.
    pub async fn histories(&self, names: Vec<String>) -> PortResult<Vec<History>> {
        history::find(&self.client, &self.table, names).await
    }

    /// Replaces an item, whatever it was.
    async fn put(&self, item: Item) -> PortResult<()> {
        let put = self.client.put_item().table_name(&self.table).set_item(Some(item));
        Box::pin(put.send()).await.map(drop).map_err(|error| fault(VARIABLE, "PutItem", &error))
    }
}

/// A CertCentral challenge that was not answered.
#[derive(Clone, Debug)]
pub struct WaitingToken {
    pub webhook_id: String,
    pub token: SecretString,
    pub expires: OffsetDateTime,
}

impl WaitingToken {
    fn of(item: &Item) -> Option<Self> {
        let text = |name: &str| item.get(name)?.as_s().ok();
        let expires = item.get("expires_at")?.as_n().ok()?.parse().ok()?;
        Some(Self {
            webhook_id: text("sk")?.clone(),
            token: text("token")?.as_str().into(),
            expires: OffsetDateTime::from_unix_timestamp(expires).ok()?,
        })
    }
}

impl Ledger for DynamoLedger {
    /// By up to days (DynamoDB, "Using time to live").
    const DELETES_LATE: bool = true;

    async fn claim(&self, id: &str, owner: &str, until: OffsetDateTime) -> PortResult<Claim> {
        let now = OffsetDateTime::now_utc();
        let mut item = event(id);
        item.insert("state".into(), text(CLAIMED));
        item.insert("owner".into(), text(owner));
        item.insert("lease_until".into(), number(millis(until)));
        item.insert("expires_at".into(), number((until + CLAIM_KEPT).unix_timestamp().into()));
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
                Some(PutItemError::ConditionalCheckFailedException(held)) => met(held.item()),
                _ => Err(fault(VARIABLE, "PutItem", &error)),
            },
        }
    }

    async fn advance(&self, state: CertificateState) -> PortResult<Ordering> {
        history::advance(&self.client, &self.table, &state).await
    }

    async fn record(&self, recorded: DeliveryRecord) -> PortResult<()> {
        record::record(&self.client, &self.table, &recorded).await
    }

    async fn release(&self, id: &str, owner: &str) -> PortResult<()> {
        let delete = self
            .client
            .delete_item()
            .table_name(&self.table)
            .set_key(Some(event(id)))
            .condition_expression(HOLDS)
            .expression_attribute_names("#state", "state")
            .expression_attribute_names("#owner", "owner")
            .expression_attribute_values(":claimed", text(CLAIMED))
            .expression_attribute_values(":owner", text(owner));
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
        let mut item = challenge(webhook_id);
        item.insert("token".into(), text(token.expose_secret()));
        item.insert("expires_at".into(), number(expires.unix_timestamp().into()));
        self.put(item).await
    }

    async fn end_challenge(&self, webhook_id: &str) -> PortResult<()> {
        let delete = self
            .client
            .delete_item()
            .table_name(&self.table)
            .set_key(Some(challenge(webhook_id)))
            .condition_expression("expires_at <= :now")
            .expression_attribute_values(
                ":now",
                number(OffsetDateTime::now_utc().unix_timestamp().into()),
            );
        delete_if(delete).await
    }
}

/// What a refused claim found in its place.
fn met(item: Option<&Item>) -> PortResult<Claim> {
    let unreadable = || {
        PortError(format!(
            "{VARIABLE}: PutItem: a claim was refused by an item that cannot be read"
        ))
    };
    let item = item.ok_or_else(unreadable)?;
    match item.get("state").and_then(|state| state.as_s().ok()).map(String::as_str) {
        Some(RECORDED) => Ok(Claim::Recorded),
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

/// Deletes an item; one that does not meet the condition stays, and that is no error.
async fn delete_if(delete: DeleteItemFluentBuilder) -> PortResult<()> {
    let refused = |error: &DeleteItemError| error.is_conditional_check_failed_exception();
    match Box::pin(delete.send()).await {
        Err(error) if !error.as_service_error().is_some_and(refused) => {
            Err(fault(VARIABLE, "DeleteItem", &error))
        }
        _ => Ok(()),
    }
}

/// The key of a challenge's item. A key must not be empty.
fn challenge(webhook_id: &str) -> Item {
    let webhook_id = if webhook_id.is_empty() { "-" } else { webhook_id };
    Item::from([("pk".into(), text(CHALLENGES)), ("sk".into(), text(webhook_id))])
}

/// The key of an event's item.
pub(crate) fn event(id: &str) -> Item {
    Item::from([("pk".into(), text(&format!("event#{id}"))), ("sk".into(), text("state"))])
}

pub(crate) fn text(value: &str) -> AttributeValue {
    AttributeValue::S(value.to_owned())
}

pub(crate) fn number(value: i128) -> AttributeValue {
    AttributeValue::N(value.to_string())
}

fn millis(moment: OffsetDateTime) -> i128 {
    moment.unix_timestamp_nanos() / 1_000_000
}
