use std::future::Future;

use time::OffsetDateTime;

use crate::PortResult;

/// A JSON document that is kept under two keys: a partition, and its place in it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Item {
    pub partition: String,
    /// Items of a partition are listed in the order of this text.
    pub sort: String,
    pub value: String,
    /// When the item expires.
    pub kept_until: OffsetDateTime,
}

/// What certificate transparency and the providers said of certificates, until it can be compared.
pub trait Items: Send + Sync + 'static {
    /// Stores an item in the place of the one with its keys. May be repeated.
    fn put_item(&self, item: Item) -> impl Future<Output = PortResult<()>> + Send;

    /// Deletes an item. Does nothing if there is none.
    fn delete_item(
        &self,
        partition: &str,
        sort: &str,
    ) -> impl Future<Output = PortResult<()>> + Send;

    /// The first items of a partition, or of its part from one place to another one, both included: at most
    /// `limit`, and none that has expired. Every item that was stored before the call is among them.
    fn items(
        &self,
        partition: &str,
        between: Option<(&str, &str)>,
        limit: u32,
    ) -> impl Future<Output = PortResult<Vec<Item>>> + Send;

    /// Stores an item, and then lists the first items of another partition. A store that can do both at once does so.
    fn put_and_list(
        &self,
        item: Item,
        partition: &str,
        limit: u32,
    ) -> impl Future<Output = PortResult<Vec<Item>>> + Send {
        async move {
            self.put_item(item).await?;
            self.items(partition, None, limit).await
        }
    }
}
