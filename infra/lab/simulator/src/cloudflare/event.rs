use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Something that happens to the certificate of a custom hostname.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct CloudflareEvent {
    pub account: String,
    /// The event type, with or without the prefix `ssl.custom_hostname_certificate.`.
    pub event: String,
    #[serde(default)]
    pub zone: Option<String>,
    /// The id of the custom hostname. Without it, the event is about a new one.
    #[serde(default)]
    pub hostname_id: Option<String>,
    /// The inner document, in place of one made from the other fields.
    #[serde(default)]
    pub document: Option<Value>,
}

impl CloudflareEvent {
    pub fn new(account: impl Into<String>, event: impl Into<String>) -> Self {
        let (account, event) = (account.into(), event.into());
        Self { account, event, zone: None, hostname_id: None, document: None }
    }

    #[must_use]
    pub fn of_hostname(mut self, id: impl Into<String>) -> Self {
        self.hostname_id = Some(id.into());
        self
    }
}

/// A notification that was sent.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct CloudflareSent {
    pub policy_id: String,
    pub destination_id: String,
    /// The status code of the response; `None` without a response in time.
    pub code: Option<u16>,
}
