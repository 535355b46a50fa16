use anyhow::{Context, Result, ensure};
use harness::{EVENTS_QUEUE, InvocationResult, Message};
use serde_json::{Value, json};

/// The secret in the header of the sample event.
pub(crate) const SECRET: &str = "sample-webhook-key-of-32-characters-or-more";

/// The size of a webhook's body in bytes.
const BODY: usize = 2048;

/// A webhook of CertCentral, as API Gateway passes it to a function. Each number is another certificate.
#[derive(Debug)]
pub(crate) struct Event {
    body: Value,
    /// The invocation's payload.
    pub(crate) invocation: String,
}

impl Event {
    /// # Errors
    /// The sample in `events/lambda` cannot be read.
    pub(crate) fn new(number: u64) -> Result<Self> {
        let mut body = json!({
            "event": "certificate_issued",
            "data": { "order_id": 100_000_000 + number, "certificate_id": 200_000_000 + number, "note": "" },
        });
        let padding = BODY.saturating_sub(body.to_string().len());
        body["data"]["note"] = "x".repeat(padding).into();
        let mut event: Value = serde_json::from_str(&harness::sample("digicert.rest.json")?)?;
        event["body"] = body.to_string().into();
        Ok(Self { body, invocation: event.to_string() })
    }

    /// Checks that the event was acknowledged with 200 and that exactly one message is on the queue: the event
    /// itself, or an envelope around it with the acknowledged id. Otherwise the figure is void.
    ///
    /// # Errors
    /// The response or the messages are others.
    pub(crate) fn check(&self, answer: &InvocationResult, messages: &[Message]) -> Result<()> {
        let response = match answer {
            InvocationResult::Response(response) => response,
            InvocationResult::Error(error) => anyhow::bail!("the invocation failed: {error}"),
        };
        ensure!(response["statusCode"] == 200, "the answer is not 200: {response}");
        let [message] = messages else {
            anyhow::bail!("{} messages are on the queue instead of one", messages.len());
        };
        ensure!(message.queue == EVENTS_QUEUE, "the message is on queue {}", message.queue);
        let message: Value =
            serde_json::from_str(&message.body).context("the message is not JSON")?;
        if message["specversion"].is_null() {
            ensure!(message == self.body, "the message is not the event: {message}");
            return Ok(());
        }
        ensure!(message["data"] == self.body, "the envelope has another event: {message}");
        let acknowledged: Value =
            serde_json::from_str(response["body"].as_str().unwrap_or_default())
                .context("the answer's body is not JSON")?;
        let id = message["id"].as_str().filter(|id| id.len() == 64).context("no derived id")?;
        ensure!(
            acknowledged["ids"] == json!([id]),
            "the answer has another id than the message: {acknowledged}"
        );
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use harness::{EVENTS_QUEUE, InvocationResult, Message};
    use serde_json::json;

    use super::{BODY, Event};

    fn message(body: impl ToString) -> Message {
        Message { queue: EVENTS_QUEUE.to_owned(), body: body.to_string() }
    }

    #[test]
    fn only_acknowledged_and_queued_events_count() {
        let event = Event::new(7).unwrap();
        assert_eq!(event.body.to_string().len(), BODY);
        let id = "a".repeat(64);
        let envelope = message(json!({ "specversion": "1.0", "id": id, "data": event.body }));
        let answer = |status: u16, id: &str| {
            let body = json!({ "accepted": 1, "ids": [id] }).to_string();
            InvocationResult::Response(json!({ "statusCode": status, "body": body }))
        };
        let other = Event::new(8).unwrap();
        let (good, bare) = (answer(200, &id), message(&event.body));
        for (is_good, answer, messages) in [
            (true, &good, vec![envelope.clone()]),
            (true, &good, vec![bare.clone()]),
            (false, &good, vec![]),
            (false, &good, vec![bare.clone(), bare.clone()]),
            (false, &good, vec![message(&other.body)]),
            (false, &good, vec![message("cut")]),
            (false, &good, vec![Message { queue: "other".into(), ..bare.clone() }]),
            (false, &answer(200, "b"), vec![envelope.clone()]),
            (false, &answer(503, &id), vec![envelope]),
            (false, &InvocationResult::Error(json!({})), vec![bare]),
        ] {
            assert_eq!(event.check(answer, &messages).is_ok(), is_good, "{answer:?} {messages:?}");
        }
    }
}
