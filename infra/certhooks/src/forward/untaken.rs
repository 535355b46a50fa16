use std::path::Path;

use embedded::{Options, Reader, State, Untaken, UntakenFilter};
use envelope::rfc3339;
use serde_json::{Value, json};

use crate::display::{whole_seconds, without_prefix};
use crate::error::{CommandError, CommandResult};
use crate::forward::args::{Drop, List, Retry, Selection};
use crate::output::{Output, say};
use crate::table::{Column, Emphasis, SafeText, Table};

/// The columns of what was not taken.
const COLUMNS: [Column; 4] = [
    Column { title: "next attempt", width: 29, least: 20 },
    Column { title: "type", width: 32, least: 16 },
    Column { title: "subject", width: 45, least: 16 },
    Column { title: "consumer", width: 16, least: 8 },
];

pub(crate) async fn list(folder: &Path, list: List, output: Output) -> CommandResult<()> {
    let untaken = Reader::open(folder)?.untaken(list.consumer, list.limit).await?;
    let table = Table::new(&COLUMNS);
    if !output.json && !untaken.is_empty() {
        output.styled([table.header()]);
    }
    for one in &untaken {
        match output.json {
            true => say!("{}", value(one)),
            false => output.styled([line(&table, one)]),
        }
    }
    if !output.json {
        let more =
            if untaken.len() >= list.limit as usize { "; raise --limit to see more" } else { "" };
        say!("{} not taken{more}", untaken.len());
    }
    Ok(())
}

fn line(table: &Table, untaken: &Untaken) -> SafeText {
    let Untaken { consumer, id, kind, subject, attempts, due, reason, .. } = untaken;
    let next = match due {
        Some(due) => format!("retry at {}", whole_seconds(*due)),
        None => "set aside".to_owned(),
    };
    let emphasis = if due.is_some() { Emphasis::Warning } else { Emphasis::Error };
    let cells = [&next, without_prefix(kind), subject, consumer];
    table.row(emphasis, &cells, &format!("{id} {reason}; attempts: {attempts}"))
}

fn value(untaken: &Untaken) -> Value {
    let Untaken { consumer, sequence, id, kind, subject, attempts, since, due, reason } = untaken;
    json!({
        "consumer": consumer, "sequence": sequence, "id": id, "type": kind, "subject": subject,
        "attempts": attempts, "since": rfc3339(*since), "due": due.map(rfc3339), "reason": reason,
    })
}

pub(crate) async fn retry(folder: &Path, retry: Retry, output: Output) -> CommandResult<()> {
    let state = State::join(folder, Options::default())?;
    let count = state.retry_untaken(filter(retry.selection)).await?;
    say_count(count, "retried", "due now", output)
}

pub(crate) async fn drop(folder: &Path, drop: Drop, output: Output) -> CommandResult<()> {
    let state = State::join(folder, Options::default())?;
    let count = state.drop_untaken(filter(drop.selection)).await?;
    say_count(count, "dropped", "dropped", output)
}

fn filter(Selection { consumer, id, .. }: Selection) -> UntakenFilter {
    UntakenFilter { consumer: Some(consumer), ids: id }
}

fn say_count(count: usize, name: &str, what: &str, output: Output) -> CommandResult<()> {
    if count == 0 {
        return Err(CommandError::not_found(
            "no such event among those that this consumer did not take; find it with `certhooks forward list`",
        ));
    }
    output.say(&format!("{count} {what}"), &json!({ name: count }));
    Ok(())
}
