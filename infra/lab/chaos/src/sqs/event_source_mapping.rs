use anyhow::{Context, Result};
use harness::InvocationResult;
use serde_json::{Value, json};

use crate::sqs::process_under_test::Invocation;
use crate::sqs::testbed::SqsTestbed;

/// The number of messages of a batch, as in the template.
const BATCH: u32 = 10;
/// Longer than any run. Messages become visible again after a kill or a failure, not after a timeout.
const VISIBILITY: u32 = 3600;

/// When the messages of a successful batch are deleted.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Deletion {
    Made,
    /// The worker is killed after its response, and the messages are not deleted.
    KilledBefore,
    KilledAfter,
}

/// The number of messages on the queue.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Depth {
    pub(crate) visible: u64,
    pub(crate) hidden: u64,
}

/// Does what the event source mapping of Lambda does: receives a batch, invokes the worker, and deletes the
/// messages that did not fail (`ReportBatchItemFailures`). Messages that are not deleted are visible again at
/// once and their leases have ended, as after the visibility timeout. Returns `false` if the queue was empty.
pub(crate) async fn poll(testbed: &mut SqsTestbed, deletion: Deletion) -> Result<bool> {
    let messages = receive(testbed).await?;
    if messages.is_empty() {
        return Ok(false);
    }
    let ended = testbed.worker.invoke(event(&messages).to_string(), &testbed.proxy).await?;
    let failed: Vec<String> = match ended {
        Invocation::Answered(InvocationResult::Response(answer)) => {
            let failures = answer["batchItemFailures"]
                .as_array()
                .context("the response has no list of failures")?;
            let ids = failures.iter().filter_map(|failure| failure["itemIdentifier"].as_str());
            ids.map(str::to_owned).collect()
        }
        Invocation::Answered(InvocationResult::Error(_)) | Invocation::Killed => {
            return_to_queue(testbed, &messages).await?;
            return Ok(true);
        }
    };
    if deletion == Deletion::KilledBefore {
        killed(testbed, "before delete")?;
        return_to_queue(testbed, &messages).await?;
        return Ok(true);
    }
    let is_failed = |message: &Value| {
        failed.iter().any(|failed| Some(failed.as_str()) == message["MessageId"].as_str())
    };
    let (kept, done): (Vec<_>, Vec<_>) = messages.into_iter().partition(is_failed);
    delete(testbed, &done).await?;
    return_to_queue(testbed, &kept).await?;
    if deletion == Deletion::KilledAfter {
        killed(testbed, "after delete")?;
    }
    Ok(true)
}

fn killed(testbed: &mut SqsTestbed, at: &str) -> Result<()> {
    testbed.worker.kill()?;
    testbed.worker.kills += 1;
    let mut trace = testbed.proxy.trace();
    trace.killed();
    trace.count(at.to_owned());
    Ok(())
}

async fn receive(testbed: &SqsTestbed) -> Result<Vec<Value>> {
    let request = json!({
        "MaxNumberOfMessages": BATCH, "VisibilityTimeout": VISIBILITY,
        "MessageAttributeNames": ["All"], "AttributeNames": ["All"],
    });
    let mut received = testbed.queue("ReceiveMessage", request).await?;
    Ok(match received["Messages"].take() {
        Value::Array(messages) => messages,
        _ => Vec::new(),
    })
}

/// The event with which Lambda invokes the worker for a batch.
fn event(messages: &[Value]) -> Value {
    let record = |message: &Value| {
        json!({
            "messageId": message["MessageId"], "receiptHandle": message["ReceiptHandle"],
            "body": message["Body"], "attributes": message["Attributes"], "messageAttributes": {},
            "md5OfBody": message["MD5OfBody"], "eventSource": "aws:sqs",
            "eventSourceARN": "arn:aws:sqs:eu-central-1:000000000000:events",
            "awsRegion": "eu-central-1",
        })
    };
    json!({ "Records": messages.iter().map(record).collect::<Vec<_>>() })
}

async fn delete(testbed: &SqsTestbed, messages: &[Value]) -> Result<()> {
    for message in messages {
        let request = json!({ "ReceiptHandle": message["ReceiptHandle"] });
        testbed.queue("DeleteMessage", request).await?;
    }
    Ok(())
}

async fn return_to_queue(testbed: &SqsTestbed, messages: &[Value]) -> Result<()> {
    for message in messages {
        let body: Value = serde_json::from_str(message["Body"].as_str().unwrap_or_default())?;
        testbed.end_lease(body["id"].as_str().context("the envelope has no id")?).await;
        let request = json!({ "ReceiptHandle": message["ReceiptHandle"], "VisibilityTimeout": 0 });
        testbed.queue("ChangeMessageVisibility", request).await?;
    }
    Ok(())
}

pub(crate) async fn depth(testbed: &SqsTestbed) -> Result<Depth> {
    let request = json!({ "AttributeNames": ["All"] });
    let found = testbed.queue("GetQueueAttributes", request).await?;
    let number = |name: &str| {
        let text = found["Attributes"][name].as_str().unwrap_or_default();
        text.parse::<u64>().unwrap_or_default()
    };
    Ok(Depth {
        visible: number("ApproximateNumberOfMessages"),
        hidden: number("ApproximateNumberOfMessagesDelayed")
            + number("ApproximateNumberOfMessagesNotVisible"),
    })
}
