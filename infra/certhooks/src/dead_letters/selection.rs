use envelope::Provider;
use time::OffsetDateTime;

use crate::dead_letters::args::{Filter, QueueName};
use crate::fault::Outcome;
use crate::installation::dead_letter::Letter;
use crate::moment::moment;

/// Which dead letters are meant.
#[derive(Default)]
pub(crate) struct Choice {
    pub(crate) queue: Option<QueueName>,
    providers: Vec<Provider>,
    events: Vec<String>,
    ids: Vec<String>,
    subjects: Vec<String>,
    older: Option<OffsetDateTime>,
    newer: Option<OffsetDateTime>,
}

impl Choice {
    /// # Errors
    /// A time cannot be understood.
    pub(crate) fn of(filter: &Filter) -> Outcome<Self> {
        Ok(Self {
            queue: filter.queue,
            providers: filter.kinds.providers(),
            events: filter.kinds.event.clone(),
            ids: filter.id.clone(),
            subjects: filter.subject.clone(),
            older: filter.older.as_deref().map(|text| moment("--older", text)).transpose()?,
            newer: filter.newer.as_deref().map(|text| moment("--newer", text)).transpose()?,
        })
    }

    pub(crate) fn of_id(id: &str) -> Self {
        Self { ids: vec![id.to_owned()], ..Self::default() }
    }

    pub(crate) fn has(&self, letter: &Letter) -> bool {
        let Self { queue, providers, events, ids, subjects, older, newer } = self;
        let is_of = |provider: &Provider| letter.provider == provider.as_str();
        let is_id = |id: &String| *id == letter.number || letter.event_id.as_ref() == Some(id);
        let begins = |subject: &String| letter.subject.starts_with(subject.as_str());
        queue.is_none_or(|queue| queue == letter.queue)
            && (providers.is_empty() || providers.iter().any(is_of))
            && (events.is_empty() || events.iter().any(|name| letter.is_type(name)))
            && (ids.is_empty() || ids.iter().any(is_id))
            && (subjects.is_empty() || subjects.iter().any(begins))
            && older.is_none_or(|older| letter.sent < older)
            && newer.is_none_or(|newer| letter.sent >= newer)
    }
}
