use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::Uri;
use providers::cloudflare::CUSTOM_HOSTNAMES_ALERT;
use serde_json::{Map, Value, json};

use super::replies::{found, not_routed, refused};
use super::state::{Alerting, CloudflareState, Destination, Policy, webhooks};
use crate::random;
use crate::responses::HandlerResult;

/// The alerts about certificates. An account has many more.
const ALERTS: [&str; 3] =
    [CUSTOM_HOSTNAMES_ALERT, "dedicated_ssl_certificate_event_type", "universal_ssl_event_type"];

const REQUIRED: [&str; 4] = ["name", "enabled", "alert_type", "mechanisms"];

pub(super) async fn create(
    State(state): State<Arc<CloudflareState>>,
    Path(account): Path<String>,
    body: Bytes,
) -> HandlerResult {
    let mut alerting = state.alerting();
    let members = parse(&body, &mut alerting, &account).map_err(|message| refused(&message))?;
    if let Some(missing) = REQUIRED.iter().find(|name| !members.contains_key(**name)) {
        return Err(refused(&format!("{missing} is required")).into());
    }
    let id = random::hex::<16>()?;
    let (created, modified) = (state.shared.clock.now(), state.shared.clock.now());
    alerting.policies.push(Policy { account, id: id.clone(), created, modified, members });
    Ok(found(json!({"id": id})))
}

/// No member is required here. A member that is not given keeps its value.
pub(super) async fn update(
    State(state): State<Arc<CloudflareState>>,
    Path((account, id)): Path<(String, String)>,
    uri: Uri,
    body: Bytes,
) -> HandlerResult {
    let mut alerting = state.alerting();
    let members = parse(&body, &mut alerting, &account).map_err(|message| refused(&message))?;
    let policy = alerting.find::<Policy>(&account, &id).ok_or_else(|| not_routed(uri.path()))?;
    policy.members.extend(members);
    policy.modified = state.shared.clock.now();
    Ok(found(json!({"id": id})))
}

/// The members of the body, all of them valid; an error is the message of the response.
fn parse(
    body: &[u8],
    alerting: &mut Alerting,
    account: &str,
) -> Result<Map<String, Value>, String> {
    let members: Map<String, Value> =
        serde_json::from_slice(body).map_err(|_| "The request body is not a JSON object")?;
    for (name, value) in &members {
        let is_valid = match name.as_str() {
            "name" => value.as_str().is_some_and(|name| !name.is_empty()),
            "alert_type" => value.as_str().is_some_and(|alert| ALERTS.contains(&alert)),
            "enabled" => value.is_boolean(),
            "description" | "alert_interval" => value.is_string(),
            "filters" | "conditions" => value.is_object(),
            "mechanisms" => is_mechanisms(value),
            _ => return Err(format!("{name} is not a member of a policy")),
        };
        if !is_valid {
            return Err(format!("{name} is not valid"));
        }
    }
    let unknown = |id: &&str| alerting.find::<Destination>(account, id).is_none();
    if let Some(id) = webhooks(members.get("mechanisms")).find(unknown) {
        return Err(format!("mechanisms: there is no webhook {id}"));
    }
    Ok(members)
}

/// Whether the value is like `{"webhooks": [{"id": ...}]}`, with at least one destination. Other mechanisms
/// are stored and not used.
fn is_mechanisms(value: &Value) -> bool {
    const KINDS: [&str; 3] = ["webhooks", "email", "pagerduty"];
    let is_destination = |entry: &Value| entry.get("id").is_some_and(Value::is_string);
    let is_list = |list: &Value| {
        list.as_array().is_some_and(|list| !list.is_empty() && list.iter().all(is_destination))
    };
    value.as_object().is_some_and(|mechanisms| {
        !mechanisms.is_empty()
            && mechanisms.iter().all(|(kind, list)| KINDS.contains(&kind.as_str()) && is_list(list))
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::is_mechanisms;

    #[test]
    fn mechanisms_name_at_least_one_destination() {
        assert!(is_mechanisms(
            &json!({"webhooks": [{"id": "a"}], "email": [{"id": "a@b.example"}]})
        ));
        for value in [
            json!({}),
            json!([]),
            json!({"webhooks": []}),
            json!({"webhooks": ["a"]}),
            json!({"webhook": [{"id": "a"}]}),
        ] {
            assert!(!is_mechanisms(&value), "{value}");
        }
    }
}
