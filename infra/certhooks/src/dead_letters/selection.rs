use envelope::Provider;
use time::OffsetDateTime;

use crate::dead_letters::args::Filter;
use crate::error::CommandResult;
use crate::installation::{DeadLetter, QueueName};
use crate::time_parsing::parse_time;

/// The dead letters that a command works on.
#[derive(Default)]
pub(crate) struct Selection {
    pub(crate) queue: Option<QueueName>,
    providers: Vec<Provider>,
    events: Vec<String>,
    ids: Vec<String>,
    subjects: Vec<String>,
    older: Option<OffsetDateTime>,
    newer: Option<OffsetDateTime>,
}

impl Selection {
    /// # Errors
    /// `--older` or `--newer` is not a time.
    pub(crate) fn of(filter: &Filter) -> CommandResult<Self> {
        Ok(Self {
            queue: filter.queue,
            providers: filter.kinds.providers(),
            events: filter.kinds.event.clone(),
            ids: filter.id.clone(),
            subjects: filter.subject.clone(),
            older: filter.older.as_deref().map(|text| parse_time("--older", text)).transpose()?,
            newer: filter.newer.as_deref().map(|text| parse_time("--newer", text)).transpose()?,
        })
    }

    pub(crate) fn of_id(id: &str) -> Self {
        Self { ids: vec![id.to_owned()], ..Self::default() }
    }

    /// Whether a dead letter meets every condition.
    pub(crate) fn includes(&self, dead_letter: &DeadLetter) -> bool {
        let Self { queue, providers, events, ids, subjects, older, newer } = self;
        let is_of = |provider: &Provider| dead_letter.provider == provider.as_str();
        let is_id =
            |id: &String| *id == dead_letter.number || dead_letter.event_id.as_ref() == Some(id);
        let begins = |subject: &String| dead_letter.subject.starts_with(subject.as_str());
        queue.is_none_or(|queue| queue == dead_letter.queue)
            && (providers.is_empty() || providers.iter().any(is_of))
            && (events.is_empty() || events.iter().any(|name| dead_letter.is_type(name)))
            && (ids.is_empty() || ids.iter().any(is_id))
            && (subjects.is_empty() || subjects.iter().any(begins))
            && older.is_none_or(|older| dead_letter.sent < older)
            && newer.is_none_or(|newer| dead_letter.sent >= newer)
    }
}
