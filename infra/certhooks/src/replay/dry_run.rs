use envelope::rfc3339;
use providers::dispatch;
use serde_json::json;

use crate::display::short;
use crate::error::{CommandError, CommandResult};
use crate::output::Output;
use crate::replay::candidate_keys::CandidateKeys;
use crate::replay::selection::Selection;
use crate::replay::source::Source;

/// Prints a line for each event that would be replayed, and their number.
pub(crate) async fn run(
    mut keys: CandidateKeys,
    source: &Source,
    selection: &Selection,
    json: bool,
) -> CommandResult<()> {
    let (output, mut count) = (Output { json }, 0_u64);
    while let Some(key) = keys.next().await? {
        let Some(envelope) = source.envelope(&key).await? else { continue };
        let Some(interpretation) = dispatch::interpret(&envelope) else { continue };
        if interpretation.challenge.is_some() || !selection.includes(&envelope, &interpretation) {
            continue;
        }
        let received = envelope.receivedtime;
        let received = rfc3339(received.replace_nanosecond(0).unwrap_or(received));
        let (kind, subject) = (interpretation.kind.as_str(), &interpretation.subject);
        let value = json!({
            "id": envelope.id, "received": received, "event": envelope.kind, "type": kind,
            "subject": subject, "key": key,
        });
        let kind = kind.strip_prefix("certhooks.").unwrap_or(kind);
        output.say(
            &format!(
                "{received} {kind:<32} {:<45} {}",
                short(subject, 45),
                short(&envelope.id, 80)
            ),
            &value,
        );
        count += 1;
    }
    if count == 0 {
        return Err(CommandError::not_found("the archive has no such event"));
    }
    output.say(&format!("{count} events would be replayed"), &json!({ "count": count }));
    Ok(())
}
