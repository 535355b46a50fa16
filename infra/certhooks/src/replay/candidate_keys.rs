use std::collections::VecDeque;

use ports::ArchiveReader;

use crate::fault::Outcome;
use crate::replay::selection::Choice;
use crate::replay::source::Source;

/// The keys that may hold a chosen event, in order, with no more than a page of them in memory.
pub(crate) struct Keys {
    source: Source,
    choice: Choice,
    /// Prefix, and the key after which the next page begins.
    ranges: VecDeque<(String, String)>,
    page: VecDeque<String>,
}

impl Keys {
    pub(crate) fn new(source: Source, choice: &Choice) -> Self {
        let ranges = choice.ranges().into();
        Self { source, choice: choice.clone(), ranges, page: VecDeque::new() }
    }

    /// # Errors
    /// The archive cannot be listed.
    pub(crate) async fn next(&mut self) -> Outcome<Option<String>> {
        loop {
            while let Some(key) = self.page.pop_front() {
                if self.choice.ends_before(&key) {
                    self.page.clear();
                    self.ranges.pop_front();
                } else if self.choice.may_be(&key) {
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
