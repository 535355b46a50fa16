use envelope::Provider;
use serde_json::json;
use time::OffsetDateTime;

use crate::archive::{Filter, Selection, Source};
use crate::args::{EventFilter, ProviderName};
use crate::display::{clean, whole_seconds};
use crate::error::CommandResult;
use crate::installation::Installation;
use crate::output::{Output, count as events};

/// Lists the archived events of a provider that came since `since`, but for those that came with the secret that
/// is current after the rotation: whoever knew an old one may have sent any of the others. An endpoint admits
/// the old secret until its cache ends, some minutes after the rotation, and takes it for the current one;
/// so the versions are compared, and not the stages. Nothing is listed without `since`.
///
/// # Errors
/// The archive or the secret cannot be read.
pub(crate) async fn list_suspects(
    installation: &dyn Installation,
    provider: Provider,
    since: Option<OffsetDateTime>,
    output: Output,
) -> CommandResult<()> {
    let Some(since) = since else { return Ok(()) };
    let current = installation.webhook_secret(provider).await?.ids.current;
    let kinds = EventFilter { provider: vec![ProviderName(provider)], event: Vec::new() };
    let filter = Filter { kinds, since: Some(since), ..Filter::default() };
    let selection = Selection::of(filter, None);
    let source = Source { archive: installation.archive()?, selection };
    let (mut keys, mut count) = (source.keys(), 0_usize);
    while let Some(key) = keys.next().await? {
        let Some((envelope, _)) = source.selected(&key).await? else { continue };
        let version = envelope.secretversion.as_deref();
        // What reconciliation found came from the provider's own records.
        let is_found = envelope.reconciled == Some(true);
        if is_found || (version.is_some() && version == current.as_deref()) {
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
                "secretstage": envelope.secretstage, "secretversion": version, "subject": envelope.subject,
            }),
        );
        count += 1;
    }
    let text = format!(
        "{} came since {} without the new secret. Whoever knew the old one may have sent them: compare them \
         with the provider's records, and let what was forged be delivered again with `certhooks forget --id ID`. \
         A webhook endpoint that read its secret before admits the old one until SECRET_CACHE_SECONDS after the \
         rotation: list again then, with --list",
        events(count, "event"),
        whole_seconds(since)
    );
    output.say(&text, &json!({ "suspects": count }));
    Ok(())
}
