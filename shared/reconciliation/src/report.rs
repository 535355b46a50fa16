use std::fmt;

use envelope::Provider;
use serde::Serialize;
use time::{Date, OffsetDateTime};

use crate::figure::Figure;

/// The result of one run.
#[derive(Debug)]
pub struct Report {
    pub provider: Provider,
    /// How far back the run looked, in whole minutes.
    pub window_minutes: u32,
    /// Whether nothing was put on the queue; `recovered` then counts what would have been.
    pub is_dry_run: bool,
    pub counts: Counts,
    /// The events that were not delivered, oldest first.
    pub rows: Vec<Row>,
    /// The sources that the run could not use.
    pub notes: Vec<String>,
    /// What became of the events of a whole day, once for each day.
    pub figure: Option<Figure>,
    /// Why a part of the window was not read or not recovered; `None` when the run is complete.
    pub left: Option<String>,
}

/// The number of events, each counted once. `seen` is the sum of the other four.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq, Serialize)]
pub struct Counts {
    /// In the event log, or among the status changes of the window.
    pub seen: usize,
    /// Delivered to consumers, or answered with 2xx within the last hour, or before the ledger's record begins.
    pub known: usize,
    /// Put on the events queue by this run.
    pub recovered: usize,
    /// Put on the queue by another run within the last hour, and not delivered yet.
    pub waiting: usize,
    /// Put on the queue earlier and not delivered yet, or not put there because of an error.
    pub still_missing: usize,
}

/// An event that did not arrive.
#[derive(Debug)]
pub struct Row {
    pub id: String,
    /// The provider's name of the event.
    pub event: String,
    pub subject: String,
    /// When the provider sent it; `None` when it did not.
    pub sent: Option<OffsetDateTime>,
    /// The day to whose figure it counts.
    pub(crate) day: Option<Date>,
    pub cause: Cause,
    pub status: RecoveryStatus,
}

/// Why an event did not arrive.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Cause {
    /// The status code in the log; `None` when there was no answer. A 2xx was somebody else's, or the event was
    /// lost after it.
    Answered(Option<u16>),
    /// The order has this status, and the log shows no event for it: the certificate was issued instantly
    /// without that setting, or the webhook was not active.
    NotSent { status: String },
    /// The provider's records say that it was sent, and it did not arrive.
    NotArrived,
    /// Cert Spotter lists the certificate, and no webhook came: it may know the key, or the webhook was lost.
    Listed,
}

/// The outcome for an event.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum RecoveryStatus {
    Recovered,
    Waiting,
    StillMissing,
}

impl Report {
    /// The number of recovered events that CertCentral did not try to send.
    pub(crate) fn not_sent(&self) -> usize {
        let not_sent = |row: &&Row| {
            row.status == RecoveryStatus::Recovered && matches!(row.cause, Cause::NotSent { .. })
        };
        self.rows.iter().filter(not_sent).count()
    }
}

impl Counts {
    pub(crate) fn of(known: usize, rows: &[Row]) -> Self {
        let count = |status| rows.iter().filter(|row| row.status == status).count();
        Self {
            seen: known + rows.len(),
            known,
            recovered: count(RecoveryStatus::Recovered),
            waiting: count(RecoveryStatus::Waiting),
            still_missing: count(RecoveryStatus::StillMissing),
        }
    }
}

impl RecoveryStatus {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Recovered => "recovered",
            Self::Waiting => "waiting",
            Self::StillMissing => "still_missing",
        }
    }
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Answered(Some(code @ 200..300)) => {
                write!(f, "answered {code}, but did not arrive")
            }
            Self::Answered(Some(code)) => write!(f, "answered {code}"),
            Self::Answered(None) => f.write_str("not answered"),
            Self::NotArrived => f.write_str("sent, but did not arrive"),
            Self::Listed => f.write_str("in the logs, without a webhook"),
            Self::NotSent { status } => write!(f, "{status}, but not sent"),
        }
    }
}
