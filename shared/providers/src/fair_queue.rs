use envelope::Envelope;
use serde_json::Value;

use crate::interpretation::Interpretation;
use crate::json;

/// Longest group id in characters (SQS API reference, SendMessage, `MessageGroupId`).
pub const GROUP_LIMIT: usize = 128;

/// The fair-queue group of an event: its provider, and its order or its subject. A group that is
/// too long for SQS, or has characters that SQS does not allow, is replaced by its hash.
pub fn group(envelope: &Envelope, interpretation: &Interpretation) -> String {
    let order = interpretation.identifiers.get("order_id").and_then(Value::as_u64);
    let order = order.map(|id| format!("{}/order/{id}", interpretation.provider));
    let group = order.unwrap_or_else(|| envelope.subject.clone());
    if group.len() <= GROUP_LIMIT && group.bytes().all(|byte| byte.is_ascii_graphic()) {
        return group;
    }
    format!("{}/{}", interpretation.provider, json::id(&[interpretation.provider.as_str(), &group]))
}
