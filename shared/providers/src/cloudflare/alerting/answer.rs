use serde_json::Value;

use super::destination::Destination;
use super::policy::Policy;
use super::refusal::Refusal;
use crate::api::Answer;
use crate::cloudflare::is_id;

/// # Errors
/// As the refusal says.
pub fn classify_destinations(answer: &Answer<'_>) -> Result<Vec<Destination>, Refusal> {
    list(answer, Destination::read)
}

/// # Errors
/// As the refusal says.
pub fn classify_policies(answer: &Answer<'_>) -> Result<Vec<Policy>, Refusal> {
    list(answer, Policy::read)
}

/// The id of what was made.
///
/// # Errors
/// As the refusal says.
pub fn classify_created(answer: &Answer<'_>) -> Result<String, Refusal> {
    let result = result(answer)?;
    let id = result["id"].as_str().filter(|id| is_id(id));
    id.map(str::to_owned).ok_or(Refusal::Unreadable { status: answer.status })
}

/// For calls whose answer tells nothing but that it is done.
///
/// # Errors
/// As the refusal says.
pub fn classify_done(answer: &Answer<'_>) -> Result<(), Refusal> {
    result(answer).map(drop)
}

/// `null` for an empty list was seen in clients of this API.
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

/// `result` of `{success, errors, messages, result}` (Cloudflare API, responses).
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
