use std::io::{self, Write};
use std::time::Duration;

use embedded::{Delivered, Reader};
use envelope::CertificateEvent;

use crate::args::DeliveryFilter;
use crate::cli::Tail;
use crate::display::{
    clean, columns, for_terminal, one_line, short, whole_seconds, without_prefix,
};
use crate::error::{CommandError, CommandResult};

/// The pause between two reads of an empty queue.
const PAUSE: Duration = Duration::from_millis(200);
/// The maximum number of events that are read at a time.
const PAGE: u32 = 200;

pub(crate) async fn run(arguments: Tail) -> CommandResult<()> {
    let reader = Reader::open(&arguments.common.state)?;
    let begin = begin(&reader, &arguments).await?;
    let mut follower = Follower { reader, after: begin, filter: arguments.filter };
    let json = arguments.common.json;
    let shown =
        if arguments.no_follow { follower.show(json).await } else { follower.follow(json).await };
    match shown {
        // The reader has read enough, such as `head`.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        outcome => Ok(outcome?),
    }
}

/// The sequence of the last delivery that is not shown.
async fn begin(reader: &Reader, arguments: &Tail) -> CommandResult<i64> {
    if arguments.from_start {
        return Ok(0);
    }
    if let Some(since) = arguments.since {
        return Ok(reader.sequence_before(since).await?);
    }
    let Some(id) = &arguments.after else { return Ok(reader.last_sequence().await?) };
    reader.sequence_of(id.clone()).await?.ok_or_else(|| {
        CommandError::not_found(format!(
            "--after {}: no event with this id is kept; it may have expired: use --from-start or --since",
            clean(id)
        ))
    })
}

/// Shows deliveries in order.
pub(crate) struct Follower {
    reader: Reader,
    /// The last delivery that was shown.
    after: i64,
    filter: DeliveryFilter,
}

impl Follower {
    /// Begins with the first stored event, or with the next new one.
    pub(crate) async fn of(reader: Reader, from_start: bool) -> ports::PortResult<Self> {
        let after = if from_start { 0 } else { reader.last_sequence().await? };
        Ok(Self { reader, after, filter: DeliveryFilter::default() })
    }

    /// Shows every stored delivery that was not shown yet.
    pub(crate) async fn show(&mut self, json: bool) -> io::Result<()> {
        loop {
            let page = self.reader.read_after(self.after, PAGE).await;
            let page = page.map_err(io::Error::other)?;
            let Some(last) = page.last() else { return Ok(()) };
            self.after = last.sequence;
            let selected = page.iter().filter(|delivered| self.filter.selects(delivered));
            print(selected, json)?;
        }
    }

    /// Shows deliveries as they come, until it fails.
    pub(crate) async fn follow(&mut self, json: bool) -> io::Result<()> {
        loop {
            self.show(json).await?;
            tokio::time::sleep(PAUSE).await;
        }
    }
}

fn print<'a>(page: impl Iterator<Item = &'a Delivered>, json: bool) -> io::Result<()> {
    let mut out = io::stdout().lock();
    for delivered in page {
        match serde_json::from_str::<CertificateEvent>(&delivered.body) {
            Ok(event) if !json => writeln!(out, "{}", for_terminal(&line(&event, delivered)))?,
            _ => writeln!(out, "{}", for_terminal(&one_line(&delivered.body)))?,
        }
    }
    out.flush()
}

fn line(event: &CertificateEvent, delivered: &Delivered) -> String {
    let [outcome, leaf, expires] = columns(event);
    let published = whole_seconds(delivered.published);
    let kind = without_prefix(&event.kind);
    let subject = short(&event.subject, 45);
    format!("{published} {kind:<32} {subject:<45} {outcome:<24} {leaf:<40} {expires}")
}
