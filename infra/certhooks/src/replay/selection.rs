use envelope::{Envelope, Provider};
use providers::interpretation::Interpretation;
use serde_json::Value;
use time::macros::format_description;
use time::{OffsetDateTime, UtcOffset};

use crate::error::{CommandError, CommandResult};
use crate::replay::args::Replay;
use crate::time_parsing::parse_time;

/// In the order of the archive's keys, which begin with the provider's name.
fn all_providers() -> Vec<Provider> {
    let mut providers = Provider::ALL.to_vec();
    providers.sort_by_key(|provider| provider.as_str());
    providers
}

/// The events of the archive to replay.
#[derive(Clone, Debug)]
pub(crate) struct Selection {
    providers: Vec<Provider>,
    events: Vec<String>,
    ids: Vec<String>,
    orders: Vec<u64>,
    /// In lower case.
    hostnames: Vec<String>,
    since: Option<OffsetDateTime>,
    until: Option<OffsetDateTime>,
    after: String,
}

impl Selection {
    /// # Errors
    /// No event is selected, or `--since` or `--until` is not a time.
    pub(crate) fn of(arguments: &Replay) -> CommandResult<Self> {
        let filter = &arguments.filter;
        if filter.is_empty() && !arguments.all {
            return Err(CommandError::usage(
                "no events are selected; select them with --since, --until, --provider, --event, --id, \
                 --order or --hostname, or use --all",
            ));
        }
        let providers = filter.kinds.providers();
        let lower = |name: &String| name.trim_end_matches('.').to_lowercase();
        Ok(Self {
            providers: if providers.is_empty() { all_providers() } else { providers },
            events: filter.kinds.event.clone(),
            ids: filter.id.clone(),
            orders: filter.order.clone(),
            hostnames: filter.hostname.iter().map(lower).collect(),
            since: filter.since.as_deref().map(|text| parse_time("--since", text)).transpose()?,
            until: filter.until.as_deref().map(|text| parse_time("--until", text)).transpose()?,
            after: arguments.after.clone().unwrap_or_default(),
        })
    }

    /// Prefixes of keys, and for each the key after which to begin.
    pub(crate) fn ranges(&self) -> Vec<(String, String)> {
        let wanted =
            all_providers().into_iter().filter(|provider| self.providers.contains(provider));
        let begin = |provider: Provider| {
            let prefix = format!("{provider}/");
            let since = self.since.and_then(day).map(|day| format!("{prefix}{day}"));
            let begin = since.unwrap_or_default().max(self.after.clone());
            (prefix, begin)
        };
        // A provider whose keys are all before `--after` was replayed by an earlier run.
        wanted.map(begin).filter(|(prefix, begin)| *begin < format!("{prefix}~")).collect()
    }

    /// Whether this key, and with it every later one of its provider, is after `--until`.
    pub(crate) fn ends_before(&self, key: &str) -> bool {
        let received = key.split_once('/').map_or("", |(_, rest)| rest);
        let last = self.until.and_then(day);
        last.is_some_and(|last| received.get(..last.len()).is_some_and(|day| day > last.as_str()))
    }

    /// Whether the object under a key may be a selected event. Offloaded data (`.data`) is not an event.
    pub(crate) fn may_include(&self, key: &str) -> bool {
        let name = key.rsplit('/').next().unwrap_or_default();
        let is_named = |id: &String| id.replace('/', ".") == name;
        !name.ends_with(".data") && (self.ids.is_empty() || self.ids.iter().any(is_named))
    }

    /// Whether an event meets every condition.
    pub(crate) fn includes(&self, envelope: &Envelope, interpretation: &Interpretation) -> bool {
        let received = envelope.receivedtime;
        (self.events.is_empty()
            || self.events.iter().any(|name| is_type(name, envelope, interpretation)))
            && (self.ids.is_empty() || self.ids.contains(&envelope.id))
            && (self.orders.is_empty()
                || order(interpretation).is_some_and(|id| self.orders.contains(&id)))
            && (self.hostnames.is_empty()
                || self.hostnames.iter().any(|name| names(interpretation, name)))
            && self.since.is_none_or(|since| received >= since)
            && self.until.is_none_or(|until| received < until)
    }
}

/// Whether the event's type is `name` or ends with it after a dot, in the provider's or our naming.
pub(crate) fn is_type(name: &str, envelope: &Envelope, interpretation: &Interpretation) -> bool {
    let ends = |kind: &str| {
        kind.strip_suffix(name).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
    };
    ends(&envelope.kind) || ends(&interpretation.event) || ends(interpretation.kind.as_str())
}

fn order(interpretation: &Interpretation) -> Option<u64> {
    interpretation.identifiers.get("order_id")?.as_u64()
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
