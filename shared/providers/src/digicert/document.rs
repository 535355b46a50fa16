pub(super) mod ids;

use serde_json::value::RawValue;

use crate::json::{self, Members};

/// The test event, which "Send test notification" in the console and "Send test event" send
/// ("CertCentral webhooks", section "Create a webhook").
pub(crate) const TEST: &str = "test_webhook_endpoint";
/// The event that brings the ownership token ("CertCentral webhooks", section "Create a webhook").
pub(crate) const CHALLENGE: &str = "challenge_webhook_endpoint";

/// CertCentral's document: `event`, a string, and `data`, an object, which the test event does not
/// have ("CertCentral webhooks", section "Webhook events").
#[derive(Default)]
pub(crate) struct Document<'a> {
    pub(crate) event: String,
    /// As it came, of any JSON type.
    pub(crate) data: Option<&'a RawValue>,
    /// The members of `data`. Empty when `data` is no object.
    pub(crate) members: Members<'a>,
}

impl<'a> Document<'a> {
    /// `None` without an event name.
    pub(crate) fn of(document: &'a RawValue) -> Option<Self> {
        let document = Members::of(document)?;
        let data = document.get("data");
        let members = data.and_then(Members::of).unwrap_or_default();
        Some(Self { event: document.text("event")?, data, members })
    }

    /// A usable id. The samples have integers; ids are kept in 64 bits.
    pub(crate) fn id(&self, name: &str) -> Option<u64> {
        self.members.get(name).and_then(json::unsigned)
    }

    /// An id as part of a derived id. It is the same for `7`, `"7"` and `"007"`.
    pub(crate) fn id_part(&self, name: &str) -> String {
        let value = self.members.get(name);
        let id = value.and_then(json::unsigned).map(|id| id.to_string());
        id.unwrap_or_else(|| json::canonical_or_null(value))
    }
}
