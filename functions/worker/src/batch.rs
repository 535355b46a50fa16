use std::sync::Arc;
use std::time::{Duration, Instant};

use lambda::LambdaEvent;
use ports::{Archive, Deliveries, EventsQueue, Ledger, SecretSource};
use processing::{QueueMessage, Worker};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use serde_json::value::RawValue;

/// To give back what is under way, before Lambda ends the invocation.
const RESERVE: Duration = Duration::from_secs(5);

/// An SQS event. Each record is parsed by itself, so that a bad one fails by itself.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Batch {
    records: Vec<Box<RawValue>>,
}

/// What is needed of a record, of whatever type it came.
#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Message {
    message_id: Value,
    receipt_handle: Value,
    body: Value,
}

/// Which records the queue shall keep (Lambda, "Reporting batch item failures").
#[derive(Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Failures {
    batch_item_failures: Vec<Failure>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Failure {
    item_identifier: String,
}

/// Every record of a batch by itself; the answer names those that the queue shall keep.
///
/// # Errors
/// When a record without an id must be kept: then only the whole batch can be, and the ledger makes
/// sure that what is done of it is not done again.
pub(crate) async fn process<Q, D, L, A, S>(
    worker: Arc<Worker<Q, D, L, A, S>>,
    event: LambdaEvent<Batch>,
) -> Result<Failures, &'static str>
where
    Q: EventsQueue,
    D: Deliveries,
    L: Ledger,
    A: Archive,
    S: SecretSource,
{
    let deadline = lambda::deadline(&event.context, RESERVE);
    let (mut ids, mut records, mut kept) = (Vec::new(), Vec::new(), Vec::new());
    for record in &event.payload.records {
        match read(record.get(), deadline) {
            (id, Some(record)) => {
                ids.push(id);
                records.push(record);
            }
            (id, None) => {
                tracing::error!(
                    id,
                    "a record of the batch has no body that is a string; it is left to the queue"
                );
                kept.push(id);
            }
        }
    }
    let dispositions = worker.process_batch(records).await;
    kept.extend(
        ids.into_iter()
            .zip(dispositions)
            .filter(|(_, disposition)| !disposition.is_done())
            .map(|(id, _)| id),
    );
    failures(kept)
}

/// A record's message id, and what the worker takes; a body that is no string is nothing it takes.
fn read(record: &str, deadline: Option<Instant>) -> (Option<String>, Option<QueueMessage>) {
    let message: Message = serde_json::from_str(record).unwrap_or_default();
    let text = |value: Value| match value {
        Value::String(text) if !text.is_empty() => Some(text),
        _ => None,
    };
    let id = text(message.message_id);
    // The handle is another at each receipt, also when a standard queue delivers twice at a time.
    let receipt = text(message.receipt_handle).or_else(|| id.clone()).unwrap_or_default();
    (id, text(message.body).map(|body| QueueMessage { receipt, body, deadline }))
}

/// An empty id would fail the whole batch and hide why.
fn failures(kept: Vec<Option<String>>) -> Result<Failures, &'static str> {
    let failure = |id: Option<String>| id.map(|item_identifier| Failure { item_identifier });
    let batch_item_failures = kept
        .into_iter()
        .map(failure)
        .collect::<Option<_>>()
        .ok_or("a record without messageId must stay on the queue, so the whole batch does")?;
    Ok(Failures { batch_item_failures })
}

#[cfg(test)]
mod tests {
    use super::{failures, read};

    #[test]
    fn records_are_read_one_by_one() {
        for (record, id, receipt, body) in [
            (
                r#"{"messageId":"m","receiptHandle":"r","body":"{}"}"#,
                Some("m"),
                Some("r"),
                Some("{}"),
            ),
            (r#"{"messageId":"m","body":"not JSON"}"#, Some("m"), Some("m"), Some("not JSON")),
            (r#"{"messageId":"m","body":{"a":1}}"#, Some("m"), None, None),
            (r#"{"messageId":"m"}"#, Some("m"), None, None),
            (r#"{"messageId":"","body":"{}"}"#, None, Some(""), Some("{}")),
            (r#"{"messageId":7,"body":"{}"}"#, None, Some(""), Some("{}")),
            ("[]", None, None, None),
            ("null", None, None, None),
        ] {
            let (found, read) = read(record, None);
            assert_eq!(found.as_deref(), id, "{record}");
            assert_eq!(read.as_ref().map(|record| &*record.receipt), receipt, "{record}");
            assert_eq!(read.as_ref().map(|record| &*record.body), body, "{record}");
        }
    }

    #[test]
    fn no_empty_id_is_ever_reported() {
        let named = |id: &str| Some(id.to_owned());
        for (kept, json) in [
            (vec![], r#"{"batchItemFailures":[]}"#),
            (
                vec![named("a"), named("b")],
                r#"{"batchItemFailures":[{"itemIdentifier":"a"},{"itemIdentifier":"b"}]}"#,
            ),
        ] {
            assert_eq!(serde_json::to_string(&failures(kept).unwrap()).unwrap(), json);
        }
        assert!(failures(vec![named("a"), None]).is_err());
    }
}
