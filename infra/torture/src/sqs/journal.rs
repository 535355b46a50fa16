use std::collections::BTreeMap;

/// What went through the proxy for each event, in order: the judge of repeats.
///
/// An event may be published again only when something happened since it was published before, a
/// kill or a lost answer, and only as long as it is not recorded.
#[derive(Debug, Default)]
pub(crate) struct Journal {
    events: BTreeMap<String, Entry>,
    incidents: u64,
    pub(crate) faults: u64,
    /// How often which fault or kill was at which step.
    pub(crate) at: BTreeMap<String, u64>,
    unexplained: Vec<String>,
}

#[derive(Debug, Default)]
struct Entry {
    /// The number of incidents before the last publication.
    published: Option<u64>,
    is_recorded: bool,
}

impl Journal {
    /// A kill, or a fault that may hide from the caller what it did.
    pub(crate) fn incident(&mut self) {
        self.incidents += 1;
    }

    /// Before it is passed on.
    pub(crate) fn publishing(&mut self, id: &str) {
        let entry = self.events.entry(id.to_owned()).or_default();
        if entry.is_recorded {
            self.unexplained.push(format!("{id} was published after it was recorded"));
        } else if entry.published == Some(self.incidents) {
            self.unexplained.push(format!("{id} was published twice, and nothing had happened"));
        }
        entry.published = Some(self.incidents);
    }

    /// After the table has taken it.
    pub(crate) fn recorded(&mut self, id: &str) {
        self.events.entry(id.to_owned()).or_default().is_recorded = true;
    }

    pub(crate) fn count(&mut self, what: String) {
        *self.at.entry(what).or_default() += 1;
    }

    /// Repeats that the contract does not allow for.
    pub(crate) fn unexplained(&self) -> &[String] {
        &self.unexplained
    }
}

#[cfg(test)]
mod tests {
    use super::Journal;

    #[test]
    fn a_repeat_needs_a_reason_and_ends_with_the_record() {
        let mut journal = Journal::default();
        journal.publishing("a");
        journal.incident();
        journal.publishing("a");
        journal.recorded("a");
        assert_eq!(journal.unexplained(), [] as [&str; 0]);
        journal.incident();
        journal.publishing("a");
        journal.publishing("b");
        journal.publishing("b");
        assert_eq!(journal.unexplained().len(), 2, "{journal:?}");
    }
}
