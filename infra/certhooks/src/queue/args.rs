use clap::{Args, Subcommand};

use crate::args::{CommonArgs, EventFilter, StackArgs};
use crate::queue::waiting::WaitingEvent;

/// Shows what waits on the events queue, and makes it due at once
///
/// An event waits while its provider does not answer, refuses the API key or limits the rate, and for a few
/// minutes after it was announced. Each wait is 15 minutes at most.
#[derive(Args, Debug)]
#[command(after_help = "Examples:\n  certhooks queue list\n  \
    certhooks queue release --provider digicert")]
pub(crate) struct Queue {
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
    Release(Release),
}

/// Lists waiting events with the reason, the number of attempts and the time of the next one
///
/// With --stack only the numbers: SQS shows no message that is delayed or in flight. The worker's log has a line
/// with the event's id for each attempt.
#[derive(Args, Debug)]
#[command(after_help = "Examples:\n  certhooks queue list\n  \
    certhooks queue list --provider digicert --json | jq -r .id\n\n\
    Exit status: 0 listed, also where there are none; 1 failed; 2 wrong usage.")]
pub(crate) struct List {
    #[command(flatten)]
    pub(crate) filter: Filter,
    /// Maximum number to list
    #[arg(long, value_name = "N", default_value_t = 1000)]
    pub(crate) limit: usize,
}

/// Makes waiting events due at once
///
/// For when the cause is gone. Where many events in a row failed, the running `certhooks local` holds its
/// provider's events by itself: a few of the released ones ask whether it answers again, and the others wait on.
///
/// Not with --stack: SQS cannot end a delay.
#[derive(Args, Debug)]
#[command(after_help = "Examples:\n  certhooks queue release --all\n  \
    certhooks queue release --provider digicert --event certificate_issued\n\n\
    Exit status: 0 released; 1 failed; 2 wrong usage; 3 no such event waits.")]
pub(crate) struct Release {
    #[command(flatten)]
    pub(crate) filter: Filter,
    /// Release every event that waits
    #[arg(long)]
    pub(crate) all: bool,
}

/// The events to list or release; they must meet every condition that is given.
#[derive(Args, Debug)]
#[command(next_help_heading = "Selection")]
pub(crate) struct Filter {
    #[command(flatten)]
    pub(crate) kinds: EventFilter,
    /// Id of the event; may be repeated
    #[arg(long, value_name = "ID")]
    pub(crate) id: Vec<String>,
}

impl Filter {
    pub(crate) fn is_empty(&self) -> bool {
        self.kinds.is_empty() && self.id.is_empty()
    }

    pub(crate) fn includes(&self, event: &WaitingEvent) -> bool {
        self.kinds.has_provider(|provider| event.message.provider == provider.as_str())
            && self.kinds.has_event(&[&event.message.kind])
            && (self.id.is_empty()
                || event.id().is_some_and(|id| self.id.iter().any(|it| it == id)))
    }
}
