use http::Method;
use secrecy::{ExposeSecret, SecretString};
use serde_json::json;

use crate::api::Request;
use crate::meta::{OBJECT, domain};

/// The fields of the object that a subscription announces.
pub const FIELDS: [&str; 2] = ["certificate", "phishing"];
/// Domains of one page.
const PAGE: &str = "500";

/// Domains are subscribed for each kind of alert by itself.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Alerts {
    Certificate,
    Phishing,
}

impl Alerts {
    pub const ALL: [Self; 2] = [Self::Certificate, Self::Phishing];

    /// The field of the subscription that announces them.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Certificate => "certificate",
            Self::Phishing => "phishing",
        }
    }

    fn edge(self) -> &'static str {
        match self {
            Self::Certificate => "subscribed_domains",
            Self::Phishing => "subscribed_domains_phishing",
        }
    }
}

/// Whether a text has the form of an app id.
pub fn is_app(app: &str) -> bool {
    (1..=32).contains(&app.len()) && app.bytes().all(|byte| byte.is_ascii_digit())
}

/// # Errors
/// What is wrong with it.
pub fn is_domain(name: &str) -> Result<(), String> {
    domain::usable(name).map(drop)
}

/// What the app hears of now.
pub fn subscriptions(app: &str) -> Request {
    Request::new(Method::GET, [app, "subscriptions"])
}

/// Both fields, with the values in the event: without them an event names no domain. Graph asks the
/// callback for the handshake before it answers.
pub fn subscribe(app: &str, callback: &str, verify_token: &SecretString) -> Request {
    let body = json!({
        "object": OBJECT,
        "callback_url": callback,
        "fields": FIELDS.join(","),
        "verify_token": verify_token.expose_secret(),
        "include_values": true,
    });
    Request::new(Method::POST, [app, "subscriptions"]).with(&body).with_endpoint()
}

/// The domains subscribed for these alerts, from the page after `after`.
pub fn domains(app: &str, alerts: Alerts, after: Option<&str>) -> Request {
    let mut request = Request::new(Method::GET, [app, alerts.edge()]);
    request.query.push(("limit", PAGE.to_owned()));
    request.query.extend(after.map(|after| ("after", after.to_owned())));
    request
}

/// More domains for these alerts; one that is there already is no error.
pub fn subscribe_domains(app: &str, alerts: Alerts, domains: &[&str]) -> Request {
    Request::new(Method::POST, [app, alerts.edge()]).with(&json!({ "subscribe": domains }))
}
