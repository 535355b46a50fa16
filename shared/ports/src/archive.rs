use std::future::Future;

use crate::PortResult;

/// Objects by key: `provider/yyyy/mm/dd/id`, and what was too large for a queue.
pub trait Archive: Send + Sync + 'static {
    /// Keeps `body` under `key` and answers with the object's URI. May be repeated.
    fn put(&self, key: &str, body: Vec<u8>) -> impl Future<Output = PortResult<String>> + Send;
}

/// The same objects, for those who read them again.
pub trait ArchiveReader: Send + Sync + 'static {
    /// Keys below `prefix`, which ends with `/`, that come after `after`: the next page, in the order of
    /// their bytes; empty when there are no more.
    fn list(
        &self,
        prefix: &str,
        after: &str,
    ) -> impl Future<Output = PortResult<Vec<String>>> + Send;

    /// The object; nothing when there is none.
    ///
    /// # Errors
    /// It cannot be read, or is larger than [`LARGEST_OBJECT`].
    fn get(&self, key: &str) -> impl Future<Output = PortResult<Option<Vec<u8>>>> + Send;
}

/// Bytes. An envelope is smaller than a queue message, and what was too large for one is little more.
pub const LARGEST_OBJECT: u64 = 16 << 20;
