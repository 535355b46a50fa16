use std::io::{self, Write};
use std::time::Duration;

use embedded::{Delivered, Reader};
use envelope::{CertificateEvent, Outcome, Verdict};

use crate::args::DeliveryFilter;
use crate::cli::Tail;
use crate::display::{clean, columns, for_terminal, one_line, whole_seconds, without_prefix};
use crate::error::{CommandError, CommandResult};
use crate::table::{Column, Emphasis, SafeText, Table};

/// The columns of deliveries.
pub(crate) const COLUMNS: [Column; 6] = [
    Column { title: "delivered", width: 20, least: 20 },
    Column { title: "result", width: 34, least: 12 },
    Column { title: "type", width: 32, least: 16 },
    Column { title: "certificate", width: 40, least: 14 },
    Column { title: "expires", width: 10, least: 10 },
    Column { title: "subject", width: 45, least: 0 },
];

/// The pause between two reads of an empty queue.
const PAUSE: Duration = Duration::from_millis(200);
/// The maximum number of events that are read at a time.
const PAGE: u32 = 200;

pub(crate) async fn run(arguments: Tail) -> CommandResult<()> {
    let reader = Reader::open(&arguments.common.state)?;
    let begin = begin(&reader, &arguments).await?;
    let mut follower = Follower::after(reader, begin, arguments.filter);
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
    table: Table,
    has_header: bool,
}

impl Follower {
    /// Begins with the first stored event, or with the next new one.
    pub(crate) async fn of(reader: Reader, from_start: bool) -> ports::PortResult<Self> {
        let after = if from_start { 0 } else { reader.last_sequence().await? };
        Ok(Self::after(reader, after, DeliveryFilter::default()))
    }

    fn after(reader: Reader, after: i64, filter: DeliveryFilter) -> Self {
        Self { reader, after, filter, table: Table::new(&COLUMNS), has_header: false }
    }

    /// Shows every stored delivery that was not shown yet.
    pub(crate) async fn show(&mut self, json: bool) -> io::Result<()> {
        loop {
            let page = self.reader.read_after(self.after, PAGE).await;
            let page = page.map_err(io::Error::other)?;
            let Some(last) = page.last() else { return Ok(()) };
            self.after = last.sequence;
            let selected: Vec<_> =
                page.iter().filter(|delivered| self.filter.selects(delivered)).collect();
            self.print(&selected, json)?;
        }
    }

    /// Shows deliveries as they come, until it fails.
    pub(crate) async fn follow(&mut self, json: bool) -> io::Result<()> {
        loop {
            self.show(json).await?;
            tokio::time::sleep(PAUSE).await;
        }
    }

    fn print(&mut self, page: &[&Delivered], json: bool) -> io::Result<()> {
        let mut out = io::stdout().lock();
        if !json && !page.is_empty() && !std::mem::replace(&mut self.has_header, true) {
            writeln!(out, "{}", self.table.header())?;
        }
        for delivered in page {
            match serde_json::from_str::<CertificateEvent>(&delivered.body) {
                Ok(event) if !json => writeln!(out, "{}", line(&self.table, &event, delivered))?,
                _ => writeln!(out, "{}", for_terminal(&one_line(&delivered.body)))?,
            }
        }
        out.flush()
    }
}

/// A delivery for people. What is wrong with it comes early, and its id last, whole, to be copied.
pub(crate) fn line(table: &Table, event: &CertificateEvent, delivered: &Delivered) -> SafeText {
    let [outcome, leaf, expires] = columns(event);
    let data = &event.data;
    let published = whole_seconds(delivered.published);
    let not_after = data.certificates.first().and_then(|leaf| leaf.not_after.as_ref());
    let is_expired = not_after.is_some_and(|end| *end < published);
    let has_failed = data.verdict == Verdict::Failed || data.callback.outcome == Outcome::Failed;
    let is_conflict = event.conflict == Some(true);
    let is_stale = event.ordering.is_some();
    let marks = [
        (data.verdict == Verdict::Failed, "checks failed"),
        (is_expired, "expired"),
        (is_conflict, "conflict"),
        (is_stale, "stale"),
        (true, outcome.as_str()),
        (event.reconciled == Some(true), "reconciled"),
        (event.replayed == Some(true), "replayed"),
        (event.simulated == Some(true), "simulated"),
    ];
    let marks = marks.into_iter().filter(|(is_so, _)| *is_so).map(|(_, mark)| mark);
    let result = marks.collect::<Vec<_>>().join(", ");
    let emphasis = if has_failed || is_expired || is_conflict {
        Emphasis::Error
    } else if is_stale || !data.problems.is_empty() {
        Emphasis::Warning
    } else {
        Emphasis::Plain
    };
    let kind = without_prefix(&event.kind);
    let problems = match data.problems.is_empty() {
        true => String::new(),
        false => format!("  problems: {}", data.problems.join("; ")),
    };
    let cells = [&published, &result, kind, &leaf, &expires, &event.subject];
    table.row(emphasis, &cells, &format!("{}{problems}", event.id))
}
