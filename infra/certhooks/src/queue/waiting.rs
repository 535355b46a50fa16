use embedded::{WaitingMessage, WaitingState};
use envelope::{Envelope, rfc3339};
use ports::alias;
use providers::interpretation::number;
use providers::profile;
use serde_json::{Value, json};
use time::OffsetDateTime;

use crate::display::{event_name, whole_seconds};
use crate::table::{Column, Emphasis, SafeText, Table};

/// The columns of waiting events.
pub(crate) const COLUMNS: [Column; 5] = [
    Column { title: "next try", width: 20, least: 20 },
    Column { title: "reason", width: 24, least: 16 },
    Column { title: "tries", width: 5, least: 5 },
    Column { title: "event", width: 34, least: 14 },
    Column { title: "subject", width: 45, least: 16 },
];

/// An event that waits on the events queue.
pub(crate) struct WaitingEvent {
    pub(crate) message: WaitingMessage,
    /// `None` for a message that is no envelope, and for a challenge.
    envelope: Option<Envelope>,
}

impl WaitingEvent {
    pub(crate) fn of(message: WaitingMessage) -> Self {
        let envelope =
            message.body.as_deref().and_then(|body| serde_json::from_str::<Envelope>(body).ok());
        Self { message, envelope }
    }

    pub(crate) fn id(&self) -> Option<&str> {
        self.envelope.as_ref().map(|envelope| envelope.id.as_str())
    }

    /// The names by which `certhooks status` finds it: its id and subject, and what it says of its certificate.
    pub(crate) fn names(&self) -> Vec<String> {
        let Some(envelope) = &self.envelope else { return Vec::new() };
        let row = profile::ALL.iter().find(|row| row.provider.as_str() == self.message.provider);
        let Some(row) = row else { return Vec::new() };
        let interpretation = row.interpretation_of(envelope);
        let identifiers = &interpretation.identifiers;
        let text = |name: &str| identifiers.get(name).and_then(Value::as_str);
        let lifecycle = row.lifecycle_of(envelope, &interpretation);
        let certificate = lifecycle.map(|lifecycle| lifecycle.certificate);
        let order = number(identifiers, "order_id").map(alias::order);
        let mut names = vec![envelope.id.clone(), interpretation.subject.clone()];
        names.extend(text("certificate_id").map(str::to_owned));
        names.extend(text("hostname").map(alias::name));
        names.extend(order.into_iter().chain(certificate));
        names
    }

    /// What it is about; `None` for a message that is no envelope, and for a challenge.
    pub(crate) fn subject(&self) -> Option<&str> {
        self.envelope.as_ref().map(|envelope| envelope.subject.as_str())
    }

    pub(crate) fn received(&self) -> Option<OffsetDateTime> {
        self.envelope.as_ref().map(|envelope| envelope.receivedtime)
    }

    /// Why it is not done yet.
    pub(crate) fn reason(&self) -> String {
        let receives = self.message.receives;
        let of_retry = self.envelope.as_ref().and_then(|envelope| envelope.retryreason.clone());
        match self.message.state {
            // A receive that ended without an acknowledgement is a fault of ours, which the log names.
            _ if receives > 1 => format!("received {receives} times"),
            WaitingState::InFlight => "in progress".to_owned(),
            WaitingState::Visible => "due".to_owned(),
            WaitingState::Delayed => of_retry.unwrap_or_else(|| "delayed".to_owned()),
        }
    }

    pub(crate) fn attempts(&self) -> u32 {
        self.envelope.as_ref().map_or(0, |envelope| envelope.attempts)
    }

    /// A line for people.
    pub(crate) fn line(&self, table: &Table) -> SafeText {
        let message = &self.message;
        let next = match message.state {
            WaitingState::Delayed => whole_seconds(message.visible),
            _ => "now".to_owned(),
        };
        let emphasis = match message.state {
            _ if message.receives > 1 => Emphasis::Error,
            WaitingState::Delayed => Emphasis::Warning,
            _ => Emphasis::Plain,
        };
        let event = event_name(&message.kind);
        let cells = [
            &next,
            &self.reason(),
            &self.attempts().to_string(),
            &event,
            self.subject().unwrap_or("-"),
        ];
        table.row(emphasis, &cells, self.id().unwrap_or("-"))
    }

    /// The same for programs.
    pub(crate) fn value(&self) -> Value {
        let message = &self.message;
        let state = match message.state {
            WaitingState::Visible => "visible",
            WaitingState::Delayed => "delayed",
            WaitingState::InFlight => "in_flight",
        };
        let next: Option<OffsetDateTime> =
            Some(message.visible).filter(|_| message.state == WaitingState::Delayed);
        json!({
            "id": self.id(), "provider": message.provider, "type": message.kind,
            "subject": self.subject(),
            "state": state, "reason": self.reason(), "attempts": self.attempts(),
            "receives": message.receives, "received": self.received().map(rfc3339), "next_try": next.map(rfc3339),
        })
    }
}
