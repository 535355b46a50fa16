use std::future::Future;

use crate::PortResult;

/// Writes objects by key: envelopes at `provider/yyyy/mm/dd/id`, and data that was too large for a
/// queue.
pub trait Archive: Send + Sync + 'static {
    /// Stores `body` at `key`, and returns the object's URI. May be repeated. Another object that has the key
    /// already is kept: as an older version of it, or the new one goes to a [`key_beside`] it.
    fn put(&self, key: &str, body: Vec<u8>) -> impl Future<Output = PortResult<String>> + Send;
}

/// Reads the objects of an [`Archive`], for replays.
pub trait ArchiveReader: Send + Sync + 'static {
    /// One page of the keys below `prefix`, which ends with `/`: those after the key `after`, in
    /// byte order. Empty when there are no more.
    fn list(
        &self,
        prefix: &str,
        after: &str,
    ) -> impl Future<Output = PortResult<Vec<String>>> + Send;

    /// The object. `None` when there is none.
    ///
    /// # Errors
    /// The object cannot be read, or is larger than [`LARGEST_OBJECT`].
    fn get(&self, key: &str) -> impl Future<Output = PortResult<Option<Vec<u8>>>> + Send;
}

/// The key of an object whose own key is another object's already. `hash` is of its content, so that the same
/// object has the same key again.
pub fn key_beside(key: &str, hash: &str) -> String {
    format!("{key}~{hash}")
}

/// The own key and the hash of such a key; `None` for any other.
pub fn split_key(key: &str) -> Option<(&str, &str)> {
    let is_hash =
        |text: &str| text.len() == 16 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    key.rsplit_once('~').filter(|(_, hash)| is_hash(hash))
}

/// Largest object that is read, in bytes. An envelope is smaller than a queue message, and data
/// that was too large for one is not much larger.
pub const LARGEST_OBJECT: u64 = 16 << 20;
