use serde_json::Value;
use serde_json::value::RawValue;

use super::destination::Destination;
use super::policy::Policy;
use super::refusal::{refusal, unreadable};
use crate::api::Answer;
use crate::cloudflare::is_id;
use crate::json::{self, Members};
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
    let id = success(answer)?.object("result").and_then(|result| result.text("id"));
    id.filter(|id| is_id(id)).ok_or_else(|| unreadable(answer))
}

/// For calls whose answer has no result that matters.
///
/// # Errors
/// The [`Refusal`] says why the call failed.
pub fn classify_done(answer: &Answer<'_>) -> Result<(), Refusal> {
    success(answer).map(drop)
}

fn list<T>(answer: &Answer<'_>, read: fn(&Value) -> Option<T>) -> Result<Vec<T>, Refusal> {
    let all = listed(&success(answer)?, answer)?.into_iter();
    let all = all.map(|one| read(&serde_json::from_str(one.get()).ok()?)).collect::<Option<_>>();
    all.ok_or_else(|| unreadable(answer))
}

/// The list in `result`. An empty one may be `null`, as public clients of this API have it.
pub(in crate::cloudflare) fn listed<'a>(
    body: &Members<'a>,
    answer: &Answer<'_>,
) -> Result<Vec<&'a RawValue>, Refusal> {
    match body.get("result") {
        None => Ok(Vec::new()),
        Some(_) => body.list("result").ok_or_else(|| unreadable(answer)),
    }
}

/// The members of an answer `{success, errors, messages, result}` ("Make API calls") that is a success.
pub(in crate::cloudflare) fn success<'a>(answer: &Answer<'a>) -> Result<Members<'a>, Refusal> {
    if !answer.is_success() {
        return Err(refusal(answer));
    }
    let body = json::borrowed_object(answer.body).ok().and_then(Members::of).unwrap_or_default();
    match body.get("success").map(RawValue::get) {
        Some("true") => Ok(body),
        Some("false") => Err(refusal(answer)),
        _ => Err(unreadable(answer)),
    }
}
