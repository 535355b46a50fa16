use serde_json::Value;

use super::destination::Destination;
use super::policy::Policy;
use super::refusal::{refusal, unreadable};
use crate::api::Answer;
use crate::cloudflare::is_id;
use crate::refusal::Refusal;

/// The webhook destinations of the account.
///
/// # Errors
/// The [`Refusal`] says why the answer holds no list.
pub fn classify_destinations(answer: &Answer<'_>) -> Result<Vec<Destination>, Refusal> {
    list(answer, Destination::read)
}

/// The notification policies of the account.
///
/// # Errors
/// The [`Refusal`] says why the answer holds no list.
pub fn classify_policies(answer: &Answer<'_>) -> Result<Vec<Policy>, Refusal> {
    list(answer, Policy::read)
}

/// The id of the new destination or policy.
///
/// # Errors
/// The [`Refusal`] says why nothing was created.
pub fn classify_created(answer: &Answer<'_>) -> Result<String, Refusal> {
    let result = result(answer)?;
    let id = result["id"].as_str().filter(|id| is_id(id));
    id.map(str::to_owned).ok_or_else(|| unreadable(answer))
}

/// For calls whose answer has no result that matters.
///
/// # Errors
/// The [`Refusal`] says why the call failed.
pub fn classify_done(answer: &Answer<'_>) -> Result<(), Refusal> {
    result(answer).map(drop)
}

/// An empty list may be `null`, as public clients of this API have it.
fn list<T>(answer: &Answer<'_>, read: fn(&Value) -> Option<T>) -> Result<Vec<T>, Refusal> {
    match result(answer)? {
        Value::Array(all) => {
            all.iter().map(|one| read(one).ok_or_else(|| unreadable(answer))).collect()
        }
        Value::Null => Ok(Vec::new()),
        _ => Err(unreadable(answer)),
    }
}

/// The member `result` of an answer `{success, errors, messages, result}` ("Make API calls").
fn result(answer: &Answer<'_>) -> Result<Value, Refusal> {
    if !answer.is_success() {
        return Err(refusal(answer));
    }
    let body: Value = serde_json::from_slice(answer.body).map_err(|_| unreadable(answer))?;
    match body.get("success") {
        Some(Value::Bool(true)) => Ok(body.get("result").cloned().unwrap_or_default()),
        Some(Value::Bool(false)) => Err(refusal(answer)),
        _ => Err(unreadable(answer)),
    }
}
