use std::time::Duration;

use clap::{ArgGroup, Args, Subcommand};
use embedded::consumer_name;

use crate::args::{CommonArgs, DeliveryFilter};
use crate::time_parsing::parse_duration;

/// Hands delivered events over to a consumer on this machine, and keeps its position
///
/// Events are handed over in order of delivery, one at a time: with --to as a POST request, with --exec on
/// the standard input of a command. Each is handed over at least once. The position of each consumer is
/// stored under its name, and survives any end of this command. A consumer that is new begins with the
/// oldest event that is kept. `certhooks local` may be running or not.
///
/// An event is taken when the answer is 2xx, or the exit status 0. One that is not taken is tried again,
/// beside those that follow: after the time that `Retry-After` says, else after 1 s, doubling up to 5
/// minutes. It is set aside after --give-up-after, and at once after the answer 410. After ten failures in a
/// row, only one new event a second is tried.
///
/// --to signs as Standard Webhooks do, with `webhook-id` (the id of the event), `webhook-timestamp` and
/// `webhook-signature`. The secret is in CERTHOOKS_FORWARD_SECRET (`whsec_` and 24 to 64 bytes in Base64;
/// several, separated by blanks, during a rotation), else in secrets.json of the state folder, where it is
/// made if there is none. Redirects are not followed.
///
/// --exec runs the command with `sh -c`. It gets the event as one line of JSON, CERTHOOKS_EVENT_ID and
/// CERTHOOKS_EVENT_TYPE, and none of the secrets of Certhooks. What it prints goes to standard error. At
/// most two run at a time: for a new event, and for one that was not taken.
#[derive(Args, Debug)]
#[command(
    args_conflicts_with_subcommands = true,
    subcommand_negates_reqs = true,
    after_help = "Examples:\n  \
    certhooks forward --consumer inventory --to http://127.0.0.1:9000/certificates\n  \
    certhooks forward --consumer deploy --exec ./deploy.sh --type certificate.issued\n  \
    certhooks forward list\n\n\
    Exit status: 0 stopped by a signal; 1 failed, or another process has this consumer; 2 wrong usage."
)]
pub(crate) struct Forward {
    #[command(subcommand)]
    pub(crate) command: Option<Command>,
    #[command(flatten)]
    pub(crate) run: Option<Run>,
    // Not in `Run`: clap does not notice that a group is present if it holds another one.
    #[command(flatten)]
    pub(crate) filter: DeliveryFilter,
    #[command(flatten)]
    pub(crate) common: CommonArgs,
}

#[derive(Args, Debug)]
#[command(group(ArgGroup::new("target").args(["to", "exec"]).required(true)))]
pub(crate) struct Run {
    /// Name of the consumer, under which its position is stored
    #[arg(long, value_name = "NAME", required = true, value_parser = consumer_name)]
    pub(crate) consumer: String,
    /// URL to post each event to
    #[arg(long, value_name = "URL")]
    pub(crate) to: Option<String>,
    /// Command to run for each event, with the event on standard input
    #[arg(long, value_name = "COMMAND")]
    pub(crate) exec: Option<String>,
    /// Begin with the next new event; only for a consumer that is new
    #[arg(long)]
    pub(crate) from_now: bool,
    /// Maximum duration of one attempt
    #[arg(long, default_value = "15s", value_name = "DURATION", value_parser = attempt_timeout)]
    pub(crate) timeout: Duration,
    /// Duration of the attempts to hand over one event, after which it is set aside
    #[arg(long, default_value = "24h", value_name = "DURATION", value_parser = parse_duration)]
    pub(crate) give_up_after: Duration,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    List(List),
    Retry(Retry),
    Drop(Drop),
    Consumers(Consumers),
    Remove(Remove),
}

/// Lists events that a consumer did not take: those that wait for another attempt, and those set aside
#[derive(Args, Debug)]
#[command(after_help = "Examples:\n  \
    certhooks forward list\n  \
    certhooks forward list --consumer inventory --json | jq -r 'select(.due == null) | .id'\n\n\
    Exit status: 0 listed, also where there are none; 1 failed; 2 wrong usage.")]
pub(crate) struct List {
    /// Name of the consumer; all by default
    #[arg(long, value_name = "NAME", value_parser = consumer_name)]
    pub(crate) consumer: Option<String>,
    /// Maximum number to list
    #[arg(long, value_name = "N", default_value_t = 1000)]
    pub(crate) limit: u32,
}

/// Tries events again that a consumer did not take
///
/// A running `certhooks forward` of the consumer tries them at once, else the next one that is started.
/// Attempts, and the time after which an event is set aside, are counted anew.
#[derive(Args, Debug)]
#[command(after_help = "Examples:\n  \
    certhooks forward retry --consumer inventory --all\n  \
    certhooks forward retry --consumer inventory --id 9c2f0a1b\n\n\
    Exit status: 0 retried; 1 failed; 2 wrong usage; 3 not found.")]
pub(crate) struct Retry {
    #[command(flatten)]
    pub(crate) selection: Selection,
}

/// Ends the attempts to hand over events that a consumer did not take
///
/// The events stay on the deliveries queue, and other consumers get them.
#[derive(Args, Debug)]
#[command(after_help = "Example:\n  certhooks forward drop --consumer inventory --id 9c2f0a1b\n\n\
    Exit status: 0 dropped; 1 failed; 2 wrong usage; 3 not found.")]
pub(crate) struct Drop {
    #[command(flatten)]
    pub(crate) selection: Selection,
}

/// Some of the events that a consumer did not take.
#[derive(Args, Debug)]
pub(crate) struct Selection {
    /// Name of the consumer
    #[arg(long, value_name = "NAME", value_parser = consumer_name)]
    pub(crate) consumer: String,
    /// Id of the event; may be repeated
    #[arg(long, value_name = "ID", required_unless_present = "all", conflicts_with = "all")]
    pub(crate) id: Vec<String>,
    /// Select every event that the consumer did not take
    #[arg(long)]
    pub(crate) all: bool,
}

/// Lists the consumers, and how far each has come
#[derive(Args, Debug)]
#[command(after_help = "Example:\n  certhooks forward consumers --json | jq '{name, behind}'\n\n\
    Exit status: 0 listed, also where there are none; 1 failed; 2 wrong usage.")]
pub(crate) struct Consumers {}

/// Removes a consumer with its position and what it did not take
///
/// A consumer of the same name begins anew. Its signing secret stays in secrets.json.
#[derive(Args, Debug)]
#[command(after_help = "Example:\n  certhooks forward remove inventory\n\n\
    Exit status: 0 removed; 1 failed, or a process has this consumer; 2 wrong usage; 3 not found.")]
pub(crate) struct Remove {
    /// Name of the consumer
    #[arg(value_name = "NAME", value_parser = consumer_name)]
    pub(crate) consumer: String,
}

fn attempt_timeout(text: &str) -> Result<Duration, String> {
    let timeout = parse_duration(text)?;
    let is_usable = !timeout.is_zero() && timeout <= Duration::from_secs(60 * 60);
    is_usable.then_some(timeout).ok_or_else(|| "must be longer than 0s, and at most 1h".to_owned())
}
