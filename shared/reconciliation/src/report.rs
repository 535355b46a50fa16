use std::fmt;

use serde::Serialize;
use time::OffsetDateTime;

/// What one run found.
#[derive(Debug)]
pub struct Report {
    pub window_minutes: u32,
    /// Nothing was put on the queue: `recovered` is what would be.
    pub is_dry_run: bool,
    pub counts: Counts,
    /// What is not known, oldest first.
    pub rows: Vec<Row>,
    /// What the run had to do without.
    pub notes: Vec<String>,
    /// Why a part of the window was not looked at, or not recovered: run it again.
    pub left: Option<String>,
}

/// Events, each counted once. `seen` is the sum of the other four.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq, Serialize)]
pub struct Counts {
    /// In the event log or among the status changes of the window.
    pub seen: usize,
    /// Answered with 2xx, or delivered to consumers.
    pub known: usize,
    /// Put on the events queue by this run.
    pub recovered: usize,
    /// Put there by another run within the last hour, and not delivered yet.
    pub waiting: usize,
    /// Put there longer ago and not delivered yet, or could not be put there.
    pub still_missing: usize,
}

/// An event that did not arrive by itself.
#[derive(Debug)]
pub struct Row {
    pub id: String,
    /// CertCentral's name.
    pub event: String,
    pub subject: String,
    /// When CertCentral sent it, if it did.
    pub sent: Option<OffsetDateTime>,
    pub cause: Cause,
    pub status: RecoveryStatus,
}

/// Why it did not arrive.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Cause {
    /// The log shows the listener's answer, or that there was none.
    Answered(Option<u16>),
    /// The order has this status, and the log shows no delivery of it: issued instantly without that
    /// setting, or the webhook was not active.
    NotSent { status: String },
}

/// What became of it.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum RecoveryStatus {
    Recovered,
    Waiting,
    StillMissing,
}

impl Report {
    /// Orders whose event CertCentral did not even try to send.
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
            Self::Answered(Some(code)) => write!(f, "answered {code}"),
            Self::Answered(None) => f.write_str("not answered"),
            Self::NotSent { status } => write!(f, "{status}, but not sent"),
        }
    }
}
