//! Documents in the ledger's table: `pk` is `item#PARTITION`, `sk` the place in it, `value` the JSON. All have
//! `expires_at`.

use aws_sdk_dynamodb::types::AttributeValue;
use ports::{Item, Items, PortResult};
use time::OffsetDateTime;

use crate::error::port_error;
use crate::item::{self, VARIABLE, number, text};
use crate::ledger::DynamoLedger;

impl Items for DynamoLedger {
    async fn put_item(&self, item: Item) -> PortResult<()> {
        let mut stored = key(&item.partition, &item.sort);
        stored.insert("value".into(), text(&item.value));
        stored.insert("expires_at".into(), number(item.kept_until.unix_timestamp().into()));
        self.put(stored).await
    }

    async fn delete_item(&self, partition: &str, sort: &str) -> PortResult<()> {
        self.delete(key(partition, sort)).await
    }

    async fn items(
        &self,
        partition: &str,
        between: Option<(&str, &str)>,
        limit: u32,
    ) -> PortResult<Vec<Item>> {
        let now = OffsetDateTime::now_utc().unix_timestamp();
        let (mut items, mut start) = (Vec::new(), None);
        loop {
            let mut query = self
                .client
                .query()
                .table_name(&self.table)
                .consistent_read(true)
                .key_condition_expression(match between {
                    Some(_) => "pk = :pk AND sk BETWEEN :first AND :last",
                    None => "pk = :pk",
                })
                .filter_expression("expires_at > :now")
                .expression_attribute_values(":pk", text(&partition_key(partition)))
                .expression_attribute_values(":now", number(now.into()))
                .set_exclusive_start_key(start);
            if let Some((first, last)) = between {
                query = query
                    .expression_attribute_values(":first", text(first))
                    .expression_attribute_values(":last", text(last));
            }
            let page = Box::pin(query.send()).await;
            let page = page.map_err(|error| port_error(VARIABLE, "Query", &error))?;
            let read = page.items.unwrap_or_default();
            items.extend(read.iter().filter_map(|stored| read_item(partition, stored)));
            start = page.last_evaluated_key;
            if start.is_none() || items.len() >= limit as usize {
                items.truncate(limit as usize);
                return Ok(items);
            }
        }
    }
}

fn read_item(partition: &str, stored: &item::Item) -> Option<Item> {
    let text = |name: &str| stored.get(name)?.as_s().ok().cloned();
    let seconds = stored.get("expires_at").and_then(|at: &AttributeValue| at.as_n().ok())?;
    Some(Item {
        partition: partition.to_owned(),
        sort: text("sk")?,
        value: text("value")?,
        kept_until: OffsetDateTime::from_unix_timestamp(seconds.parse().ok()?).ok()?,
    })
}

fn partition_key(partition: &str) -> String {
    format!("item#{partition}")
}

fn key(partition: &str, sort: &str) -> item::Item {
    item::Item::from([("pk".into(), text(&partition_key(partition))), ("sk".into(), text(sort))])
}
