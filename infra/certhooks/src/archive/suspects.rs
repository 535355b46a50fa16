use envelope::Provider;
use serde_json::json;
use time::OffsetDateTime;

use crate::archive::{Filter, Selection, Source};
use crate::args::{EventFilter, ProviderName};
use crate::display::{clean, whole_seconds};
use crate::error::CommandResult;
use crate::installation::Installation;
use crate::output::Output;

/// The stage of a secret that is to be current.
const PENDING: &str = "AWSPENDING";

/// Lists the archived events of a provider that came from `since` until the rotation ended, but for those
/// that came with the new secret while it was made. Whoever knew an old secret may have sent any of them. A
/// stage is that which the endpoint knew, and its view is some minutes old at times, so nothing else is
/// concluded from it. Nothing is listed without `since`.
///
/// # Errors
/// The archive cannot be read.
pub(crate) async fn list_suspects(
    installation: &dyn Installation,
    provider: Provider,
    since: Option<OffsetDateTime>,
    began: OffsetDateTime,
    output: Output,
) -> CommandResult<()> {
    let Some(since) = since else { return Ok(()) };
    let kinds = EventFilter { provider: vec![ProviderName(provider)], event: Vec::new() };
    let until = Some(OffsetDateTime::now_utc());
    let filter = Filter { kinds, since: Some(since), until, ..Filter::default() };
    let selection = Selection::of(filter, None);
    let source = Source { archive: installation.archive()?, selection };
    let (mut keys, mut count) = (source.keys(), 0_usize);
    while let Some(key) = keys.next().await? {
        let Some((envelope, _)) = source.selected(&key).await? else { continue };
        let stage = envelope.secretstage.as_deref();
        if stage == Some(PENDING) && envelope.receivedtime >= began {
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
        "{count} events came since {}, before the new secret. Whoever knew the old one may have sent them: compare them \
         with the provider's records, and let what was forged be delivered again with `certhooks forget --id ID`",
        whole_seconds(since)
    );
    output.say(&text, &json!({ "suspects": count }));
    Ok(())
}
