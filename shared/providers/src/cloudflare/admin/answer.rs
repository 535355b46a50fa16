use serde_json::Value;

use super::destination::Destination;
use super::policy::Policy;
use super::refusal::Refusal;
use crate::api::Answer;
use crate::cloudflare::is_id;

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
    id.map(str::to_owned).ok_or(Refusal::Unreadable { status: answer.status })
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
            let unreadable = Refusal::Unreadable { status: answer.status };
            all.iter().map(|one| read(one).ok_or(unreadable.clone())).collect()
        }
        Value::Null => Ok(Vec::new()),
        _ => Err(Refusal::Unreadable { status: answer.status }),
    }
}

/// The member `result` of an answer `{success, errors, messages, result}` ("Make API calls").
fn result(answer: &Answer<'_>) -> Result<Value, Refusal> {
    if !answer.is_success() {
        return Err(Refusal::of(answer));
    }
    let body: Value =
        serde_json::from_slice(answer.body).map_err(|_| Refusal::unreadable(answer))?;
    match body.get("success") {
        Some(Value::Bool(true)) => Ok(body.get("result").cloned().unwrap_or_default()),
        Some(Value::Bool(false)) => Err(Refusal::of(answer)),
        _ => Err(Refusal::Unreadable { status: answer.status }),
    }
}
