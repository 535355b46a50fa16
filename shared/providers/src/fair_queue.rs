use crate::json;

/// Longest group id in characters (SQS API reference, SendMessage, `MessageGroupId`).
pub const GROUP_LIMIT: usize = 128;

/// The fair-queue group of an event with this `source`: the tenant, whose flood must not delay the others. A
/// source that is too long for SQS, or has characters that SQS does not allow, is replaced by its hash.
pub fn group(source: &str) -> String {
    if source.len() <= GROUP_LIMIT && source.bytes().all(|byte| byte.is_ascii_graphic()) {
        return source.to_owned();
    }
    json::id(&[source])
}
