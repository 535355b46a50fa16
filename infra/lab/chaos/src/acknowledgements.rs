use std::collections::BTreeSet;

use anyhow::{Context, Result, ensure};
use harness::SecretScanner;
use serde_json::Value;

use crate::events::Event;

/// The response of a webhook endpoint.
pub(crate) struct Response {
    pub(crate) status: u64,
    /// Names in lower case and values, in quotation marks.
    pub(crate) headers: String,
    pub(crate) body: String,
}

/// What the webhook endpoints responded.
pub(crate) struct Acknowledgements {
    scanner: SecretScanner,
    /// The ids of all acknowledged events that are to be delivered.
    pub(crate) accepted: BTreeSet<String>,
    /// The number of refusals with 503 and `Retry-After`.
    pub(crate) refused: u64,
    /// The number of secrets found in responses.
    pub(crate) leaked: u64,
}

impl Acknowledgements {
    pub(crate) fn new(scanner: SecretScanner) -> Self {
        Self { scanner, accepted: BTreeSet::new(), refused: 0, leaked: 0 }
    }

    /// Takes the response to an event. Returns whether it acknowledges the event, which
    /// otherwise has to be sent again.
    ///
    /// # Errors
    /// The response is neither 200 with ids nor 503 with `Retry-After`.
    pub(crate) fn take(&mut self, event: &Event, response: &Response) -> Result<bool> {
        let Response { status, headers, body } = response;
        self.leaked += self.scanner.count(headers) + self.scanner.count(body);
        if *status != 200 {
            let is_later = *status == 503 && headers.contains("\"retry-after\"");
            ensure!(is_later, "neither 200 nor 503 with Retry-After: {status} {headers} {body}");
            self.refused += 1;
            return Ok(false);
        }
        let answer: Value = serde_json::from_str(body)?;
        let ids = answer["ids"].as_array().context("the 200 has no ids")?;
        // A challenge is stored for the operator and never delivered.
        if !event.is_challenge {
            self.accepted.extend(ids.iter().filter_map(Value::as_str).map(str::to_owned));
        }
        Ok(true)
    }
}
