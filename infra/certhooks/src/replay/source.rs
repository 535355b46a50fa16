use std::sync::Arc;

use data_encoding::HEXLOWER;
use embedded::LocalArchive;
use envelope::Envelope;
use ports::{Archive, ArchiveReader, PortResult};
use ring::digest::{SHA256, digest};

use crate::error::CommandResult;
use crate::replay::installation::Installation;
use crate::stack::StackArchive;

/// The archive of the installation. No object in it is overwritten.
#[derive(Clone)]
pub(crate) enum Source {
    Local(LocalArchive),
    Stack(Arc<StackArchive>),
}

impl Source {
    pub(crate) fn of(installation: &Installation) -> CommandResult<Self> {
        Ok(match installation {
            Installation::Local(state) => Self::Local(state.archive()),
            Installation::Stack(stack) => Self::Stack(Arc::new(stack.archive()?)),
        })
    }

    /// The envelope under a key; `None` when it was deleted in the meantime.
    ///
    /// # Errors
    /// It cannot be read, or is not an envelope. The error does not quote it.
    pub(crate) async fn envelope(&self, key: &str) -> PortResult<Option<Envelope>> {
        let Some(object) = self.get(key).await? else { return Ok(None) };
        let envelope = serde_json::from_slice(&object);
        let unreadable =
            |_| ports::PortError(format!("archive object {key:?} is not a valid envelope"));
        envelope.map(Some).map_err(unreadable)
    }
}

impl ArchiveReader for Source {
    async fn list(&self, prefix: &str, after: &str) -> PortResult<Vec<String>> {
        match self {
            Self::Local(archive) => archive.list(prefix, after).await,
            Self::Stack(archive) => archive.list(prefix, after).await,
        }
    }

    async fn get(&self, key: &str) -> PortResult<Option<Vec<u8>>> {
        match self {
            Self::Local(archive) => archive.get(key).await,
            Self::Stack(archive) => archive.get(key).await,
        }
    }
}

impl Archive for Source {
    /// Stores an event that was offloaded, since it is too large for a queue, under a key of its own: the
    /// `dataref` of the first delivery names the original object with its hash. The envelope is in the
    /// archive already, so it is not stored again.
    async fn put(&self, key: &str, body: Vec<u8>) -> PortResult<String> {
        let Some(event) = key.strip_suffix(".data") else { return Ok(String::new()) };
        let hash = HEXLOWER.encode(digest(&SHA256, &body).as_ref());
        let key = format!("{event}.replayed-{}.data", hash.get(..16).unwrap_or(&hash));
        match self {
            Self::Local(archive) => archive.put(&key, body).await,
            Self::Stack(archive) => archive.put(&key, body).await,
        }
    }
}
