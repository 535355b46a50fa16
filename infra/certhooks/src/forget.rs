use std::process::ExitCode;

use boot::Environment;
use clap::Args;
use serde_json::json;

use crate::archive::{Filter, Selection, Source};
use crate::args::{CommonArgs, StackArgs};
use crate::display::clean;
use crate::error::{CommandError, CommandResult};
use crate::installation::{self, Installation};
use crate::output::Output;

/// The number of ids that are looked up at once.
const BATCH: usize = 100;

/// Lets events be delivered again that the ledger has recorded
///
/// An id that the ledger knows is not delivered again for 120 days. If what was delivered under it was forged
/// or wrong, this removes the record, and the mark by which the reconciler knows the id. The event is then
/// delivered when the provider sends it again, when `certhooks reconcile` finds it in the provider's
/// log, or with `certhooks send`. A consumer that drops known ids must forget it too; for one that
/// does not, `certhooks replay` delivers the archived event under an id of its own.
///
/// Ids that are named with --id need not be in the archive. Other conditions select archived events.
#[derive(Args, Debug)]
#[command(after_help = "Examples:\n  certhooks forget --order 1234567890\n  \
    certhooks forget --stack certhooks --provider digicert --since 2026-11-01T12:00:00Z --dry-run\n\n\
    Exit status: 0 forgotten; 1 failed; 2 wrong usage; 3 the ledger knows none of them.")]
pub(crate) struct Forget {
    #[command(flatten)]
    pub(crate) filter: Filter,
    /// List the ids without forgetting them
    #[arg(long)]
    pub(crate) dry_run: bool,
    #[command(flatten)]
    pub(crate) stack: StackArgs,
    #[command(flatten)]
    pub(crate) common: CommonArgs,
}

pub(crate) async fn run(arguments: &Forget) -> CommandResult<ExitCode> {
    if arguments.filter.is_empty() {
        return Err(CommandError::usage(
            "no events are selected; select them with --id, --order, --hostname, --provider, --event, \
             --since or --until",
        ));
    }
    let (environment, state) = (Environment::of_process(), &arguments.common.state);
    let installation = installation::open(&arguments.stack, state, &environment).await?;
    let output = Output { json: arguments.common.json };
    let ids = ids(&*installation, &arguments.filter).await?;
    let mut count = 0_usize;
    for batch in ids.chunks(BATCH) {
        let forgotten = match arguments.dry_run {
            true => batch.to_vec(),
            false => installation.forget(batch).await?,
        };
        for id in &forgotten {
            output.say(&clean(id), &json!({ "id": id }));
        }
        count += forgotten.len();
    }
    if count == 0 {
        return Err(CommandError::not_found("the ledger knows no such event"));
    }
    let word = if arguments.dry_run { "would be forgotten" } else { "forgotten" };
    output.say(&format!("{count} {word}"), &json!({ "count": count }));
    Ok(ExitCode::SUCCESS)
}

/// The ids that are named, and those of the archived events that meet every other condition.
async fn ids(installation: &dyn Installation, filter: &Filter) -> CommandResult<Vec<String>> {
    let mut ids = filter.id.clone();
    let others = Filter { id: Vec::new(), ..filter.clone() };
    if others.is_empty() {
        return Ok(ids);
    }
    ids.clear();
    let selection = Selection::of(filter.clone(), None);
    let source = Source { archive: installation.archive()?, selection };
    let mut keys = source.keys();
    while let Some(key) = keys.next().await? {
        // One id may be archived several times, in a row.
        let id = source.selected(&key).await?.map(|(envelope, _)| envelope.id);
        ids.extend(id.filter(|id| ids.last() != Some(id)));
    }
    Ok(ids)
}
