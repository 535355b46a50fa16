use std::sync::Arc;
use std::time::{Duration, Instant};

use lambda::Event;
use ports::{Archive, Deliveries, EventsQueue, Ledger, SecretSource};
use processing::{QueueMessage, Worker};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use serde_json::value::RawValue;

/// The time reserved to requeue the events in progress before Lambda ends the invocation.
const RESERVE: Duration = Duration::from_secs(5);

/// An SQS event. Each record is parsed separately, so that a bad record does not fail the others.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Batch<'a> {
    #[serde(borrow)]
    records: Vec<&'a RawValue>,
}

/// The used members of a record, of any JSON type.
#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Record {
    message_id: Value,
    receipt_handle: Value,
    body: Value,
}

/// The records that stay on the queue (Lambda, "Reporting batch item failures").
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

/// Processes the records of a batch independently. The answer names those that stay on the queue.
///
/// # Errors
/// When the event is no batch, or a record without an id must stay on the queue. Then the whole batch
/// does, and the ledger prevents a second delivery of the other records.
pub(crate) async fn process<Q, D, L, A, S>(
    worker: Arc<Worker<Q, D, L, A, S>>,
    event: Event,
) -> Result<Failures, &'static str>
where
    Q: EventsQueue,
    D: Deliveries,
    L: Ledger,
    A: Archive,
    S: SecretSource,
{
    let deadline = lambda::deadline(&event.context, RESERVE);
    let (mut ids, mut messages, mut kept) = (Vec::new(), Vec::new(), Vec::new());
    let Batch { records } =
        serde_json::from_slice(&event.payload).map_err(|_| "the event is not a batch of SQS")?;
    for record in records {
        match read(record.get(), deadline) {
            (id, Some(message)) => {
                ids.push(id);
                messages.push(message);
            }
            (id, None) => {
                tracing::error!(
                    sqs_message_id = id,
                    error = "the record has no body, or its body is not a string",
                    "leaving it for redelivery"
                );
                kept.push(id);
            }
        }
    }
    let dispositions = worker.process_batch(messages).await;
    kept.extend(
        ids.into_iter()
            .zip(dispositions)
            .filter(|(_, disposition)| !disposition.is_done())
            .map(|(id, _)| id),
    );
    failures(kept)
}

/// Returns the message id of a record and its message; `None` when its body is not a string.
fn read(json: &str, deadline: Option<Instant>) -> (Option<String>, Option<QueueMessage>) {
    let record: Record = serde_json::from_str(json).unwrap_or_default();
    let text = |value: Value| match value {
        Value::String(text) if !text.is_empty() => Some(text),
        _ => None,
    };
    let id = text(record.message_id);
    // The handle differs at each receipt, even when a standard queue delivers a message twice at once.
    let receipt = text(record.receipt_handle).or_else(|| id.clone()).unwrap_or_default();
    let message = |body| QueueMessage { id: id.clone(), receipt, body, deadline };
    let message = text(record.body).map(message);
    (id, message)
}

/// An empty id would fail the whole batch without a reason, so it is never reported.
fn failures(kept: Vec<Option<String>>) -> Result<Failures, &'static str> {
    let failure = |id: Option<String>| id.map(|item_identifier| Failure { item_identifier });
    let batch_item_failures =
        kept.into_iter().map(failure).collect::<Option<_>>().ok_or(
            "a record without a messageId must stay on the queue, so the whole batch does",
        )?;
    Ok(Failures { batch_item_failures })
}

#[cfg(test)]
mod tests {
    use super::{failures, read};

    #[test]
    fn records_are_read_separately() {
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
            assert_eq!(read.as_ref().map(|message| &*message.receipt), receipt, "{record}");
            assert_eq!(read.as_ref().map(|message| &*message.body), body, "{record}");
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
