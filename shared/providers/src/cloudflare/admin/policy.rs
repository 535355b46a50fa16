use serde_json::{Map, Value, json};

use crate::cloudflare::{CUSTOM_HOSTNAMES_ALERT, is_id};

/// The members that a request may set; Cloudflare sets the others ("Update a notification policy").
const SETTABLE: [&str; 8] = [
    "name",
    "description",
    "enabled",
    "alert_type",
    "alert_interval",
    "mechanisms",
    "filters",
    "conditions",
];

/// A notification policy: which alert goes to which destinations.
#[derive(Clone, Debug, PartialEq)]
pub struct Policy {
    pub id: String,
    pub name: String,
    pub alert_type: String,
    pub is_enabled: bool,
    /// The ids of its webhook destinations.
    pub destinations: Vec<String>,
    /// The policy as Cloudflare returned it, with e-mail addresses and filters.
    whole: Map<String, Value>,
}

/// A policy that sends every alert of a type to these destinations.
pub fn new_policy(name: &str, alert_type: &str, destinations: &[&str]) -> Map<String, Value> {
    let webhooks: Vec<_> = destinations.iter().map(|id| json!({ "id": id })).collect();
    let policy = json!({
        "name": name,
        "enabled": true,
        "alert_type": alert_type,
        "mechanisms": { "webhooks": webhooks },
    });
    members(policy)
}

impl Policy {
    /// `None` without an id.
    pub(super) fn read(policy: &Value) -> Option<Self> {
        let text = |name: &str| policy[name].as_str().map(str::trim).unwrap_or_default().to_owned();
        let webhooks = policy["mechanisms"]["webhooks"].as_array().into_iter().flatten();
        Some(Self {
            id: Some(text("id")).filter(|id| is_id(id))?,
            name: text("name"),
            alert_type: text("alert_type"),
            is_enabled: policy["enabled"] == true,
            destinations: webhooks
                .filter_map(|one| one["id"].as_str().map(str::to_owned))
                .collect(),
            whole: members(policy.clone()),
        })
    }

    /// Whether it sends every event about custom hostnames to this destination.
    pub fn serves(&self, destination: &str) -> bool {
        self.is_enabled && self.is_about_custom_hostnames() && self.sends_to(destination)
    }

    pub fn is_about_custom_hostnames(&self) -> bool {
        self.alert_type == CUSTOM_HOSTNAMES_ALERT
    }

    pub fn sends_to(&self, destination: &str) -> bool {
        self.destinations.iter().any(|id| id == destination)
    }

    /// The policy with one destination in the place of others, and everything else unchanged.
    pub fn moved(&self, from: &[&str], to: &str) -> Map<String, Value> {
        let mut ids: Vec<&str> = Vec::new();
        let moved = |id: &str| from.contains(&id);
        for id in self.destinations.iter().map(|id| if moved(id) { to } else { id }) {
            if !ids.contains(&id) {
                ids.push(id);
            }
        }
        self.with_webhooks(&ids)
    }

    /// The policy, enabled.
    pub fn enabled(&self) -> Map<String, Value> {
        let mut policy = self.settable();
        policy.insert("enabled".to_owned(), true.into());
        policy
    }

    fn with_webhooks(&self, ids: &[&str]) -> Map<String, Value> {
        let mut policy = self.settable();
        let mut mechanisms = policy.get("mechanisms").cloned().map(members).unwrap_or_default();
        let ids: Vec<_> = ids.iter().map(|id| json!({ "id": id })).collect();
        mechanisms.insert("webhooks".to_owned(), ids.into());
        policy.insert("mechanisms".to_owned(), mechanisms.into());
        policy
    }

    fn settable(&self) -> Map<String, Value> {
        let is_settable = |(name, value): &(&String, &Value)| {
            SETTABLE.contains(&name.as_str()) && !value.is_null()
        };
        self.whole
            .iter()
            .filter(is_settable)
            .map(|(name, value)| (name.clone(), value.clone()))
            .collect()
    }
}

fn members(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(members) => members,
        _ => Map::new(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::Policy;

    #[test]
    fn a_moved_policy_keeps_everything_else() {
        let returned = json!({
            "id": "0123", "name": "n", "description": "d", "enabled": true, "created": "2026-01-01",
            "alert_type": "custom_ssl_certificate_event_type", "conditions": null,
            "filters": {"zones": ["z"]},
            "mechanisms": {"email": [{"id": "a@b.example"}], "webhooks": [{"id": "a"}, {"id": "b"}]},
        });
        let policy = Policy::read(&returned).unwrap();
        assert!(policy.serves("a") && !policy.serves("c"));
        let moved = Value::Object(policy.moved(&["a"], "c"));
        assert_eq!(
            moved,
            json!({
                "name": "n", "description": "d", "enabled": true,
                "alert_type": "custom_ssl_certificate_event_type",
                "filters": {"zones": ["z"]},
                "mechanisms": {
                    "email": [{"id": "a@b.example"}], "webhooks": [{"id": "c"}, {"id": "b"}],
                },
            })
        );
        let both = policy.moved(&["a"], "b");
        assert_eq!(both["mechanisms"]["webhooks"], json!([{"id": "b"}]));
    }
}
