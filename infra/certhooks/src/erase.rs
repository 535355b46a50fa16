use std::collections::BTreeSet;

use boot::Environment;
use clap::{ArgGroup, Args};
use embedded::{Erased, Erasure, Options, Reader, State};
use ports::{History, alias, split_key};
use serde_json::json;
use time::OffsetDateTime;
use time::UtcOffset;
use time::macros::format_description;

use crate::archive::{Filter, Selection, Source};
use crate::args::CommonArgs;
use crate::error::{CommandError, CommandResult};
use crate::installation::{Installation, LocalInstallation};
use crate::output::Output;

/// Erases what is stored of an order or of a domain, in a state folder
///
/// Deletes the archived events, the deliveries, the dead letters and the histories. Only the ids stay in the
/// ledger, without data, for 120 days: else an event that its provider sends again would be delivered again.
/// An event that still waits on the queue is not erased; run the command again once it is delivered. What
/// consumers were given, copies of the state folder, and logs are not touched. `certhooks local` may run
/// meanwhile.
#[derive(Args, Debug)]
#[command(group(ArgGroup::new("erased").args(["order", "hostname"]).required(true).multiple(true)))]
#[command(after_help = "Examples:\n  certhooks erase --order 1234567890\n  \
    certhooks erase --hostname shop.example.com --dry-run\n\n\
    Exit status: 0 erased; 1 failed; 2 wrong usage; 3 nothing is stored of it.")]
pub(crate) struct Erase {
    /// CertCentral order to erase; may be repeated
    #[arg(long, value_name = "ID")]
    pub(crate) order: Vec<u64>,
    /// Hostname or domain to erase, without those below it; may be repeated
    #[arg(long, value_name = "NAME")]
    pub(crate) hostname: Vec<String>,
    /// List the ids of the events without erasing anything
    #[arg(long)]
    pub(crate) dry_run: bool,
    #[command(flatten)]
    pub(crate) common: CommonArgs,
}

pub(crate) async fn run(arguments: &Erase) -> CommandResult<()> {
    let CommonArgs { state: folder, json } = &arguments.common;
    let output = Output { json: *json };
    let state = State::join(folder, Options::default())?;
    let (mut ids, mut total) = (BTreeSet::new(), Erased::default());
    loop {
        let found = find(arguments, &state.reader()).await?;
        if found.is_empty() || arguments.dry_run {
            ids.extend(found.ids);
            break;
        }
        ids.extend(found.ids.iter().cloned());
        let erased = state.erase(found).await?;
        if erased == Erased::default() {
            break;
        }
        total.deliveries += erased.deliveries;
        total.archived += erased.archived;
        total.history += erased.history;
        total.dead_letters += erased.dead_letters;
    }
    if ids.is_empty() {
        return Err(CommandError::not_found("nothing is stored of it"));
    }
    for id in &ids {
        output.say(id, &json!({ "id": id }));
    }
    if !arguments.dry_run {
        let Erased { deliveries, archived, history, dead_letters } = total;
        let text = format!(
            "erased: {archived} archived, {deliveries} deliveries, {history} in histories, {dead_letters} \
             dead letters"
        );
        let value = json!({ "archived": archived, "deliveries": deliveries, "history": history,
            "dead_letters": dead_letters });
        output.say(&text, &value);
    }
    Ok(())
}

/// What is stored: a part of it where it is much, since a look-up in the ledger has a limit.
async fn find(arguments: &Erase, reader: &Reader) -> CommandResult<Erasure> {
    let orders = arguments.order.iter().map(|id| alias::order(*id));
    let names = arguments.hostname.iter().map(|name| alias::name(name));
    let mut erasure = Erasure::default();
    for history in reader.histories(orders.chain(names).collect()).await? {
        for entry in &history.entries {
            erasure.keys.extend(archive_key(&history, &entry.id, entry.received));
            erasure.ids.push(entry.id.clone());
        }
        erasure.certificates.push(history.certificate);
    }
    let order = |id: &u64| Filter { order: vec![*id], ..Filter::default() };
    let hostname = |name: &String| Filter { hostname: vec![name.clone()], ..Filter::default() };
    // Each alone: together they would have to meet in one event.
    let filters = arguments.order.iter().map(order).chain(arguments.hostname.iter().map(hostname));
    let installation = LocalInstallation::new(&arguments.common.state, &Environment::of_process());
    for filter in filters {
        let source =
            Source { archive: installation.archive()?, selection: Selection::of(filter, None) };
        let mut keys = source.keys();
        while let Some(key) = keys.next().await? {
            if let Some((envelope, _)) = source.selected(&key).await? {
                let own_key = split_key(&key).map_or(&*key, |(own_key, _)| own_key);
                erasure.keys.push(own_key.to_owned());
                erasure.ids.push(envelope.id);
            }
        }
    }
    Ok(erasure)
}

/// The key of an event in the archive, of whose provider the key of the certificate tells.
fn archive_key(history: &History, id: &str, received: OffsetDateTime) -> Option<String> {
    let provider = match history.certificate.split('/').next()? {
        // What followed from the logs is Certhooks' own event.
        "ct" => "certhooks",
        provider => provider,
    };
    let day = format_description!("[year]/[month]/[day]");
    let day = received.to_offset(UtcOffset::UTC).format(day).ok()?;
    Some(format!("{provider}/{day}/{}", id.replace('/', ".")))
}
