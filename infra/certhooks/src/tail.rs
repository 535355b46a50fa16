use std::io::{self, Write};
use std::time::Duration;

use embedded::{Delivered, Reader};
use envelope::CertificateEvent;

use crate::cli::Tail;
use crate::display::{columns, one_line, short, whole_seconds, without_prefix};
use crate::error::CommandResult;

/// The pause between two reads of an empty queue.
const PAUSE: Duration = Duration::from_millis(200);
/// The maximum number of events that are read at a time.
const PAGE: u32 = 200;

pub(crate) async fn run(arguments: Tail) -> CommandResult<()> {
    let reader = Reader::open(&arguments.common.state)?;
    let mut after = if arguments.from_start { 0 } else { reader.last_sequence().await? };
    loop {
        let page = reader.read_after(after, PAGE).await?;
        after = page.last().map_or(after, |delivered| delivered.sequence);
        match print(&page, arguments.common.json) {
            // The reader has read enough, such as `head`.
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => return Ok(()),
            outcome => outcome?,
        }
        if page.is_empty() {
            if arguments.no_follow {
                return Ok(());
            }
            tokio::time::sleep(PAUSE).await;
        }
    }
}

fn print(page: &[Delivered], json: bool) -> io::Result<()> {
    let mut out = io::stdout().lock();
    for delivered in page {
        match serde_json::from_str::<CertificateEvent>(&delivered.body) {
            Ok(event) if !json => writeln!(out, "{}", line(&event, delivered))?,
            _ => writeln!(out, "{}", one_line(&delivered.body))?,
        }
    }
    out.flush()
}

fn line(event: &CertificateEvent, delivered: &Delivered) -> String {
    let [_, _, outcome, leaf, expires] = columns(event);
    let published = whole_seconds(delivered.published);
    let kind = without_prefix(&event.kind);
    let subject = short(&event.subject, 45);
    format!("{published} {kind:<32} {subject:<45} {outcome:<24} {leaf:<40} {expires}")
}
