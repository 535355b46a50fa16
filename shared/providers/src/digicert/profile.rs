use envelope::Provider;

use super::receiver::{DigicertReceiver, TYPE_PREFIX};
use crate::profile::{Api, Profile, Sources, StackOutputs, receive};
use crate::receiver::WebhookReceiver;
use crate::secret_member::SecretMember;

/// Base of the Services API for accounts in the United States ("Update webhook endpoint").
pub const API_BASE: &str = "https://www.digicert.com/services/v2";
/// Base of the Services API for accounts in Europe, as public clients have it.
pub const API_BASE_EU: &str = "https://certcentral.digicert.eu/services/v2";

/// The addresses that CertCentral sends from ("CertCentral webhooks", section "Troubleshoot your
/// webhook endpoint").
pub const SOURCE_RANGE: &str = "216.168.240.0/20";

/// The webhook's secret key, which CertCentral sends in a header ("CertCentral webhooks").
pub const WEBHOOK_KEY: SecretMember = SecretMember {
    stored_as: "webhook_key",
    name: "digicert_webhook_key",
    variable: "DIGICERT_WEBHOOK_KEY",
    // "Must be at least 32 characters" ("Update webhook endpoint", `secret`).
    min_length: 32,
};

/// The key of the Services API ("Authentication").
pub const API_KEY: SecretMember = SecretMember {
    stored_as: "api_key",
    name: "digicert_api_key",
    variable: "DIGICERT_API_KEY",
    min_length: 0,
};

/// The events that a webhook can subscribe to: nine in the example of "Update webhook endpoint",
/// and the last one in the example of "Webhook event logs". The list is not closed: CertCentral
/// adds events, and its pages do not name all events about order approval.
pub const KNOWN_EVENTS: [&str; 10] = [
    "certificate_issued",
    "certificate_revoked",
    "order_rejected",
    "organization_validated",
    "organization_expired",
    "organization_revalidation_notice",
    "domain_validated",
    "domain_expired",
    "domain_revalidation_notice",
    "order_approval_email_sent",
];

/// The events about certificates and their orders. Each happens once for its ids; notices about
/// organizations and domains repeat.
pub const CERTIFICATE_EVENTS: &[&str] = KNOWN_EVENTS.split_at(3).0;

/// The events of the example of "Update webhook endpoint". A new subscription has these, unless the
/// operator names others.
pub const DEFAULT_EVENTS: &[&str] = KNOWN_EVENTS.split_at(9).0;

pub(crate) static PROFILE: Profile = Profile {
    provider: Provider::DIGICERT,
    name: "digicert",
    route: DigicertReceiver::ROUTE,
    webhook_secret: DigicertReceiver::SECRET,
    api: Api {
        key_name: "API key",
        base: API_BASE,
        base_variable: "DIGICERT_API_BASE",
        // "Rate limits": 100 requests in 5 s and 1000 in 3 min.
        budget: "100/5s,1000/3m",
        budget_variable: "DIGICERT_API_BUDGET",
        secret: API_KEY,
        secret_id_variable: "DIGICERT_API_SECRET_ID",
        key: super::api::key,
        simulation: &[],
    },
    has_call_backs: true,
    type_prefix: TYPE_PREFIX,
    event_prefix: "",
    stack_outputs: StackOutputs {
        webhook_url: "DigicertWebhookUrl",
        webhook_secret: "DigicertWebhookSecretName",
        api_secret: "DigicertApiSecretName",
    },
    sources: Sources::Range { range: SOURCE_RANGE, stack_parameter: "DigicertSourceCidrs" },
    leaves: 1,
    samples: super::samples::SAMPLES,
    receive: receive::<DigicertReceiver>,
    interpret: super::interpret,
    lifecycle: super::lifecycle,
    enrichers: super::enrich::enrichers,
};
