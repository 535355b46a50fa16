use std::sync::Arc;

use data_encoding::HEXLOWER;
use embedded::LocalArchive;
use envelope::Envelope;
use ports::{Archive, ArchiveReader, PortResult};
use ring::digest::{SHA256, digest};

use crate::error::CommandResult;
use crate::replay::Home;
use crate::stack::Objects;

/// The archive. Nothing that is in it is written again.
#[derive(Clone)]
pub(crate) enum Source {
    Local(LocalArchive),
    Stack(Arc<Objects>),
}

impl Source {
    pub(crate) fn of(home: &Home) -> CommandResult<Self> {
        Ok(match home {
            Home::Local(state) => Self::Local(state.archive()),
            Home::Stack(stack) => Self::Stack(Arc::new(stack.archive()?)),
        })
    }

    /// The envelope under a key; nothing when it is gone meanwhile. Its text is in no error.
    pub(crate) async fn envelope(&self, key: &str) -> PortResult<Option<Envelope>> {
        let Some(object) = self.get(key).await? else { return Ok(None) };
        let envelope = serde_json::from_slice(&object);
        let unreadable = |_| ports::PortError(format!("archive object {key:?} is no envelope"));
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
    /// What is too large for a queue gets a key of its own, since the first delivery's `dataref` names the
    /// other one with its hash. The envelope is there already.
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
