use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

use crate::options::Kinds;
use crate::stack::Here;

/// Looks at dead letters, tries them again or drops them
///
/// A dead letter is a message that was received too often: by the worker, for a fault of our own, or, on
/// AWS, by the consumer of the deliveries queue. On SQS all of this is receiving, sending and deleting:
/// what is only looked at is given back at once, counts are approximate, and a crash in the middle of a
/// retry leaves a message on both queues, with the same event id.
#[derive(Debug, Subcommand)]
pub(crate) enum DeadLetters {
    List(List),
    Show(Show),
    Retry(Retry),
    Drop(Drop),
}

impl DeadLetters {
    pub(crate) fn common(&self) -> &Common {
        match self {
            Self::List(words) => &words.common,
            Self::Show(words) => &words.common,
            Self::Retry(words) => &words.common,
            Self::Drop(words) => &words.common,
        }
    }
}

/// Lists dead letters, with the reason of each
#[derive(Args, Debug)]
#[command(after_help = "Examples:\n  \
    certhooks dead-letters list\n  \
    certhooks dead-letters list --stack certhooks --provider digicert --newer 24h --json\n\n\
    Exit status: 0 listed, or there are none; 1 failed; 2 wrong usage.")]
pub(crate) struct List {
    #[command(flatten)]
    pub(crate) filter: Filter,
    /// So many at most
    #[arg(long, value_name = "N", default_value_t = 1000)]
    pub(crate) limit: usize,
    #[command(flatten)]
    pub(crate) common: Common,
}

/// Shows one dead letter with its message, but for private keys and CertCentral's challenges
#[derive(Args, Debug)]
#[command(after_help = "Example:\n  certhooks dead-letters show 17 --json | jq .body\n\n\
    Exit status: 0 shown; 1 failed; 2 wrong usage; 3 there is none.")]
pub(crate) struct Show {
    /// Its number or message id, as `list` shows it, or the id of its event
    #[arg(value_name = "ID")]
    pub(crate) id: String,
    #[command(flatten)]
    pub(crate) common: Common,
}

/// Puts dead letters onto the queue again that they came from
///
/// First sent, then deleted here, ten at a time. An event that was delivered meanwhile is not delivered
/// again.
#[derive(Args, Debug)]
#[command(after_help = "Examples:\n  \
    certhooks dead-letters retry --event certificate_issued --newer 2h\n  \
    certhooks dead-letters retry --all --queue deliveries --stack certhooks\n\n\
    Exit status: 0 all on their queue; 1 some are left where they are; 2 wrong usage; 3 there are none.")]
pub(crate) struct Retry {
    #[command(flatten)]
    pub(crate) filter: Filter,
    /// All of them
    #[arg(long)]
    pub(crate) all: bool,
    #[command(flatten)]
    pub(crate) common: Common,
}

/// Removes dead letters for good
#[derive(Args, Debug)]
#[command(after_help = "Example:\n  certhooks dead-letters drop --id 17 --yes\n\n\
    Exit status: 0 dropped; 1 some are left, or not confirmed; 2 wrong usage; 3 there are none.")]
pub(crate) struct Drop {
    #[command(flatten)]
    pub(crate) filter: Filter,
    /// All of them
    #[arg(long)]
    pub(crate) all: bool,
    /// Do not ask
    #[arg(long)]
    pub(crate) yes: bool,
    #[command(flatten)]
    pub(crate) common: Common,
}

/// Which dead letters; those that meet all that is given.
#[derive(Args, Debug)]
#[command(next_help_heading = "Which dead letters")]
pub(crate) struct Filter {
    /// Of this queue
    #[arg(long, value_name = "NAME")]
    pub(crate) queue: Option<QueueName>,
    #[command(flatten)]
    pub(crate) kinds: Kinds,
    /// With this number, message id or event id; may be repeated
    #[arg(long, value_name = "ID")]
    pub(crate) id: Vec<String>,
    /// About this: digicert/order/1234567890, or the beginning of it
    #[arg(long, value_name = "SUBJECT")]
    pub(crate) subject: Vec<String>,
    /// Sent before: 90m, 24h, 7d, 2026-11-01 or 2026-11-01T12:00:00Z
    #[arg(long, value_name = "TIME")]
    pub(crate) older: Option<String>,
    /// Sent since: in the same forms
    #[arg(long, value_name = "TIME")]
    pub(crate) newer: Option<String>,
}

impl Filter {
    /// A queue alone is all of it.
    pub(crate) fn is_empty(&self) -> bool {
        let Self { queue: _, kinds, id, subject, older, newer } = self;
        kinds.is_empty()
            && id.is_empty()
            && subject.is_empty()
            && older.is_none()
            && newer.is_none()
    }
}

#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
pub(crate) enum QueueName {
    /// Between door and worker
    Events,
    /// Between worker and consumer
    Deliveries,
}

#[derive(Args, Debug)]
#[command(next_help_heading = "Where")]
pub(crate) struct Common {
    /// State folder of `certhooks local`
    #[arg(long, default_value = ".certhooks", value_name = "DIR")]
    pub(crate) state: PathBuf,
    #[command(flatten)]
    pub(crate) here: Here,
    /// One JSON object a line; errors too
    #[arg(long)]
    pub(crate) json: bool,
}
