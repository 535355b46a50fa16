use envelope::rfc3339;
use providers::dispatch;
use serde_json::json;

use crate::fault::{Fault, Outcome};
use crate::line::short;
use crate::output::Output;
use crate::replay::choice::Choice;
use crate::replay::keys::Keys;
use crate::replay::source::Source;

/// A line for each event that would be replayed, and how many they are.
pub(crate) async fn run(
    mut keys: Keys,
    source: &Source,
    choice: &Choice,
    json: bool,
) -> Outcome<()> {
    let (output, mut count) = (Output { json }, 0_u64);
    while let Some(key) = keys.next().await? {
        let Some(envelope) = source.envelope(&key).await? else { continue };
        if dispatch::challenge(&envelope).is_some() {
            continue;
        }
        let Some(interpretation) = dispatch::interpret(&envelope) else { continue };
        if !choice.has(&envelope, &interpretation) {
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
        return Err(Fault::nothing("the archive has no such event"));
    }
    output.say(&format!("{count} events would be replayed"), &json!({ "count": count }));
    Ok(())
}
