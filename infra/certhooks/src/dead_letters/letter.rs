use std::time::Duration;

use embedded::DeadLetter;
use envelope::{Envelope, Provider, rfc3339};
use ports::Outgoing;
use providers::{dispatch, fair_queue};
use serde_json::{Value, json};
use time::OffsetDateTime;

use crate::dead_letters::words::QueueName;
use crate::line::short;

/// What a challenge's body must not show.
const WITHHELD: &str = "withheld: it may hold the token of a challenge";

/// A dead letter, wherever it is.
pub(crate) struct Letter {
    /// Of its row, or of its SQS message.
    pub(crate) number: String,
    pub(crate) queue: QueueName,
    pub(crate) provider: String,
    /// The type of its event.
    pub(crate) kind: String,
    /// Ours, where the envelope can be read.
    other_kind: Option<String>,
    pub(crate) event_id: Option<String>,
    pub(crate) subject: String,
    pub(crate) receives: u32,
    pub(crate) sent: OffsetDateTime,
    pub(crate) body: String,
    /// What the queue, or else the message, says of it.
    pub(crate) reason: String,
    pub(crate) is_challenge: bool,
    /// Whether the ledger has its event as delivered, where it was asked.
    pub(crate) is_delivered: Option<bool>,
}

impl Letter {
    /// One of a state folder.
    pub(crate) fn of_row(row: DeadLetter) -> Self {
        let DeadLetter { id, provider, kind, body, receives, reason, sent, .. } = row;
        let letter = Self::new(id.to_string(), QueueName::Events, body, receives, sent);
        let kind = if letter.kind.is_empty() { kind } else { letter.kind.clone() };
        let reason = match letter.reason.as_str() {
            "" => reason,
            known => format!("{known}; {reason}"),
        };
        Self { provider, kind, reason, ..letter }
    }

    /// What its body says of it.
    pub(crate) fn new(
        number: String,
        queue: QueueName,
        body: String,
        receives: u32,
        sent: OffsetDateTime,
    ) -> Self {
        let mut letter = Self {
            number,
            queue,
            provider: String::new(),
            kind: String::new(),
            other_kind: None,
            event_id: None,
            subject: String::new(),
            receives,
            sent,
            body,
            reason: String::new(),
            is_challenge: false,
            is_delivered: None,
        };
        match queue {
            QueueName::Events => letter.read_envelope(),
            QueueName::Deliveries => letter.read_event(),
        }
        letter
    }

    fn read_envelope(&mut self) {
        let envelope = match serde_json::from_str::<Envelope>(&self.body) {
            Ok(envelope) => envelope,
            // The parser's own text may quote the message.
            Err(error) => {
                let (line, column) = (error.line(), error.column());
                self.reason = format!("it is no envelope: see its line {line}, column {column}");
                return;
            }
        };
        self.is_challenge = dispatch::challenge(&envelope).is_some();
        self.event_id = Some(envelope.id.clone());
        self.kind.clone_from(&envelope.kind);
        match dispatch::interpret(&envelope) {
            Some(interpretation) => {
                self.provider = interpretation.provider.to_string();
                self.subject = interpretation.subject;
                self.other_kind = Some(interpretation.kind.as_str().to_owned());
            }
            None => "its source is none of ours".clone_into(&mut self.reason),
        }
        if self.is_challenge {
            "a challenge, whose token counts for 30 minutes".clone_into(&mut self.reason);
        }
    }

    fn read_event(&mut self) {
        let event: Value = serde_json::from_str(&self.body).unwrap_or_default();
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        self.event_id = event["id"].as_str().map(str::to_owned);
        self.kind = text(&event["type"]);
        self.subject = text(&event["subject"]);
        self.provider = text(&event["data"]["provider"]);
        self.other_kind = event["data"]["event"].as_str().map(str::to_owned);
        if self.event_id.is_none() {
            "it is no certificate event".clone_into(&mut self.reason);
        }
    }

    /// A whole type, or the end of one.
    pub(crate) fn is_type(&self, name: &str) -> bool {
        let ends = |kind: &str| {
            kind.strip_suffix(name).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
        };
        ends(&self.kind) || self.other_kind.as_deref().is_some_and(ends)
    }

    /// Why it is here, and what the ledger knows.
    pub(crate) fn why(&self) -> String {
        let receives = self.receives;
        let why = match (self.reason.as_str(), self.queue) {
            ("", QueueName::Events) => format!("received {receives} times and not acknowledged"),
            ("", QueueName::Deliveries) => {
                format!("received {receives} times by the consumer and not deleted")
            }
            (reason, _) => reason.to_owned(),
        };
        match (self.is_delivered, self.queue) {
            (Some(true), QueueName::Events) => format!("{why}; delivered before, safe to drop"),
            (Some(false), QueueName::Events) if !self.is_challenge => {
                format!("{why}; not delivered")
            }
            _ => why,
        }
    }

    pub(crate) fn line(&self) -> String {
        let sent = rfc3339(self.sent.replace_nanosecond(0).unwrap_or(self.sent));
        let queue = self.queue.as_str();
        let (kind, subject) = (short(&self.kind, 60), short(&self.subject, 45));
        format!("{:<6} {queue:<10} {sent} {kind:<50} {subject:<40} {}", self.number, self.why())
    }

    pub(crate) fn value(&self) -> Value {
        json!({
            "number": self.number, "queue": self.queue.as_str(), "provider": self.provider,
            "type": self.kind, "id": self.event_id, "subject": self.subject,
            "receives": self.receives, "sent": rfc3339(self.sent), "reason": self.why(),
            "delivered": self.is_delivered,
        })
    }

    /// The message, without what nobody may see.
    pub(crate) fn shown(&self) -> String {
        // What cannot be read may be part of a challenge all the same.
        if self.is_challenge || (self.event_id.is_none() && self.body.contains("challenge")) {
            return WITHHELD.to_owned();
        }
        certificate::redact_json(&self.body)
            .or_else(|| certificate::redact_text(&self.body))
            .map_or_else(|| self.body.clone(), |(text, _)| text)
    }

    /// The message that it was, for the events queue of a state folder.
    pub(crate) fn outgoing(&self) -> Option<Outgoing> {
        let provider = Provider::ALL.iter().find(|name| name.as_str() == self.provider)?;
        let envelope = serde_json::from_str::<Envelope>(&self.body).ok();
        let group = envelope.and_then(|envelope| {
            Some(fair_queue::group(&envelope, &dispatch::interpret(&envelope)?))
        });
        Some(Outgoing {
            provider: *provider,
            kind: self.kind.clone(),
            group: group.unwrap_or_else(|| self.provider.clone()),
            body: self.body.clone(),
            delay: Duration::ZERO,
            expires: None,
        })
    }
}

impl QueueName {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Events => "events",
            Self::Deliveries => "deliveries",
        }
    }
}
