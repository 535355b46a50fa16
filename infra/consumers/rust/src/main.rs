//! Reports each certificate whose key is not an expected one. EXPECTED_KEYS names a file with an `spki_sha256` a line.
//!
//! On AWS: a Lambda function on the queue. On one machine: `certhooks forward --consumer keys --exec expected-keys`.
//! SEEN is where handled ids are kept: `s3://BUCKET/PREFIX` or `file:///FOLDER`, with 120 days or more until they expire.

mod event;

use aws_lambda_events::sqs::{SqsBatchResponse, SqsEvent};
use event::{CertificateEvent, EventType, Offloaded};
use lambda_runtime::{Error, LambdaEvent, service_fn};
use object_store::{ObjectStore, ObjectStoreExt, parse_url_opts, path::Path};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use std::env::{var, vars};

type Members = serde_json::Map<String, Value>;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    rustls::crypto::ring::default_provider().install_default().map_err(|_| "another TLS provider")?;
    if var("AWS_LAMBDA_RUNTIME_API").is_ok() {
        return lambda_runtime::run(service_fn(handle_batch)).await;
    }
    handle(&std::io::read_to_string(std::io::stdin())?).await
}

async fn handle_batch(batch: LambdaEvent<SqsEvent>) -> Result<SqsBatchResponse, Error> {
    let mut response = SqsBatchResponse::default();
    for record in batch.payload.records {
        if let Err(error) = handle(record.body.as_deref().unwrap_or_default()).await {
            println!("{}", json!({ "level": "ERROR", "message": "not handled", "error": error.to_string() }));
            response.add_failure(record.message_id.unwrap_or_default());
        }
    }
    Ok(response)
}

/// An id is kept after its event is handled, so that a crash repeats a report and loses none.
async fn handle(body: &str) -> Result<(), Error> {
    let mut event: Value = serde_json::from_str(body)?;
    let (store, prefix) = open(&required("SEEN")?)?;
    let seen = prefix.join(hex(event["id"].as_str().ok_or("this is no event: it has no id")?));
    if store.head(&seen).await.is_ok() {
        return Ok(());
    }
    if event["data"]["offloaded"].is_object() {
        restore(&mut event["data"]).await?;
    }
    check(&serde_json::from_value(event)?)?;
    store.put(&seen, "".into()).await?;
    Ok(())
}

fn check(event: &CertificateEvent) -> Result<(), Error> {
    use EventType::{Deployed, Issued, Observed, Renewed};
    let expected = std::fs::read_to_string(required("EXPECTED_KEYS")?)?;
    // The leaf is first. Its key is null where the provider gives no certificate, so that there is nothing to check.
    let key = event.data.certificates.first().and_then(|leaf| leaf.spki_sha256.as_deref());
    if let (Issued | Renewed | Deployed | Observed, Some(key)) = (&event.kind, key)
        && !expected.lines().any(|line| line.trim() == key)
    {
        let of = json!({ "id": event.id, "subject": event.subject, "conflict": event.conflict, "replayed": event.replayed });
        println!("{}", json!({ "level": "WARN", "message": "unexpected key", "spki_sha256": key, "event": of }));
    }
    Ok(())
}

/// Puts back what was too large for the queue.
async fn restore(data: &mut Value) -> Result<(), Error> {
    let Offloaded { uri, size, sha256 } = serde_json::from_value(data["offloaded"].clone())?;
    let (store, path) = open(&uri)?;
    let content = store.get(&path).await?.bytes().await?;
    if content.len() != size || hex(&content) != sha256 {
        return Err(format!("{uri} is not what the event names").into());
    }
    for (name, value) in serde_json::from_slice::<Members>(&content)? {
        match name.split_once('.') {
            Some((of, member)) => data[of][member] = value,
            None => data[name] = value,
        }
    }
    Ok(())
}

/// Region, credentials and endpoint come from the variables that every client of AWS reads.
fn open(url: &str) -> Result<(Box<dyn ObjectStore>, Path), Error> {
    Ok(parse_url_opts(&url.parse()?, vars().filter(|(name, _)| name.starts_with("AWS_")))?)
}

fn required(name: &str) -> Result<String, Error> {
    var(name).map_err(|_| format!("{name} is not set").into())
}

fn hex(bytes: impl AsRef<[u8]>) -> String {
    format!("{:x}", Sha256::digest(bytes))
}
