use std::collections::VecDeque;
use std::sync::Arc;

use envelope::Envelope;
use ports::{PortError, PortResult};
use providers::dispatch;
use providers::interpretation::Interpretation;
use time::OffsetDateTime;

use crate::archive::{Filter, Selection};
use crate::error::CommandResult;
use crate::installation::{AnyArchive, Installation};

/// The archive of the installation, and which of its events are selected.
#[derive(Clone)]
pub(crate) struct Source {
    pub(crate) archive: Arc<dyn AnyArchive>,
    pub(crate) selection: Selection,
}

impl Source {
    /// The archive as the source of one event. With the time of its receipt it is found at once.
    ///
    /// # Errors
    /// The archive cannot be opened.
    pub(crate) fn of_one(
        installation: &dyn Installation,
        id: &str,
        received: Option<OffsetDateTime>,
    ) -> PortResult<Self> {
        let until = received.map(|received| received + time::Duration::seconds(1));
        let filter =
            Filter { id: vec![id.to_owned()], since: received, until, ..Filter::default() };
        Ok(Self { archive: installation.archive()?, selection: Selection::of(filter, None) })
    }

    /// The first selected event; `None` where there is none.
    ///
    /// # Errors
    /// The archive cannot be read.
    pub(crate) async fn first(&self) -> CommandResult<Option<Envelope>> {
        let mut keys = self.keys();
        while let Some(key) = keys.next().await? {
            if let Some((envelope, _)) = self.selected(&key).await? {
                return Ok(Some(envelope));
            }
        }
        Ok(None)
    }

    /// The event under a key with what it means; `None` where it is not selected, or was deleted in the
    /// meantime.
    ///
    /// # Errors
    /// It cannot be read, or is not an envelope. The error does not quote it.
    pub(crate) async fn selected(
        &self,
        key: &str,
    ) -> PortResult<Option<(Envelope, Interpretation)>> {
        let Some(object) = self.archive.get(key).await? else { return Ok(None) };
        let envelope = serde_json::from_slice::<Envelope>(&object);
        let unreadable = |_| PortError(format!("archive object {key:?} is not a valid envelope"));
        let envelope = envelope.map_err(unreadable)?;
        let interpretation = dispatch::interpret(&envelope).filter(|interpretation| {
            interpretation.challenge.is_none() && self.selection.includes(&envelope, interpretation)
        });
        Ok(interpretation.map(|interpretation| (envelope, interpretation)))
    }

    /// The keys that may hold a selected event.
    pub(crate) fn keys(&self) -> CandidateKeys {
        let ranges = self.selection.ranges().into();
        CandidateKeys { source: self.clone(), ranges, page: VecDeque::new() }
    }
}

/// The keys that may hold a selected event, in order, with at most one page of them in memory.
pub(crate) struct CandidateKeys {
    source: Source,
    /// Prefixes of keys, and for each the key after which the next page begins.
    ranges: VecDeque<(String, String)>,
    page: VecDeque<String>,
}

impl CandidateKeys {
    /// The next key; `None` when there are no more.
    ///
    /// # Errors
    /// The archive cannot be listed.
    pub(crate) async fn next(&mut self) -> CommandResult<Option<String>> {
        loop {
            while let Some(key) = self.page.pop_front() {
                if self.source.selection.ends_before(&key) {
                    self.page.clear();
                    self.ranges.pop_front();
                } else if self.source.selection.may_include(&key) {
                    return Ok(Some(key));
                }
            }
            let Some((prefix, after)) = self.ranges.front_mut() else { return Ok(None) };
            self.page = self.source.archive.list(prefix, after).await?.into();
            match self.page.back() {
                Some(last) => last.clone_into(after),
                None => drop(self.ranges.pop_front()),
            }
        }
    }
}
