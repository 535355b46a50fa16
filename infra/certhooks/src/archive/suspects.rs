use envelope::Provider;
use serde_json::json;
use time::OffsetDateTime;

use crate::archive::{Filter, Selection, Source};
use crate::args::{EventFilter, ProviderName};
use crate::display::{clean, whole_seconds};
use crate::error::CommandResult;
use crate::installation::Installation;
use crate::output::Output;

/// The stage of a secret that is to be current: whoever has the old one does not know it.
const PENDING: &str = "AWSPENDING";

/// Lists the archived events of a provider that came with the old secret from `since` until the rotation
/// began. Whoever knew the secret may have sent any of them.
///
/// # Errors
/// The archive cannot be read.
pub(crate) async fn list_suspects(
    installation: &dyn Installation,
    provider: Provider,
    (since, until): (OffsetDateTime, OffsetDateTime),
    output: Output,
) -> CommandResult<()> {
    let kinds = EventFilter { provider: vec![ProviderName(provider)], event: Vec::new() };
    let filter = Filter { kinds, since: Some(since), until: Some(until), ..Filter::default() };
    let selection = Selection::of(filter, None);
    let source = Source { archive: installation.archive()?, selection };
    let (mut keys, mut count) = (source.keys(), 0_usize);
    while let Some(key) = keys.next().await? {
        let Some((envelope, _)) = source.selected(&key).await? else { continue };
        let stage = envelope.secretstage.as_deref();
        if stage == Some(PENDING) {
            continue;
        }
        let received = whole_seconds(envelope.receivedtime);
        let address = envelope.sourceaddress.map(|address| address.to_string());
        let (id, subject) = (clean(&envelope.id), clean(&envelope.subject));
        let from = address.as_deref().unwrap_or("unknown address");
        output.say(
            &format!("{received} {from:<39} {subject:<45} {id}"),
            &json!({
                "id": envelope.id, "received": received, "sourceaddress": address,
                "secretstage": stage, "subject": envelope.subject,
            }),
        );
        count += 1;
    }
    let text = format!(
        "{count} events came with the old secret since {}. Whoever knew it may have sent them: compare them \
         with the provider's records, and let what was forged be delivered again with `certhooks forget --id ID`",
        whole_seconds(since)
    );
    output.say(&text, &json!({ "suspects": count }));
    Ok(())
}
