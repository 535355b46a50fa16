use envelope::Provider;
use providers::secret_member::SecretMember;
use providers::{cloudflare, digicert, meta};

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
    member(digicert::WEBHOOK_KEY, Provider::Digicert, Purpose::Webhook),
    member(cloudflare::WEBHOOK_AUTH, Provider::Cloudflare, Purpose::Webhook),
    member(meta::APP_SECRET, Provider::Meta, Purpose::Webhook),
    member(meta::VERIFY_TOKEN, Provider::Meta, Purpose::Webhook),
    member(digicert::API_KEY, Provider::Digicert, Purpose::Api),
    member(cloudflare::API_TOKEN, Provider::Cloudflare, Purpose::Api),
    member(meta::ACCESS_TOKEN, Provider::Meta, Purpose::Api),
];

const fn member(member: SecretMember, provider: Provider, purpose: Purpose) -> Member {
    let SecretMember { stored_as, name, variable } = member;
    Member { name, variable, stored_as, provider, purpose }
}

/// The stages of a rotation, as the ends of member names.
pub(crate) const PENDING: &str = "_pending";
pub(crate) const PREVIOUS: &str = "_previous";
