use envelope::rfc3339;
use ports::{Entry, History};
use serde_json::{Value, json};
use time::OffsetDateTime;

use crate::display::{clean, event_name, short};

/// A certificate as text: its state and identifiers, then a line for each event.
pub(crate) fn text(history: &History) -> String {
    let mut lines = vec![clean(&history.certificate)];
    let state = history.state.as_ref();
    let state = state.map(|state| format!("{} since {}", kind(&state.kind), time_text(state.time)));
    let serials = serial_numbers(history).join(", ");
    for (what, value) in [
        ("state", Some(state.unwrap_or_else(|| "- (the order of its events is not known)".into()))),
        ("order", identifier(history, "order_id")),
        ("hostname", identifier(history, "hostname")),
        ("serial", Some(serials).filter(|serials| !serials.is_empty())),
        ("not after", not_after(history).map(str::to_owned)),
    ] {
        lines.extend(value.map(|value| format!("  {what:<10} {}", clean(&value))));
    }
    lines.push(columns(["received", "event", "call-back", "delivered", "marks", "id"]));
    lines.extend(history.entries.iter().map(line));
    lines.join("\n")
}

/// A certificate as JSON.
pub(crate) fn value(history: &History) -> Value {
    let state = history
        .state
        .as_ref()
        .map(|state| json!({ "type": state.kind, "id": state.id, "time": rfc3339(state.time) }));
    json!({
        "certificate": history.certificate,
        "state": state,
        "serial_numbers": serial_numbers(history),
        "not_after": not_after(history),
        "history": history.entries,
    })
}

fn line(entry: &Entry) -> String {
    let callback = &entry.callback;
    let reason = callback.reason.map(|reason| format!(" ({reason})")).unwrap_or_default();
    let attempts = match callback.attempts {
        0 | 1 => String::new(),
        more => format!(", {more} attempts"),
    };
    let event = match kind(&entry.kind) {
        "unrecognised" => event_name(&entry.event),
        kind => kind.to_owned(),
    };
    let marks = marks(entry);
    columns([
        &time_text(entry.received),
        &event,
        &format!("{}{reason}{attempts}", callback.outcome),
        &time_text(entry.delivered),
        if marks.is_empty() { "-" } else { &marks },
        &short(&entry.id, 64),
    ])
}

fn columns([received, event, callback, delivered, marks, id]: [&str; 6]) -> String {
    format!("  {received:<20} {event:<32} {callback:<26} {delivered:<20} {marks:<16} {id}")
}

fn marks(entry: &Entry) -> String {
    let marked = |mark: Option<bool>, word: &'static str| mark.filter(|mark| *mark).map(|_| word);
    let marks = [
        entry.ordering.as_deref(),
        marked(entry.reconciled, "reconciled"),
        marked(entry.replayed, "replayed"),
    ];
    marks.into_iter().flatten().collect::<Vec<_>>().join(",")
}

fn kind(kind: &str) -> &str {
    kind.strip_prefix("certhooks.").unwrap_or(kind)
}

/// RFC 3339 in whole seconds.
fn time_text(time: OffsetDateTime) -> String {
    rfc3339(time.replace_nanosecond(0).unwrap_or(time))
}

fn identifier(history: &History, name: &str) -> Option<String> {
    let entry = history.entries.iter().rev().find_map(|entry| entry.identifiers.get(name))?;
    Some(entry.as_str().map_or_else(|| entry.to_string(), str::to_owned))
}

/// The value of the latest event that has one; a stale event counts only where no other has one.
fn latest<'a, T>(history: &'a History, known: impl Fn(&'a Entry) -> Option<T>) -> Option<T> {
    let of = |is_stale: bool| {
        let entries = history.entries.iter().rev();
        entries.filter(move |entry| entry.ordering.is_some() == is_stale).find_map(&known)
    };
    of(false).or_else(|| of(true))
}

fn serial_numbers(history: &History) -> &[String] {
    let known = |entry: &'_ Entry| !entry.serial_numbers.is_empty();
    latest(history, |entry| known(entry).then_some(entry.serial_numbers.as_slice()))
        .unwrap_or_default()
}

fn not_after(history: &History) -> Option<&str> {
    latest(history, |entry| entry.not_after.as_deref())
}
