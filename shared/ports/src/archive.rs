use std::future::Future;

use crate::PortResult;

/// Objects by key: `provider/yyyy/mm/dd/id`, and what was too large for a queue.
pub trait Archive: Send + Sync + 'static {
    /// Keeps `body` under `key` and answers with the object's URI. May be repeated.
    fn put(&self, key: &str, body: Vec<u8>) -> impl Future<Output = PortResult<String>> + Send;
}
