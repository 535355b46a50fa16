use http::Method;
use secrecy::{ExposeSecret, SecretString};
use serde_json::json;

use crate::api::Request;
use crate::meta::OBJECT;
use crate::meta::document::domain;

/// The fields that a subscription includes ("Webhooks for Certificate Transparency").
pub const FIELDS: [&str; 2] = ["certificate", "phishing"];
/// Number of domains on one page.
const PAGE: &str = "500";

/// A kind of alert. Domains are subscribed for each kind separately.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Alerts {
    Certificate,
    Phishing,
}

impl Alerts {
    pub const ALL: [Self; 2] = [Self::Certificate, Self::Phishing];

    /// The field of the subscription for these alerts.
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

/// Whether a domain can be subscribed.
///
/// # Errors
/// Says what is wrong with the name.
pub fn is_domain(name: &str) -> Result<(), String> {
    domain::usable(name).map(drop)
}

/// Asks for the app's subscriptions ("Subscriptions").
pub fn subscriptions(app: &str) -> Request {
    Request::new(Method::GET, [app, "subscriptions"])
}

/// Subscribes to both fields, with values: without values an event names no domain. The Graph API
/// makes the handshake with the callback URL before it answers ("Subscriptions").
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

/// Asks for the domains that are subscribed for these alerts, from the page after the cursor
/// `after`.
pub fn domains(app: &str, alerts: Alerts, after: Option<&str>) -> Request {
    let mut request = Request::new(Method::GET, [app, alerts.edge()]);
    request.query.push(("limit", PAGE.to_owned()));
    request.query.extend(after.map(|after| ("after", after.to_owned())));
    request
}

/// Subscribes more domains for these alerts. A domain that is subscribed already is no error.
pub fn subscribe_domains(app: &str, alerts: Alerts, domains: &[&str]) -> Request {
    Request::new(Method::POST, [app, alerts.edge()]).with(&json!({ "subscribe": domains }))
}
