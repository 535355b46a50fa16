use serde_json::Value;

use super::refusal::Refusal;
use super::request::FIELDS;
use crate::api::Answer;
use crate::meta::OBJECT;
use crate::meta::api::SubscribedDomains;

/// The app's subscription to certificate transparency.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Subscription {
    pub callback: String,
    pub is_active: bool,
    pub fields: Vec<String>,
}

impl Subscription {
    /// The fields that it does not include.
    pub fn missing(&self) -> Vec<&'static str> {
        FIELDS.into_iter().filter(|field| !self.fields.iter().any(|have| have == field)).collect()
    }
}

/// The app's subscription. `None` when the app has none.
///
/// # Errors
/// The [`Refusal`] says why the answer holds no list.
pub fn classify_subscriptions(answer: &Answer<'_>) -> Result<Option<Subscription>, Refusal> {
    let body = success(answer)?;
    let Some(all) = body["data"].as_array() else {
        return Err(Refusal::Unreadable { status: answer.status });
    };
    let found = all.iter().find(|one| one["object"] == OBJECT);
    Ok(found.map(|subscription| Subscription {
        callback: subscription["callback_url"].as_str().unwrap_or_default().to_owned(),
        is_active: subscription["active"] != false,
        fields: subscription["fields"].as_array().into_iter().flatten().filter_map(field).collect(),
    }))
}

/// The name of a field. A field is an object with its name, in older versions of the API the name
/// alone.
fn field(field: &Value) -> Option<String> {
    field["name"].as_str().or_else(|| field.as_str()).map(str::to_owned)
}

/// One page of the app's domains.
///
/// # Errors
/// The [`Refusal`] says why the answer holds no list.
pub fn classify_domains(answer: &Answer<'_>) -> Result<SubscribedDomains, Refusal> {
    let body = success(answer)?;
    let Some(data) = body["data"].as_array() else {
        return Err(Refusal::Unreadable { status: answer.status });
    };
    let domains = data.iter().filter_map(|one| one["domain"].as_str().map(str::to_owned)).collect();
    // `paging.next` holds the access token; it only shows that a next page exists.
    let after = body["paging"]["next"].as_str().and(body["paging"]["cursors"]["after"].as_str());
    Ok(SubscribedDomains { domains, after: after.map(str::to_owned) })
}

/// For calls that only report success. `success` is a boolean, or a string ("Certificate
/// Transparency API").
///
/// # Errors
/// The [`Refusal`] says why the call failed.
pub fn classify_done(answer: &Answer<'_>) -> Result<(), Refusal> {
    match &success(answer)?["success"] {
        Value::Bool(true) => Ok(()),
        Value::String(text) if text == "true" => Ok(()),
        _ => Err(Refusal::Unreadable { status: answer.status }),
    }
}

/// The JSON of a success without a member `error`.
fn success(answer: &Answer<'_>) -> Result<Value, Refusal> {
    let body: Option<Value> = serde_json::from_slice(answer.body).ok();
    match body {
        Some(body) if answer.is_success() && body.get("error").is_none() => Ok(body),
        _ => Err(Refusal::of(answer)),
    }
}
