use serde_json::Value;
use serde_json::value::RawValue;

use super::logs::list as listed;
use super::parameters::Settings;
use super::refusal::{NO_WEBHOOK_IN_ACCOUNT, refusal, unreadable};
use crate::api::Answer;
use crate::json::{self, Members};
use crate::refusal::Refusal;
use crate::sent_secret::SentSecret;

/// A webhook as "List webhooks" shows it.
#[derive(Clone, Debug)]
pub struct Webhook {
    pub id: u64,
    pub endpoint: String,
    /// CertCentral shows it in clear to every API key that may list webhooks. `None` when none is
    /// set.
    pub secret: Option<SentSecret>,
    pub events: Vec<String>,
    pub status: Status,
    pub settings: Settings,
}

/// The state of a webhook.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Status {
    /// The challenge is not completed.
    Pending,
    Active,
    Inactive,
    /// A status that no page names.
    Other(String),
}

/// Reads the webhooks of the account. The list is empty when the account has none, which
/// CertCentral answers with an error (`webhook_invalid_account`, "List webhooks").
///
/// # Errors
/// The [`Refusal`] says why the answer holds no list.
pub fn classify_list(answer: &Answer<'_>) -> Result<Vec<Webhook>, Refusal> {
    if !answer.is_success() {
        let refusal = refusal(answer);
        return if refusal.is(NO_WEBHOOK_IN_ACCOUNT) { Ok(Vec::new()) } else { Err(refusal) };
    }
    let body = json::borrowed_object(answer.body).ok().and_then(Members::of);
    let webhooks = body.and_then(|body| listed(&body, "webhooks")?.into_iter().map(read).collect());
    webhooks.ok_or_else(|| unreadable(answer))
}

/// The id of the new webhook.
///
/// # Errors
/// The [`Refusal`] says why no webhook was created.
pub fn classify_created(answer: &Answer<'_>) -> Result<u64, Refusal> {
    let body = success(answer)?;
    let id = body.get("webhook_id").or_else(|| body.get("id")).and_then(unsigned);
    id.ok_or_else(|| unreadable(answer))
}

/// For calls whose answer has no body (204, or 200 from "Send test event").
///
/// # Errors
/// The [`Refusal`] says why the call failed. A success with a page in it is an error too, since
/// such an answer comes from a proxy.
pub fn classify_done(answer: &Answer<'_>) -> Result<(), Refusal> {
    if answer.is_success() && answer.body.trim_ascii().is_empty() {
        return Ok(());
    }
    success(answer).map(drop)
}

/// The JSON of a successful answer.
fn success(answer: &Answer<'_>) -> Result<Value, Refusal> {
    if !answer.is_success() {
        return Err(refusal(answer));
    }
    serde_json::from_slice(answer.body).map_err(|_| unreadable(answer))
}

/// A number, which CertCentral writes as a number or as a string.
fn unsigned(value: &Value) -> Option<u64> {
    value.as_u64().or_else(|| value.as_str()?.trim().parse().ok())
}

fn read(webhook: &RawValue) -> Option<Webhook> {
    let webhook: Value = serde_json::from_str(webhook.get()).ok()?;
    let text = |name: &str| webhook[name].as_str().map(str::trim).filter(|text| !text.is_empty());
    let events = webhook["events"].as_array().into_iter().flatten();
    Some(Webhook {
        id: unsigned(&webhook["id"])?,
        endpoint: text("endpoint").unwrap_or_default().to_owned(),
        secret: text("secret").map(SentSecret::from_response),
        events: events.filter_map(|event| event.as_str().map(str::to_owned)).collect(),
        status: Status::of(text("status").unwrap_or_default()),
        settings: settings(&webhook["webhook_settings"]),
    })
}

fn settings(settings: &Value) -> Settings {
    Settings {
        instant_issue: switch(&settings[Settings::INSTANT_ISSUE]),
        frequency: days(&settings[Settings::FREQUENCY]),
        chain: switch(&settings[Settings::CHAIN]),
        instant_chain: switch(&settings[Settings::INSTANT_CHAIN]),
    }
}

/// A setting that is on or off: the pages write `"1"` and `true`, public clients `1`.
fn switch(value: &Value) -> Option<bool> {
    match value {
        Value::Bool(on) => Some(*on),
        Value::Number(number) => Some(number.as_i64() != Some(0)),
        Value::String(text) => match text.trim().to_ascii_lowercase().as_str() {
            "1" | "true" | "on" | "yes" => Some(true),
            "0" | "false" | "off" | "no" | "" => Some(false),
            _ => None,
        },
        _ => None,
    }
}

/// A list of numbers, each of them a number or a string; or such a list as one string.
fn days(value: &Value) -> Option<Vec<i16>> {
    let number = |text: &str| text.trim().parse().ok();
    match value {
        Value::Array(days) => days
            .iter()
            .map(|day| match day {
                Value::String(text) => number(text),
                day => day.as_i64().and_then(|day| day.try_into().ok()),
            })
            .collect(),
        Value::Number(day) => Some(vec![day.as_i64()?.try_into().ok()?]),
        Value::String(text) => {
            let text = text.trim().trim_start_matches('[').trim_end_matches(']');
            let days = text.split(',').filter(|day| !day.trim().is_empty());
            days.map(|day| number(day.trim().trim_matches('"'))).collect()
        }
        _ => None,
    }
}

impl Status {
    fn of(status: &str) -> Self {
        match status.to_ascii_lowercase().as_str() {
            "pending" => Self::Pending,
            "active" => Self::Active,
            "inactive" => Self::Inactive,
            _ => Self::Other(status.chars().filter(|c| !c.is_control()).take(40).collect()),
        }
    }

    pub fn as_str(&self) -> &str {
        match self {
            Self::Pending => "pending",
            Self::Active => "active",
            Self::Inactive => "inactive",
            Self::Other(status) => status,
        }
    }
}
