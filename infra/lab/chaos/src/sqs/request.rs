use http::request::Parts;
use serde_json::{Value, json};

/// The function that sent a request.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Caller {
    Webhook,
    Worker,
}

/// The step of an event's processing that a request is for.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(crate) enum Step {
    Enqueue,
    Claim,
    Archive,
    CallBack,
    Publish,
    /// The history of the certificate, which is part of the record.
    History,
    Record,
    Requeue,
    Release,
    /// Done by the event source mapping, not by the function.
    Delete,
    /// Secrets and everything else.
    Other,
}

impl Step {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Enqueue => "enqueue",
            Self::Claim => "claim",
            Self::Archive => "archive",
            Self::CallBack => "call-back",
            Self::Publish => "publish",
            Self::History => "history",
            Self::Record => "record",
            Self::Requeue => "requeue",
            Self::Release => "release",
            Self::Delete => "delete",
            Self::Other => "other",
        }
    }
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Service {
    Sqs,
    DynamoDb,
    S3,
    Secrets,
    Provider,
}

/// A request as the proxy sees it.
#[derive(Clone, Debug)]
pub(crate) struct RequestInfo {
    pub(crate) step: Step,
    pub(crate) service: Service,
    /// The id of the event, if the request has one.
    pub(crate) id: Option<String>,
    /// The SDK's id of the call, which all its attempts share.
    pub(crate) call: Option<String>,
    /// Whether it is a `SendMessageBatch`, which can fail in part.
    pub(crate) is_batch: bool,
}

/// What the path of a request to a provider begins with at the proxy.
pub(crate) const PROVIDERS: &str = "/providers";

impl RequestInfo {
    pub(crate) fn of(caller: Caller, parts: &Parts, body: &[u8]) -> Self {
        let path = parts.uri.path();
        let header = |name| parts.headers.get(name).and_then(|value| value.to_str().ok());
        let target = header("x-amz-target");
        let call = header("amz-sdk-invocation-id").map(str::to_owned);
        let info = |step, service| Self { step, service, id: None, call, is_batch: false };
        match target.unwrap_or_default().split_once('.') {
            Some(("AmazonSQS", "SendMessageBatch")) => {
                let step = if caller == Caller::Webhook { Step::Enqueue } else { Step::Requeue };
                Self { is_batch: true, ..info(step, Service::Sqs) }
            }
            Some(("AmazonSQS", "SendMessage")) => {
                Self { id: published(body), ..info(Step::Publish, Service::Sqs) }
            }
            Some(("AmazonSQS", _)) => info(Step::Other, Service::Sqs),
            Some(("DynamoDB_20120810", operation)) => {
                let (step, id) = ledger(operation, body);
                Self { id, ..info(step, Service::DynamoDb) }
            }
            Some(_) => info(Step::Other, Service::Secrets),
            None if path.starts_with(PROVIDERS) => info(Step::CallBack, Service::Provider),
            None => info(Step::Archive, Service::S3),
        }
    }
}

/// The id of the event in a message of the deliveries queue.
fn published(body: &[u8]) -> Option<String> {
    let request: Value = serde_json::from_slice(body).ok()?;
    Some(request["MessageAttributes"]["id"]["StringValue"].as_str()?.to_owned())
}

