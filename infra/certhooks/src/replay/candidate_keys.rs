use std::collections::VecDeque;

use ports::ArchiveReader;

use crate::error::CommandResult;
use crate::replay::selection::Selection;
use crate::replay::source::Source;

/// The keys that may hold a selected event, in order, with at most one page of them in memory.
pub(crate) struct CandidateKeys {
    source: Source,
    selection: Selection,
    /// Prefixes of keys, and for each the key after which the next page begins.
    ranges: VecDeque<(String, String)>,
    page: VecDeque<String>,
}

impl CandidateKeys {
    pub(crate) fn new(source: Source, selection: &Selection) -> Self {
        let ranges = selection.ranges().into();
        Self { source, selection: selection.clone(), ranges, page: VecDeque::new() }
    }

    /// The next key; `None` when there are no more.
    ///
    /// # Errors
    /// The archive cannot be listed.
    pub(crate) async fn next(&mut self) -> CommandResult<Option<String>> {
        loop {
            while let Some(key) = self.page.pop_front() {
                if self.selection.ends_before(&key) {
                    self.page.clear();
                    self.ranges.pop_front();
                } else if self.selection.may_include(&key) {
                    return Ok(Some(key));
                }
            }
            let Some((prefix, after)) = self.ranges.front_mut() else { return Ok(None) };
            self.page = self.source.list(prefix, after).await?.into();
            match self.page.back() {
                Some(last) => last.clone_into(after),
                None => drop(self.ranges.pop_front()),
            }
        }
    }
}
