use std::io::{self, Write};
use std::time::Duration;

use embedded::{Delivered, Reader};
use envelope::CertificateEvent;

use crate::cli::Tail;
use crate::display::{columns, for_terminal, one_line, short, whole_seconds, without_prefix};
use crate::error::CommandResult;

/// The pause between two reads of an empty queue.
const PAUSE: Duration = Duration::from_millis(200);
/// The maximum number of events that are read at a time.
const PAGE: u32 = 200;

pub(crate) async fn run(arguments: Tail) -> CommandResult<()> {
    let reader = Reader::open(&arguments.common.state)?;
    let mut follower = Follower::of(reader, arguments.from_start).await?;
    let json = arguments.common.json;
    let shown =
        if arguments.no_follow { follower.show(json).await } else { follower.follow(json).await };
    match shown {
        // The reader has read enough, such as `head`.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        outcome => Ok(outcome?),
    }
}

/// Shows deliveries in order.
pub(crate) struct Follower {
    reader: Reader,
    /// The last delivery that was shown.
    after: i64,
}

impl Follower {
    /// Begins with the first stored event, or with the next new one.
    pub(crate) async fn of(reader: Reader, from_start: bool) -> ports::PortResult<Self> {
        let after = if from_start { 0 } else { reader.last_sequence().await? };
        Ok(Self { reader, after })
    }

    /// Shows every stored delivery that was not shown yet.
    pub(crate) async fn show(&mut self, json: bool) -> io::Result<()> {
        loop {
            let page = self.reader.read_after(self.after, PAGE).await;
            let page = page.map_err(io::Error::other)?;
            let Some(last) = page.last() else { return Ok(()) };
            self.after = last.sequence;
            print(&page, json)?;
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

fn print(page: &[Delivered], json: bool) -> io::Result<()> {
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
