use std::path::Path;

use embedded::{Options, Reader, State, Untaken, UntakenFilter};
use envelope::rfc3339;
use serde_json::{Value, json};

use crate::display::{short, whole_seconds, without_prefix};
use crate::error::{CommandError, CommandResult};
use crate::forward::args::{Drop, List, Retry, Selection};
use crate::output::{Output, say};

pub(crate) async fn list(folder: &Path, list: List, output: Output) -> CommandResult<()> {
    let untaken = Reader::open(folder)?.untaken(list.consumer, list.limit).await?;
    for one in &untaken {
        output.say(&line(one), &value(one));
    }
    if !output.json {
        let more =
            if untaken.len() >= list.limit as usize { "; raise --limit to see more" } else { "" };
        say!("{} not taken{more}", untaken.len());
    }
    Ok(())
}

fn line(untaken: &Untaken) -> String {
    let Untaken { consumer, id, kind, subject, attempts, due, reason, .. } = untaken;
    let next = match due {
        Some(due) => format!("retry at {}", whole_seconds(*due)),
        None => "set aside".to_owned(),
    };
    let (kind, subject) = (short(without_prefix(kind), 32), short(subject, 45));
    let (id, reason) = (short(id, 100), short(reason, 120));
    format!(
        "{consumer:<16} {next:<29} {kind:<28} {subject:<40} {id} {reason}; attempts: {attempts}"
    )
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
