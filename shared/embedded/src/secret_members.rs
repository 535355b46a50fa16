use envelope::Provider;

/// A member of `secrets.json`, the variable that goes before it, and where it stands in the
/// secret as the distributed engine stores it (design section 5).
pub(crate) struct Member {
    pub(crate) name: &'static str,
    pub(crate) variable: &'static str,
    pub(crate) stored_as: &'static str,
    pub(crate) provider: Provider,
    pub(crate) purpose: Purpose,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Purpose {
    /// The provider proves itself to us; made up by us, and never without.
    Webhook,
    /// We prove ourselves to the provider; without it the provider is not called.
    Api,
}

pub(crate) const MEMBERS: [Member; 7] = [
    member(
        "digicert_webhook_key",
        "DIGICERT_WEBHOOK_KEY",
        "webhook_key",
        Provider::Digicert,
        Purpose::Webhook,
    ),
    member(
        "cloudflare_webhook_auth",
        "CLOUDFLARE_WEBHOOK_AUTH",
        "webhook_auth",
        Provider::Cloudflare,
        Purpose::Webhook,
    ),
    member("meta_app_secret", "META_APP_SECRET", "app_secret", Provider::Meta, Purpose::Webhook),
    member(
        "meta_verify_token",
        "META_VERIFY_TOKEN",
        "verify_token",
        Provider::Meta,
        Purpose::Webhook,
    ),
    member("digicert_api_key", "DIGICERT_API_KEY", "api_key", Provider::Digicert, Purpose::Api),
    member(
        "cloudflare_api_token",
        "CLOUDFLARE_API_TOKEN",
        "api_token",
        Provider::Cloudflare,
        Purpose::Api,
    ),
    member("meta_access_token", "META_ACCESS_TOKEN", "access_token", Provider::Meta, Purpose::Api),
];

const fn member(
    name: &'static str,
    variable: &'static str,
    stored_as: &'static str,
    provider: Provider,
    purpose: Purpose,
) -> Member {
    Member { name, variable, stored_as, provider, purpose }
}

/// The stages of a rotation, as the ends of member names.
pub(crate) const PENDING: &str = "_pending";
pub(crate) const PREVIOUS: &str = "_previous";
