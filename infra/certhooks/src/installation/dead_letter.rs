use std::time::Duration;

#[cfg(feature = "aws")]
use aws::SqsDeadLetter;
use clap::ValueEnum;
use envelope::Envelope;
use ports::Outgoing;
use providers::envelope_builder::fair_queue_group;
use providers::{dispatch, profile};
use serde_json::Value;
use time::OffsetDateTime;

/// The queue that a dead letter came from.
#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
pub(crate) enum QueueName {
    /// From the webhook endpoints to the worker
    Events,
    /// From the worker to the consumer
    Deliveries,
}

/// A dead letter as it was received, with what is needed to retry or remove it.
pub(crate) struct ReceivedDeadLetter {
    pub(crate) dead_letter: DeadLetter,
    pub(crate) handle: Handle,
}

/// What an installation needs to retry or remove a dead letter.
pub(crate) enum Handle {
    /// The id of its row in the database of a state folder.
    Row(i64),
    #[cfg(feature = "aws")]
    Message(SqsDeadLetter),
}

impl Handle {
    pub(crate) fn row(&self) -> Option<i64> {
        match self {
            Self::Row(id) => Some(*id),
            #[cfg(feature = "aws")]
            Self::Message(_) => None,
        }
    }
}

/// A message that was received too often, in either installation.
pub(crate) struct DeadLetter {
    /// The number of its row, or the id of its SQS message.
    pub(crate) number: String,
    pub(crate) queue: QueueName,
    /// Empty where neither the message nor its queue names one.
    pub(crate) provider: String,
    /// The type of its event.
    pub(crate) kind: String,
    /// The other name of that type: Certhooks' own for an event, the provider's for a delivery.
    /// `None` where the message cannot be read.
    other_kind: Option<String>,
    pub(crate) event_id: Option<String>,
    pub(crate) subject: String,
    pub(crate) receives: u32,
    pub(crate) sent: OffsetDateTime,
    pub(crate) body: String,
    /// Why it is a dead letter, from the queue or from the message itself; empty where unknown.
    pub(crate) reason: String,
    pub(crate) is_challenge: bool,
    /// Whether the ledger has its event as delivered; `None` where the ledger was not read.
    pub(crate) is_delivered: Option<bool>,
}

impl DeadLetter {
    /// A dead letter of a state folder.
    pub(crate) fn of_row(row: embedded::DeadLetter) -> Self {
        let embedded::DeadLetter { id, provider, kind, body, receives, reason, sent, .. } = row;
        let dead_letter = Self::new(id.to_string(), QueueName::Events, body, receives, sent);
        let kind = if dead_letter.kind.is_empty() { kind } else { dead_letter.kind.clone() };
        let reason = match dead_letter.reason.as_str() {
            "" => reason,
            found => format!("{found}; {reason}"),
        };
        Self { provider, kind, reason, ..dead_letter }
    }

    /// A dead letter, with what its body tells about it.
    pub(crate) fn new(
        number: String,
        queue: QueueName,
        body: String,
        receives: u32,
        sent: OffsetDateTime,
    ) -> Self {
        let mut dead_letter = Self {
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
            QueueName::Events => dead_letter.read_envelope(),
            QueueName::Deliveries => dead_letter.read_event(),
        }
        dead_letter
    }

    fn read_envelope(&mut self) {
        let envelope = match serde_json::from_str::<Envelope>(&self.body) {
            Ok(envelope) => envelope,
            // The parser's own message may quote the body, so it is not shown.
            Err(error) => {
                let (line, column) = (error.line(), error.column());
                self.reason = format!("not a valid envelope (line {line}, column {column})");
                return;
            }
        };
        self.event_id = Some(envelope.id.clone());
        self.kind.clone_from(&envelope.kind);
        match dispatch::interpret(&envelope) {
            Some(interpretation) => {
                self.is_challenge = interpretation.challenge.is_some();
                self.provider = interpretation.provider.to_string();
                self.subject = interpretation.subject;
                self.other_kind = Some(interpretation.kind.as_str().to_owned());
            }
            None => "unknown event source".clone_into(&mut self.reason),
        }
        if self.is_challenge {
            "a challenge, whose token is valid for 30 minutes".clone_into(&mut self.reason);
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
            "not a certificate event".clone_into(&mut self.reason);
        }
    }

    /// The names of its type, Certhooks' and the provider's.
    pub(crate) fn kinds(&self) -> Vec<&str> {
        std::iter::once(self.kind.as_str()).chain(self.other_kind.as_deref()).collect()
    }

    /// The message to put back on the events queue of a state folder; `None` where its provider is unknown.
    pub(crate) fn outgoing(&self) -> Option<Outgoing> {
        let provider = profile::ALL
            .iter()
            .find(|profile| profile.provider.as_str() == self.provider)?
            .provider;
        let envelope = serde_json::from_str::<Envelope>(&self.body).ok();
        let received = envelope.as_ref().map(|envelope| envelope.receivedtime);
        let group = envelope.map(|envelope| fair_queue_group(&envelope.source));
        Some(Outgoing {
            provider,
            kind: self.kind.clone(),
            group: group.unwrap_or_else(|| self.provider.clone()),
            body: self.body.clone(),
            received,
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
