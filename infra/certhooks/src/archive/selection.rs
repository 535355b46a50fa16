use envelope::{Envelope, Provider};
use ports::split_key;
use providers::interpretation::Interpretation;
use providers::profile;
use serde_json::Value;
use time::macros::format_description;
use time::{OffsetDateTime, UtcOffset};

use crate::archive::Filter;

/// The selected events of the archive.
#[derive(Clone, Debug)]
pub(crate) struct Selection {
    filter: Filter,
    /// In lower case.
    hostnames: Vec<String>,
    after: String,
}

impl Selection {
    /// The events that meet a filter, after this key.
    pub(crate) fn of(filter: Filter, after: Option<&str>) -> Self {
        let lower = |name: &String| name.trim_end_matches('.').to_lowercase();
        let hostnames = filter.hostname.iter().map(lower).collect();
        Self { filter, hostnames, after: after.unwrap_or_default().to_owned() }
    }

    /// Prefixes of keys, and for each the key after which to begin.
    pub(crate) fn ranges(&self) -> Vec<(String, String)> {
        // In the order of the archive's keys, which begin with the provider's name.
        let mut names: Vec<_> = profile::ALL.iter().map(|profile| profile.provider).collect();
        names.retain(|provider| self.filter.kinds.has_provider(|wanted| wanted == *provider));
        names.sort_by_key(|provider| provider.as_str());
        let begin = |provider: Provider| {
            let prefix = format!("{provider}/");
            let since = self.filter.since.and_then(day).map(|day| format!("{prefix}{day}"));
            let begin = since.unwrap_or_default().max(self.after.clone());
            (prefix, begin)
        };
        // A provider whose keys are all before `--after` was replayed by an earlier run.
        names
            .into_iter()
            .map(begin)
            .filter(|(prefix, begin)| *begin < format!("{prefix}~"))
            .collect()
    }

    /// Whether this key, and with it every later one of its provider, is after `--until`.
    pub(crate) fn ends_before(&self, key: &str) -> bool {
        let received = key.split_once('/').map_or("", |(_, rest)| rest);
        let last = self.filter.until.and_then(day);
        last.is_some_and(|last| received.get(..last.len()).is_some_and(|day| day > last.as_str()))
    }

    /// Whether the object under a key may be a selected event.
    pub(crate) fn may_include(&self, key: &str) -> bool {
        let name = key.rsplit('/').next().unwrap_or_default();
        // Several objects may have one id: another event of it, and a true one after a forged one.
        let name = split_key(name).map_or(name, |(name, _)| name);
        let is_named = |id: &String| id.replace('/', ".") == name;
        self.filter.id.is_empty() || self.filter.id.iter().any(is_named)
    }

    /// Whether an event meets every condition.
    pub(crate) fn includes(&self, envelope: &Envelope, interpretation: &Interpretation) -> bool {
        let Filter { kinds, id, order, since, until, .. } = &self.filter;
        let received = envelope.receivedtime;
        let types = [&*envelope.kind, &*interpretation.event, interpretation.kind.as_str()];
        let is_order = || interpretation.number("order_id").is_some_and(|id| order.contains(&id));
        kinds.has_event(&types)
            && (id.is_empty() || id.contains(&envelope.id))
            && (order.is_empty() || is_order())
            && (self.hostnames.is_empty()
                || self.hostnames.iter().any(|name| names(interpretation, name)))
            && since.is_none_or(|since| received >= since)
            && until.is_none_or(|until| received < until)
    }
}

/// Whether an identifier of the event, or the end of its subject, is this hostname or domain.
fn names(interpretation: &Interpretation, name: &str) -> bool {
    let is_it = |text: &str| text.trim_end_matches('.').to_lowercase() == name;
    let holds = |value: &Value| match value {
        Value::String(text) => is_it(text),
        Value::Array(texts) => texts.iter().filter_map(Value::as_str).any(is_it),
        _ => false,
    };
    interpretation.subject.rsplit('/').next().is_some_and(is_it)
        || interpretation.identifiers.values().any(holds)
}

/// The day as it is written in a key; `None` for a year that cannot be written so.
fn day(time: OffsetDateTime) -> Option<String> {
    let day = format_description!("[year]/[month]/[day]");
    time.to_offset(UtcOffset::UTC).format(day).ok()
}
