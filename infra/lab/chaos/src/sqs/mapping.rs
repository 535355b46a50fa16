use anyhow::{Context, Result};
use harness::InvocationResult;
use serde_json::{Value, json};

use crate::sqs::stage::Stage;
use crate::sqs::victim::Ended;

/// Messages of a batch, as the template has it.
const BATCH: u32 = 10;
/// Longer than any run: here a message becomes visible when a kill or a failure says so.
const VISIBILITY: u32 = 3600;

/// What the mapping does about a batch that went well.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Deletion {
    Made,
    /// The worker is killed after its answer, and the messages stay.
    KilledBefore,
    KilledAfter,
}

/// How many messages are where.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Depth {
    pub(crate) visible: u64,
    pub(crate) hidden: u64,
}

/// Does as the event source mapping of Lambda: receive, invoke, delete what did not fail
/// (`ReportBatchItemFailures`). Whatever is not deleted is visible again at once, and its lease over,
/// as it would be after the visibility timeout. `false` when nothing was on the queue.
pub(crate) async fn round(stage: &mut Stage, deletion: Deletion) -> Result<bool> {
    let messages = receive(stage).await?;
    if messages.is_empty() {
        return Ok(false);
    }
    let ended = stage.worker.invoke(event(&messages).to_string(), &stage.proxy).await?;
    let failed: Vec<String> = match ended {
        Ended::Answered(InvocationResult::Response(answer)) => {
            let failures = answer["batchItemFailures"].as_array().context("no list of failures")?;
            let ids = failures.iter().filter_map(|failure| failure["itemIdentifier"].as_str());
            ids.map(str::to_owned).collect()
        }
        Ended::Answered(InvocationResult::Error(_)) | Ended::Killed => {
            give_back(stage, &messages).await?;
            return Ok(true);
        }
    };
    if deletion == Deletion::KilledBefore {
        killed(stage, "before delete")?;
        give_back(stage, &messages).await?;
        return Ok(true);
    }
    let is_failed = |message: &Value| {
        failed.iter().any(|failed| Some(failed.as_str()) == message["MessageId"].as_str())
    };
    let (kept, done): (Vec<_>, Vec<_>) = messages.into_iter().partition(is_failed);
    delete(stage, &done).await?;
    give_back(stage, &kept).await?;
    if deletion == Deletion::KilledAfter {
        killed(stage, "after delete")?;
    }
    Ok(true)
}

fn killed(stage: &mut Stage, at: &str) -> Result<()> {
    stage.worker.kill()?;
    stage.worker.kills += 1;
    let mut journal = stage.proxy.journal();
    journal.killed();
    journal.count(at.to_owned());
    Ok(())
}

async fn receive(stage: &Stage) -> Result<Vec<Value>> {
    let request = json!({
        "QueueUrl": stage.events, "MaxNumberOfMessages": BATCH, "VisibilityTimeout": VISIBILITY,
        "MessageAttributeNames": ["All"], "AttributeNames": ["All"],
    });
    let mut received = stage.emulator.call("sqs", "AmazonSQS.ReceiveMessage", request).await?;
    Ok(match received["Messages"].take() {
        Value::Array(messages) => messages,
        _ => Vec::new(),
    })
}

/// The event that Lambda makes of a batch.
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

async fn delete(stage: &Stage, messages: &[Value]) -> Result<()> {
    for message in messages {
        let request =
            json!({ "QueueUrl": stage.events, "ReceiptHandle": message["ReceiptHandle"] });
        stage.emulator.call("sqs", "AmazonSQS.DeleteMessage", request).await?;
    }
    Ok(())
}

async fn give_back(stage: &Stage, messages: &[Value]) -> Result<()> {
    for message in messages {
        let body: Value = serde_json::from_str(message["Body"].as_str().unwrap_or_default())?;
        stage.end_lease(body["id"].as_str().context("an envelope without an id")?).await;
        let request = json!({
            "QueueUrl": stage.events, "ReceiptHandle": message["ReceiptHandle"], "VisibilityTimeout": 0,
        });
        stage.emulator.call("sqs", "AmazonSQS.ChangeMessageVisibility", request).await?;
    }
    Ok(())
}

pub(crate) async fn depth(stage: &Stage) -> Result<Depth> {
    let request = json!({ "QueueUrl": stage.events, "AttributeNames": ["All"] });
    let found = stage.emulator.call("sqs", "AmazonSQS.GetQueueAttributes", request).await?;
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
