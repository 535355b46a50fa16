use data_encoding::HEXLOWER;
use envelope::CertificateEvent;
use ports::{Archive, Delivery, PortError, PortResult};
use ring::digest::{SHA256, digest};
use serde::Serialize;

use crate::process::archive_key;

/// The largest body of a delivery. Members of a larger event are offloaded to the archive, because
/// SQS allows 1 MiB with attributes.
const DELIVERY_LIMIT: usize = 900 * 1024;

/// Returns the event as it goes onto the queue (EIP, "Claim Check"). If it is too large, first
/// `payload` and then `pem_chain` move to an archive object that `dataref` names. The object is a JSON
/// object of the members that moved, with the payload byte for byte.
pub(crate) async fn offload(
    archive: &impl Archive,
    event: &mut CertificateEvent,
) -> PortResult<Delivery> {
    let whole = Delivery::new(event)?;
    if whole.body.len() <= DELIVERY_LIMIT {
        return Ok(whole);
    }
    let mut moved = vec![member("payload", &event.data.payload.take())?];
    if Delivery::new(event)?.body.len() > DELIVERY_LIMIT {
        moved.push(member("pem_chain", &event.data.pem_chain.take())?);
    }
    drop_issuers(event)?;
    let object = format!("{{{}}}", moved.join(",")).into_bytes();
    event.datarefsize = u64::try_from(object.len()).ok();
    event.datarefsha256 = Some(HEXLOWER.encode(digest(&SHA256, &object).as_ref()));
    event.dataref = Some(archive.put(&format!("{}.data", archive_key(event)?), object).await?);
    Delivery::new(event)
}

fn member(name: &str, value: &impl Serialize) -> PortResult<String> {
    let value =
        serde_json::to_string(value).map_err(|error| PortError(format!("{name}: {error}")))?;
    Ok(format!("\"{name}\":{value}"))
}

/// Keeps only the leaf in the list of certificates, if the list alone is still too large. This is the
/// last resort for a provider that sends thousands of certificates; the archive object holds the
/// whole chain by then.
fn drop_issuers(event: &mut CertificateEvent) -> PortResult<()> {
    if Delivery::new(event)?.body.len() <= DELIVERY_LIMIT {
        return Ok(());
    }
    let dropped = event.data.certificates.len().saturating_sub(1);
    event.data.certificates.truncate(1);
    event.data.related.clear();
    event.data.problems.truncate(10);
    event.data.problems.push(format!(
        "{dropped} certificates after the leaf are in the pem_chain of dataref only"
    ));
    if Delivery::new(event)?.body.len() <= DELIVERY_LIMIT {
        return Ok(());
    }
    Err(PortError(format!(
        "event {}: larger than a queue message, even without its chain",
        event.id
    )))
}
