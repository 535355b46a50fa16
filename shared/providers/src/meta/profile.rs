use envelope::Provider;

use super::receiver::{MetaReceiver, TYPE_PREFIX};
use crate::profile::{Api, Profile, Sources, StackOutputs, receive};
use crate::receiver::WebhookReceiver;
use crate::secret_member::{MIN_LENGTH, SecretMember};

/// Base of the Graph API, without a version ("Certificate Transparency API").
pub const API_BASE: &str = "https://graph.facebook.com";

/// The app secret, with which Meta signs its requests ("Graph API Webhooks").
pub const APP_SECRET: SecretMember = SecretMember {
    stored_as: "app_secret",
    name: "meta_app_secret",
    variable: "META_APP_SECRET",
    min_length: MIN_LENGTH,
};

/// The token that Meta sends when it verifies the endpoint ("Graph API Webhooks").
pub const VERIFY_TOKEN: SecretMember = SecretMember {
    stored_as: "verify_token",
    name: "meta_verify_token",
    variable: "META_VERIFY_TOKEN",
    min_length: MIN_LENGTH,
};

/// The access token of the Graph API ("Access tokens").
pub const ACCESS_TOKEN: SecretMember = SecretMember {
    stored_as: "access_token",
    name: "meta_access_token",
    variable: "META_ACCESS_TOKEN",
    min_length: 0,
};

/// Setting: the domains whose certificates to look for, comma-separated.
pub(super) const DOMAINS_VARIABLE: &str = "META_DOMAINS";

/// The object that a subscription is about ("Webhooks for Certificate Transparency").
pub(super) const OBJECT: &str = "certificate_transparency";

pub(crate) static PROFILE: Profile = Profile {
    provider: Provider::META,
    name: "meta-ct",
    route: MetaReceiver::ROUTE,
    webhook_secret: MetaReceiver::SECRET,
    api: Api {
        key_name: "access token",
        base: API_BASE,
        base_variable: "META_API_BASE",
        // "Rate limits": 200 calls in an hour for each user of an app.
        budget: "200/1h",
        budget_variable: "META_API_BUDGET",
        secret: ACCESS_TOKEN,
        secret_id_variable: "META_API_SECRET_ID",
        key: super::api::key,
        simulation: &[(DOMAINS_VARIABLE, "example.com")],
    },
    has_call_backs: true,
    type_prefix: TYPE_PREFIX,
    event_prefix: "",
    stack_outputs: StackOutputs {
        webhook_url: "MetaWebhookUrl",
        webhook_secret: "MetaWebhookSecretName",
        api_secret: "MetaApiSecretName",
    },
    sources: Sources::Unknown,
    leaves: 1,
    samples: super::samples::SAMPLES,
    receive: receive::<MetaReceiver>,
    interpret: super::interpret,
    lifecycle: super::lifecycle,
    enrichers: super::enrich::enrichers,
};
