use http::Method;
use serde_json::{Map, Value};

use super::destination::NewDestination;
use crate::api::Request;

/// "List webhooks".
pub fn destinations(account: &str) -> Request {
    of(Method::GET, account, &["destinations", "webhooks"])
}

/// "Create a webhook". Cloudflare sends a test message to the destination, and refuses it without a
/// 2xx.
pub fn create_destination(account: &str, new: &NewDestination<'_>) -> Request {
    of(Method::POST, account, &["destinations", "webhooks"]).with(&new.body()).with_endpoint()
}

/// "Update a webhook". Cloudflare sends the test message again. The request holds all members,
/// since no page says what an absent secret does.
pub fn update_destination(account: &str, id: &str, new: &NewDestination<'_>) -> Request {
    of(Method::PUT, account, &["destinations", "webhooks", id]).with(&new.body()).with_endpoint()
}

/// "Delete a webhook".
pub fn delete_destination(account: &str, id: &str) -> Request {
    of(Method::DELETE, account, &["destinations", "webhooks", id])
}

/// "List notification policies".
pub fn policies(account: &str) -> Request {
    of(Method::GET, account, &["policies"])
}

/// "Create a notification policy".
pub fn create_policy(account: &str, policy: &Map<String, Value>) -> Request {
    of(Method::POST, account, &["policies"]).with(&Value::Object(policy.clone()))
}

/// "Update a notification policy".
pub fn update_policy(account: &str, id: &str, policy: &Map<String, Value>) -> Request {
    of(Method::PUT, account, &["policies", id]).with(&Value::Object(policy.clone()))
}

/// "Delete a notification policy".
pub fn delete_policy(account: &str, id: &str) -> Request {
    of(Method::DELETE, account, &["policies", id])
}

fn of(method: Method, account: &str, below: &[&str]) -> Request {
    Request::new(
        method,
        ["accounts", account, "alerting", "v3"].into_iter().chain(below.iter().copied()),
    )
}