/// The step of a ledger request, decided by what it writes and not by the operation.
fn ledger(operation: &str, body: &[u8]) -> (Step, Option<String>) {
    let text = String::from_utf8_lossy(body);
    if let Some(id) = history_id(&text) {
        return (Step::History, Some(id.to_owned()));
    }
    let id = text.split("\"event#").nth(1).and_then(|rest| rest.split('"').next());
    let step = match operation {
        "DeleteItem" => Step::Release,
        "Query" | "GetItem" | "BatchGetItem" => Step::Other,
        _ if id.is_none() => Step::Other,
        _ if text.contains(r#"{"S":"recorded"}"#) => Step::Record,
        _ if text.contains(r#"{"S":"claimed"}"#) => Step::Claim,
        _ => Step::Other,
    };
    (step, id.map(str::to_owned))
}

/// The id in the sort key of a history record, `received#TIME#ID`.
fn history_id(text: &str) -> Option<&str> {
    text.split("\"received#").nth(1)?.split('"').next()?.split('#').nth(1)
}

/// Splits a `SendMessageBatch` into the request without its odd entries, and the ids of those entries. `None`
/// if there would be no odd entries.
pub(crate) fn halved(body: &[u8]) -> Option<(Vec<u8>, Vec<String>)> {
    let mut request: Value = serde_json::from_slice(body).ok()?;
    let entries = request["Entries"].as_array()?.clone();
    let odd = entries.iter().skip(1).step_by(2).filter_map(|entry| entry["Id"].as_str());
    let odd: Vec<String> = odd.map(str::to_owned).collect();
    request["Entries"] = entries.into_iter().step_by(2).collect();
    (!odd.is_empty()).then(|| (request.to_string().into_bytes(), odd))
}

/// The queue's response to the half that it got, with the other half as failed.
pub(crate) fn with_failed(answer: &[u8], failed: &[String]) -> Option<Vec<u8>> {
    let mut answer: Value = serde_json::from_slice(answer).ok()?;
    let failed = failed.iter().map(
        |id| json!({ "Id": id, "Code": "InternalError", "SenderFault": false, "Message": "chaos" }),
    );
    answer["Failed"] = failed.collect();
    Some(answer.to_string().into_bytes())
}

#[cfg(test)]
mod tests {
    use http::Request;

    use super::*;

    fn info(caller: Caller, path: &str, target: &str, body: &str) -> RequestInfo {
        let request = Request::post(path).header("x-amz-target", target).body(()).unwrap();
        let (mut parts, ()) = request.into_parts();
        if target.is_empty() {
            parts.headers.clear();
        }
        RequestInfo::of(caller, &parts, body.as_bytes())
    }

    #[test]
    fn the_step_of_a_request() {
        let claim = r#"{"Item":{"pk":{"S":"event#a1"},"state":{"S":"claimed"}}}"#;
        let record = r#"{"Item":{"pk":{"S":"event#a1"},"state":{"S":"recorded"}}}"#;
        let history = r#"{"sk":{"S":"received#2026-01-01T00:00:00.000000Z#a1"}}"#;
        let publish = r#"{"MessageAttributes":{"id":{"StringValue":"a1"}}}"#;
        for (path, target, body, step, id) in [
            ("/", "DynamoDB_20120810.PutItem", claim, Step::Claim, Some("a1")),
            ("/", "DynamoDB_20120810.PutItem", record, Step::Record, Some("a1")),
            ("/", "DynamoDB_20120810.BatchWriteItem", history, Step::History, Some("a1")),
            ("/", "DynamoDB_20120810.DeleteItem", claim, Step::Release, Some("a1")),
            ("/", "AmazonSQS.SendMessage", publish, Step::Publish, Some("a1")),
            ("/", "AmazonSQS.SendMessageBatch", "{}", Step::Requeue, None),
            ("/", "secretsmanager.GetSecretValue", "{}", Step::Other, None),
            ("/archive/provider/2026/01/01/a1", "", "", Step::Archive, None),
            ("/providers/base/order/1", "", "", Step::CallBack, None),
        ] {
            let info = info(Caller::Worker, path, target, body);
            assert_eq!((info.step, info.id.as_deref()), (step, id), "{path} {target}");
        }
        let webhook = info(Caller::Webhook, "/", "AmazonSQS.SendMessageBatch", "{}");
        assert_eq!(webhook.step, Step::Enqueue);
    }

    #[test]
    fn a_batch_is_halved() {
        let body = br#"{"QueueUrl":"q","Entries":[{"Id":"0"},{"Id":"1"},{"Id":"2"}]}"#;
        let (half, failed) = halved(body).unwrap();
        let half: Value = serde_json::from_slice(&half).unwrap();
        assert_eq!(half["Entries"], json!([{ "Id": "0" }, { "Id": "2" }]));
        assert_eq!(failed, ["1"]);
        let answer = with_failed(br#"{"Successful":[{"Id":"0"}]}"#, &failed).unwrap();
        let answer: Value = serde_json::from_slice(&answer).unwrap();
        assert_eq!(answer["Failed"][0]["Id"], "1");
        assert!(halved(br#"{"Entries":[{"Id":"0"}]}"#).is_none());
    }
}
