use envelope::{Envelope, Provider};
use providers::interpretation::Interpretation;
use serde_json::Value;
use time::macros::format_description;
use time::{OffsetDateTime, UtcOffset};

use crate::fault::{Fault, Outcome};
use crate::moment::moment;
use crate::replay::args::Replay;

/// By name, as the keys are.
const PROVIDERS: [Provider; 3] = [Provider::Cloudflare, Provider::Digicert, Provider::Meta];

/// Which events of the archive are meant.
#[derive(Clone, Debug)]
pub(crate) struct Choice {
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

impl Choice {
    /// # Errors
    /// Nothing was chosen, or a time cannot be understood.
    pub(crate) fn of(words: &Replay) -> Outcome<Self> {
        let filter = &words.filter;
        if filter.is_empty() && !words.all {
            return Err(Fault::usage(
                "which events? name them with --since, --provider, --event, --id, --order or --hostname, or --all",
            ));
        }
        let providers = filter.kinds.providers();
        let lower = |name: &String| name.trim_end_matches('.').to_lowercase();
        Ok(Self {
            providers: if providers.is_empty() { PROVIDERS.to_vec() } else { providers },
            events: filter.kinds.event.clone(),
            ids: filter.id.clone(),
            orders: filter.order.clone(),
            hostnames: filter.hostname.iter().map(lower).collect(),
            since: filter.since.as_deref().map(|text| moment("--since", text)).transpose()?,
            until: filter.until.as_deref().map(|text| moment("--until", text)).transpose()?,
            after: words.after.clone().unwrap_or_default(),
        })
    }

    /// Prefixes of keys, and the key after which each begins.
    pub(crate) fn ranges(&self) -> Vec<(String, String)> {
        let wanted = PROVIDERS.iter().filter(|provider| self.providers.contains(provider));
        let begin = |provider: &Provider| {
            let prefix = format!("{provider}/");
            let since = self.since.and_then(day).map(|day| format!("{prefix}{day}"));
            let begin = since.unwrap_or_default().max(self.after.clone());
            (prefix, begin)
        };
        // Behind all of its keys, since it was done before.
        wanted.map(begin).filter(|(prefix, begin)| *begin < format!("{prefix}~")).collect()
    }

    /// Whether this key, and with it every later one of its provider, is past the time that is meant.
    pub(crate) fn ends_before(&self, key: &str) -> bool {
        let received = key.split_once('/').map_or("", |(_, rest)| rest);
        let last = self.until.and_then(day);
        last.is_some_and(|last| received.get(..last.len()).is_some_and(|day| day > last.as_str()))
    }

    /// By the key alone; what an event shed into the archive is no event.
    pub(crate) fn may_be(&self, key: &str) -> bool {
        let name = key.rsplit('/').next().unwrap_or_default();
        let is_named = |id: &String| id.replace('/', ".") == name;
        !name.ends_with(".data") && (self.ids.is_empty() || self.ids.iter().any(is_named))
    }

    pub(crate) fn has(&self, envelope: &Envelope, interpretation: &Interpretation) -> bool {
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

/// A whole type, or the end of one: the provider's name of it, or ours.
pub(crate) fn is_type(name: &str, envelope: &Envelope, interpretation: &Interpretation) -> bool {
    let ends = |kind: &str| {
        kind.strip_suffix(name).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
    };
    ends(&envelope.kind) || ends(&interpretation.event) || ends(interpretation.kind.as_str())
}

fn order(interpretation: &Interpretation) -> Option<u64> {
    interpretation.identifiers.get("order_id")?.as_u64()
}

/// Whether an identifier is this name, or the event is about it.
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

/// As it stands in a key; nothing for a year that no key has.
fn day(moment: OffsetDateTime) -> Option<String> {
    let day = format_description!("[year]/[month]/[day]");
    moment.to_offset(UtcOffset::UTC).format(day).ok()
}
