use crate::secret_member::SecretMember;

/// Base of the Services API for accounts in the United States ([page](super): "Services API").
pub const API_BASE: &str = "https://www.digicert.com/services/v2";
/// The same for accounts in Europe.
pub const API_BASE_EU: &str = "https://certcentral.digicert.eu/services/v2";

/// The webhook's secret key, which CertCentral sends in a header.
pub const WEBHOOK_KEY: SecretMember = SecretMember {
    stored_as: "webhook_key",
    name: "digicert_webhook_key",
    variable: "DIGICERT_WEBHOOK_KEY",
};

/// The key of the Services API.
pub const API_KEY: SecretMember =
    SecretMember { stored_as: "api_key", name: "digicert_api_key", variable: "DIGICERT_API_KEY" };

/// What a webhook can subscribe to (Update webhook endpoint, example; the last one: Webhook event
/// logs, example). CertCentral adds events, and does not name all of those about order approval.
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

/// The events about certificates and their orders. Each happens once for its ids; all others are
/// notices, which repeat.
pub const CERTIFICATE_EVENTS: &[&str] = KNOWN_EVENTS.split_at(3).0;

/// Those of the page's example: what a subscription takes unless it is told otherwise.
pub const DEFAULT_EVENTS: &[&str] = KNOWN_EVENTS.split_at(9).0;
