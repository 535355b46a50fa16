use envelope::rfc3339;
use serde_json::{Value, json};

use crate::display::{clean, event_name, whole_seconds};
use crate::installation::{DeadLetter, QueueName};
use crate::output::{Output, say};
use crate::table::{Column, Emphasis, SafeText, Table};

/// The columns of dead letters.
const COLUMNS: [Column; 5] = [
    Column { title: "number", width: 6, least: 6 },
    Column { title: "sent", width: 20, least: 20 },
    Column { title: "event", width: 34, least: 14 },
    Column { title: "subject", width: 40, least: 16 },
    Column { title: "queue", width: 10, least: 0 },
];

/// What is shown in place of a challenge's body.
const WITHHELD: &str = "withheld: it may contain the token of a challenge";

/// Prints dead letters as they are found.
pub(crate) struct Printer {
    pub(crate) output: Output,
    /// Whether each is followed by its message.
    pub(crate) with_body: bool,
    table: Option<Table>,
}

impl Printer {
    pub(crate) fn new(output: Output, with_body: bool) -> Self {
        Self { output, with_body, table: None }
    }

    pub(crate) fn print(&mut self, dead_letter: &DeadLetter) {
        let Self { output, with_body, table } = self;
        let body = redacted_body(dead_letter);
        if output.json {
            let mut value = value(dead_letter);
            if *with_body {
                value["body"] = serde_json::from_str(&body).unwrap_or_else(|_| json!(body));
            }
            return say!("{value}");
        }
        let table = table.get_or_insert_with(|| {
            let table = Table::new(&COLUMNS);
            output.styled([table.header()]);
            table
        });
        output.styled([line(table, dead_letter)]);
        if *with_body {
            say!("{}", clean(&body));
        }
    }
}

/// A dead letter for people.
fn line(table: &Table, dead_letter: &DeadLetter) -> SafeText {
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
fn value(dead_letter: &DeadLetter) -> Value {
    json!({
        "number": dead_letter.number, "queue": dead_letter.queue.as_str(),
        "provider": dead_letter.provider, "type": dead_letter.kind, "id": dead_letter.event_id,
        "subject": dead_letter.subject, "receives": dead_letter.receives,
        "sent": rfc3339(dead_letter.sent), "reason": reason(dead_letter),
        "delivered": dead_letter.is_delivered,
    })
}

/// The body without private keys, and without that of a challenge.
fn redacted_body(dead_letter: &DeadLetter) -> String {
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
pub(crate) fn reason(dead_letter: &DeadLetter) -> String {
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
