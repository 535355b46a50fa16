use serde_json::json;

use crate::archive::Source;
use crate::display::{short, whole_seconds, without_prefix};
use crate::error::{CommandError, CommandResult};
use crate::output::{self, Output};

/// Prints a line for each event that would be replayed, and their number.
pub(crate) async fn run(source: &Source, output: Output) -> CommandResult<()> {
    let (mut keys, mut count) = (source.keys(), 0_u64);
    while let Some(key) = keys.next().await? {
        let Some((envelope, interpretation)) = source.selected(&key).await? else { continue };
        let received = whole_seconds(envelope.receivedtime);
        let (kind, subject) = (interpretation.kind.as_str(), &interpretation.subject);
        let value = json!({
            "id": envelope.id, "received": received, "event": envelope.kind, "type": kind,
            "subject": subject, "key": key,
        });
        let (kind, id) = (without_prefix(kind), short(&envelope.id, 80));
        output.say(&format!("{received} {kind:<32} {:<45} {id}", short(subject, 45)), &value);
        count += 1;
    }
    if count == 0 {
        return Err(CommandError::not_found("the archive has no such event"));
    }
    let events = output::count(count as usize, "event");
    output.say(&format!("{events} would be replayed"), &json!({ "count": count }));
    Ok(())
}
