use envelope::Provider;
use secrecy::SecretString;

use super::receiver::{CertspotterReceiver, TYPE_PREFIX};
use crate::api::Key;
use crate::enrich;
use crate::profile::{Api, Profile, Sources, StackOutputs, receive};
use crate::receiver::WebhookReceiver;
use crate::secret::Stored;
use crate::secret_member::{MIN_LENGTH, SecretMember};

/// Base of the API, version 1 ("CT Search API").
pub const API_BASE: &str = "https://api.certspotter.com/v1";

/// The user name in the URL of the webhook ("Cert Spotter Webhooks", "Notes").
pub const WEBHOOK_USERNAME: SecretMember = SecretMember {
    stored_as: "username",
    name: "certspotter_webhook_username",
    variable: "CERTSPOTTER_WEBHOOK_USERNAME",
    min_length: 0,
};

/// The password in the URL of the webhook.
pub const WEBHOOK_PASSWORD: SecretMember = SecretMember {
    stored_as: "password",
    name: "certspotter_webhook_password",
    variable: "CERTSPOTTER_WEBHOOK_PASSWORD",
    min_length: MIN_LENGTH,
};

/// The API key ("CT Search API").
pub const API_KEY: SecretMember = SecretMember {
    stored_as: "api_key",
    name: "certspotter_api_key",
    variable: "CERTSPOTTER_API_KEY",
    min_length: 0,
};

pub(crate) static PROFILE: Profile = Profile {
    provider: Provider::CERTSPOTTER,
    name: "certspotter",
    route: CertspotterReceiver::ROUTE,
    webhook_secret: CertspotterReceiver::SECRET,
    api: Api {
        key_name: "API key",
        base: API_BASE,
        base_variable: "CERTSPOTTER_API_BASE",
        // What an account without a subscription has: 100 queries in an hour.
        budget: "100/1h",
        budget_variable: "CERTSPOTTER_API_BUDGET",
        secret: API_KEY,
        secret_id_variable: "CERTSPOTTER_API_SECRET_ID",
        key,
        simulation: &[],
    },
    has_call_backs: false,
    type_prefix: TYPE_PREFIX,
    event_prefix: "",
    stack_outputs: StackOutputs {
        webhook_url: "CertspotterWebhookUrl",
        webhook_secret: "CertspotterWebhookSecretName",
        api_secret: "CertspotterApiSecretName",
    },
    sources: Sources::Unknown,
    leaves: 1,
    samples: super::samples::SAMPLES,
    receive: receive::<CertspotterReceiver>,
    interpret: super::interpret,
    // Its certificates are not the operator's, and two events say nothing of each other.
    lifecycle: |_, _| None,
    enrichers: enrich::none,
};

/// The API key in its header ("CT Search API"). `None` when the stored secret was never filled in.
fn key(stored: &SecretString) -> Option<Key> {
    let stored = Stored::read(stored);
    let key = SecretString::from(format!("Bearer {}", stored.first(API_KEY.stored_as).ok()?));
    Some(Key::Header { name: "Authorization", value: key })
}
