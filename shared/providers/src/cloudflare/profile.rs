use envelope::Provider;

use super::receiver::{CloudflareReceiver, TYPE_PREFIX};
use crate::profile::{Api, Profile, Sources, StackOutputs, receive};
use crate::receiver::WebhookReceiver;
use crate::secret_member::{MIN_LENGTH, SecretMember};

/// Base of the API, version 4 ("Make API calls").
pub const API_BASE: &str = "https://api.cloudflare.com/client/v4";

/// The secret of a webhook destination, which Cloudflare sends in a header ("Configure webhooks").
pub const WEBHOOK_AUTH: SecretMember = SecretMember {
    stored_as: "webhook_auth",
    name: "cloudflare_webhook_auth",
    variable: "CLOUDFLARE_WEBHOOK_AUTH",
    min_length: MIN_LENGTH,
};

/// The API token ("Make API calls").
pub const API_TOKEN: SecretMember = SecretMember {
    stored_as: "api_token",
    name: "cloudflare_api_token",
    variable: "CLOUDFLARE_API_TOKEN",
    min_length: 0,
};

/// Setting: the account whose notifications are compared, and to which the API token may belong.
pub const ACCOUNT_VARIABLE: &str = "CLOUDFLARE_ACCOUNT_ID";

/// `alert_type` of the notification `SSL for SaaS Custom Hostnames Alert` ("List alert types").
pub const CUSTOM_HOSTNAMES_ALERT: &str = "custom_ssl_certificate_event_type";

/// Longest id in characters. Most ids have 32 hex digits; some of the API fixtures are UUIDs.
const ID_LIMIT: usize = 64;

/// Whether a text has the form of an id, and so can become a path segment of a call.
pub fn is_id(id: &str) -> bool {
    let is_allowed = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-');
    (1..=ID_LIMIT).contains(&id.len()) && id.bytes().all(is_allowed)
}

pub(crate) static PROFILE: Profile = Profile {
    provider: Provider::CLOUDFLARE,
    name: "cloudflare",
    route: CloudflareReceiver::ROUTE,
    webhook_secret: CloudflareReceiver::SECRET,
    api: Api {
        key_name: "API token",
        base: API_BASE,
        base_variable: "CLOUDFLARE_API_BASE",
        // "Rate limits": 1200 requests in 5 min.
        budget: "1200/5m",
        budget_variable: "CLOUDFLARE_API_BUDGET",
        secret: API_TOKEN,
        secret_id_variable: "CLOUDFLARE_API_SECRET_ID",
        key: super::api::key,
        simulation: &[],
    },
    has_call_backs: true,
    type_prefix: TYPE_PREFIX,
    event_prefix: "ssl.custom_hostname_certificate.",
    stack_outputs: StackOutputs {
        webhook_url: "CloudflareWebhookUrl",
        webhook_secret: "CloudflareWebhookSecretName",
        api_secret: "CloudflareApiSecretName",
    },
    sources: Sources::Listed { page: "https://www.cloudflare.com/ips/" },
    // A hostname has two or three certificates of different key types.
    leaves: 4,
    samples: super::samples::SAMPLES,
    receive: receive::<CloudflareReceiver>,
    interpret: super::interpret,
    lifecycle: super::lifecycle,
    enrichers: super::enrich::enrichers,
};
