use envelope::rfc3339;
use serde_json::{Value, json};

use crate::display::{event_name, whole_seconds};
use crate::installation::{DeadLetter, QueueName};
use crate::table::{Column, Emphasis, SafeText, Table};

/// The columns of dead letters.
pub(crate) const COLUMNS: [Column; 5] = [
    Column { title: "number", width: 6, least: 6 },
    Column { title: "sent", width: 20, least: 20 },
    Column { title: "event", width: 34, least: 14 },
    Column { title: "subject", width: 40, least: 16 },
    Column { title: "queue", width: 10, least: 0 },
];

/// What is shown in place of a challenge's body.
const WITHHELD: &str = "withheld: it may contain the token of a challenge";

/// A dead letter for people.
pub(crate) fn line(table: &Table, dead_letter: &DeadLetter) -> SafeText {
    let DeadLetter { number, queue, kind, subject, sent, event_id, .. } = dead_letter;
    let (sent, kind) = (whole_seconds(*sent), event_name(kind));
    let emphasis = match dead_letter.is_delivered {
        Some(true) => Emphasis::Plain,
        _ => Emphasis::Error,
    };
    let id = event_id.as_ref().map_or_else(String::new, |id| format!("; {id}"));
    let below = format!("{}{id}", reason(dead_letter));
    table.row(emphasis, &[number, &sent, &kind, subject, queue.as_str()], &below)
}

/// The same for programs, without the body.
pub(crate) fn value(dead_letter: &DeadLetter) -> Value {
    json!({
        "number": dead_letter.number, "queue": dead_letter.queue.as_str(),
        "provider": dead_letter.provider, "type": dead_letter.kind, "id": dead_letter.event_id,
        "subject": dead_letter.subject, "receives": dead_letter.receives,
        "sent": rfc3339(dead_letter.sent), "reason": reason(dead_letter),
        "delivered": dead_letter.is_delivered,
    })
}

/// The body without private keys, and without that of a challenge.
pub(crate) fn redacted_body(dead_letter: &DeadLetter) -> String {
    let DeadLetter { body, event_id, is_challenge, .. } = dead_letter;
    // A body that cannot be parsed may be part of a challenge all the same.
    if *is_challenge || (event_id.is_none() && body.contains("challenge")) {
        return WITHHELD.to_owned();
    }
    certificate::redact_json(body)
        .or_else(|| certificate::redact_text(body))
        .map_or_else(|| body.clone(), |(text, _)| text)
}

/// Why it is a dead letter, and whether its event was delivered.
fn reason(dead_letter: &DeadLetter) -> String {
    let DeadLetter { reason, queue, receives, is_challenge, .. } = dead_letter;
    let reason = match (reason.as_str(), queue) {
        ("", QueueName::Events) => format!("received {receives} times and not acknowledged"),
        ("", QueueName::Deliveries) => {
            format!("received {receives} times by the consumer and not deleted")
        }
        (reason, _) => reason.to_owned(),
    };
    match (dead_letter.is_delivered, queue) {
        (Some(true), QueueName::Events) => format!("{reason}; already delivered, safe to drop"),
        (Some(false), QueueName::Events) if !is_challenge => format!("{reason}; not delivered"),
        _ => reason,
    }
}
