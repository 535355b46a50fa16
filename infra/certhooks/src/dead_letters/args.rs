use clap::{Args, Subcommand};
use time::OffsetDateTime;

use crate::args::{CommonArgs, EventFilter, StackArgs};
use crate::installation::{DeadLetter, QueueName};
use crate::time_parsing::parse_time;

/// Lists, retries or drops dead letters
///
/// A dead letter is a message that was received too often without being acknowledged: by the worker
/// because of an error in Certhooks, or, on AWS, by the consumer of the deliveries queue. On AWS these
/// commands receive, send and delete SQS messages. Messages that are only listed become visible again
/// at once. Counts are approximate. A crash in the middle of a retry leaves a message on both queues,
/// with the same event id.
#[derive(Args, Debug)]
#[command(after_help = "Examples:\n  certhooks dead-letters list\n  \
    certhooks dead-letters retry --provider digicert --newer 2h")]
pub(crate) struct DeadLetters {
    #[command(subcommand)]
    pub(crate) command: Command,
    #[command(flatten)]
    pub(crate) stack: StackArgs,
    #[command(flatten)]
    pub(crate) common: CommonArgs,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    List(List),
    Show(Show),
    Retry(Retry),
    Drop(Drop),
}

/// Lists dead letters with the reason for each
#[derive(Args, Debug)]
#[command(after_help = "Examples:\n  \
    certhooks dead-letters list\n  \
    certhooks dead-letters list --stack certhooks --provider digicert --newer 24h --json\n\n\
    Exit status: 0 listed, also where there are none; 1 failed; 2 wrong usage.")]
pub(crate) struct List {
    #[command(flatten)]
    pub(crate) filter: Filter,
    /// Maximum number to list
    #[arg(long, value_name = "N", default_value_t = 1000)]
    pub(crate) limit: usize,
}

/// Shows one dead letter with its message
///
/// Private keys are removed from the message, and the message of a CertCentral challenge is withheld.
#[derive(Args, Debug)]
#[command(after_help = "Example:\n  certhooks dead-letters show 17 --json | jq .body\n\n\
    Exit status: 0 shown; 1 failed; 2 wrong usage; 3 not found.")]
pub(crate) struct Show {
    /// Number or message id, as `list` shows it, or the id of the event
    #[arg(value_name = "ID")]
    pub(crate) id: String,
}

/// Puts dead letters back on the queue that they came from
///
/// Messages are sent to that queue first and then deleted from the dead letters, ten at a time. An event
/// that was delivered in the meantime is not delivered again.
#[derive(Args, Debug)]
#[command(after_help = "Examples:\n  \
    certhooks dead-letters retry 17\n  \
    certhooks dead-letters retry --event certificate_issued --newer 2h\n  \
    certhooks dead-letters retry --all --queue deliveries --stack certhooks\n\n\
    Exit status: 0 all are back on their queue; 1 some are still dead letters, or failed; \
    2 wrong usage; 3 not found.")]
pub(crate) struct Retry {
    #[command(flatten)]
    pub(crate) filter: Filter,
    /// Retry every dead letter
    #[arg(long)]
    pub(crate) all: bool,
}

/// Deletes dead letters permanently
#[derive(Args, Debug)]
#[command(after_help = "Example:\n  certhooks dead-letters drop 17 --yes\n\n\
    Exit status: 0 dropped; 1 some are still dead letters, or not confirmed, or failed; \
    2 wrong usage; 3 not found.")]
pub(crate) struct Drop {
    #[command(flatten)]
    pub(crate) filter: Filter,
    /// Drop every dead letter
    #[arg(long)]
    pub(crate) all: bool,
    /// Skip confirmation
    #[arg(long)]
    pub(crate) yes: bool,
}

/// The dead letters to work on; they must meet every condition that is given.
#[derive(Args, Debug, Default)]
#[command(next_help_heading = "Selection")]
pub(crate) struct Filter {
    /// Queue to read; both when unset
    #[arg(long, value_name = "NAME")]
    pub(crate) queue: Option<QueueName>,
    #[command(flatten)]
    pub(crate) kinds: EventFilter,
    /// Number, message id or event id to select, as with --id
    #[arg(value_name = "ID")]
    pub(crate) ids: Vec<String>,
    /// Number, message id or event id to select; may be repeated
    #[arg(long, value_name = "ID")]
    pub(crate) id: Vec<String>,
    /// Subject to select, such as digicert/order/1234567890, or the beginning of one; may be repeated
    #[arg(long, value_name = "SUBJECT")]
    pub(crate) subject: Vec<String>,
    /// Select messages sent before this age or time: 90m, 24h, 7d, 2026-11-01 or 2026-11-01T12:00:00Z
    #[arg(long, value_name = "TIME", value_parser = parse_time)]
    pub(crate) older: Option<OffsetDateTime>,
    /// Select messages sent at or after this age or time, in the same forms
    #[arg(long, value_name = "TIME", value_parser = parse_time)]
    pub(crate) newer: Option<OffsetDateTime>,
}

impl Filter {
    /// Every dead letter with this number, message id or event id.
    pub(crate) fn of_id(id: &str) -> Self {
        Self { id: vec![id.to_owned()], ..Self::default() }
    }

    /// Whether nothing is selected. `--queue` alone selects a whole queue, so it does not count.
    pub(crate) fn is_empty(&self) -> bool {
        let Self { queue: _, kinds, ids, id, subject, older, newer } = self;
        kinds.is_empty()
            && ids.is_empty()
            && id.is_empty()
            && subject.is_empty()
            && older.is_none()
            && newer.is_none()
    }

    /// Whether a dead letter meets every condition.
    pub(crate) fn includes(&self, dead_letter: &DeadLetter) -> bool {
        let Self { queue, kinds, ids, id, subject, older, newer } = self;
        let is_id =
            |id: &String| *id == dead_letter.number || dead_letter.event_id.as_ref() == Some(id);
        let begins = |subject: &String| dead_letter.subject.starts_with(subject.as_str());
        queue.is_none_or(|queue| queue == dead_letter.queue)
            && kinds.has_provider(|provider| dead_letter.provider == provider.as_str())
            && kinds.has_event(&dead_letter.kinds())
            && (ids.is_empty() && id.is_empty() || ids.iter().chain(id).any(is_id))
            && (subject.is_empty() || subject.iter().any(begins))
            && older.is_none_or(|older| dead_letter.sent < older)
            && newer.is_none_or(|newer| dead_letter.sent >= newer)
    }
}
