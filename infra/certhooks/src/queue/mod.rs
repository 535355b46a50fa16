//! `certhooks queue …`: what waits on the events queue.
//!
//! - [`args`]: its commands and options, and which events they select
//! - [`waiting`]: one waiting event for people and for programs, and the names by which it is found

pub(crate) mod args;
pub(crate) mod waiting;

use boot::Environment;
use serde_json::json;

use crate::error::{CommandError, CommandResult};
use crate::installation::{self, Installation, QueueCounts};
use crate::output::{Output, count, say};
use crate::queue::args::{Command, Filter, List, Queue, Release};
use crate::queue::waiting::{COLUMNS, WaitingEvent};
use crate::table::Table;

pub(crate) async fn run(arguments: &Queue) -> CommandResult<()> {
    let Queue { command, stack, common } = arguments;
    let output = Output { json: common.json };
    let installation = installation::open(stack, &common.state, &Environment::of_process()).await?;
    match command {
        Command::List(list) => show(&*installation, list, output).await,
        Command::Release(selection) => release(&*installation, selection, output).await,
    }
}

/// The events that wait in an installation. `None` where they cannot be listed.
pub(crate) async fn waiting(
    installation: &dyn Installation,
) -> CommandResult<Option<Vec<WaitingEvent>>> {
    let messages = installation.waiting().await?;
    Ok(messages.map(|messages| messages.into_iter().map(WaitingEvent::of).collect()))
}

async fn show(
    installation: &dyn Installation,
    List { filter, limit }: &List,
    output: Output,
) -> CommandResult<()> {
    let QueueCounts { visible, in_flight, delayed, .. } = installation.queue_counts().await?;
    let Some(events) = waiting(installation).await? else {
        output.say(
            &format!("{visible} visible, {in_flight} in flight, {delayed} delayed"),
            &json!({ "visible": visible, "in_flight": in_flight, "delayed": delayed }),
        );
        output.warn("SQS shows no message that is delayed or in flight, so no event is listed; the worker's log has a line with its id for each attempt");
        return Ok(());
    };
    let selected: Vec<_> = events.iter().filter(|event| filter.includes(event)).collect();
    let table = Table::new(&COLUMNS);
    if !output.json && !selected.is_empty() {
        output.styled([table.header()]);
    }
    for event in selected.iter().take(*limit) {
        match output.json {
            true => say!("{}", event.value()),
            false => output.styled([event.line(&table)]),
        }
    }
    if !output.json {
        let more = if selected.len() > *limit { "; raise --limit to see all" } else { "" };
        say!("{} on the queue{more}", count(selected.len(), "event"));
    }
    Ok(())
}

async fn release(
    installation: &dyn Installation,
    Release { filter, all }: &Release,
    output: Output,
) -> CommandResult<()> {
    if filter.is_empty() && !all {
        return Err(CommandError::usage(
            "release: no events are selected; select them with --id, --provider or --event, or use --all",
        ));
    }
    let numbers = selected_numbers(installation, filter).await?;
    let released = installation.release(numbers).await?;
    if released == 0 {
        return Err(CommandError::not_found(
            "no such event waits for a later attempt; see `certhooks queue list`",
        ));
    }
    output.say(&format!("{} due now", count(released, "event")), &json!({ "released": released }));
    Ok(())
}

async fn selected_numbers(
    installation: &dyn Installation,
    filter: &Filter,
) -> CommandResult<Vec<i64>> {
    let events = waiting(installation).await?.unwrap_or_default();
    let selected = events.iter().filter(|event| filter.includes(event));
    Ok(selected.map(|event| event.message.number).collect())
}
