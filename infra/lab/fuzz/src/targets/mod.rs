//! One function for each kind of input.
//!
//! - [`webhooks`]: a provider's header and body: verification, then parsing
//! - [`certificates`]: PEM, X.509, and private keys in texts and JSON
//! - [`messages`]: the two messages on the queues
//! - [`answers`]: what a provider answers, and `Retry-After`
//! - [`gateway`]: an event of API Gateway or of a function URL, through every door

mod answers;
mod certificates;
mod gateway;
mod messages;
mod webhooks;

/// Something that takes any bytes.
pub struct Target {
    pub name: &'static str,
    /// Panics when a promise is broken.
    pub run: fn(&[u8]),
    /// Inputs to start from.
    pub seeds: fn() -> Vec<Vec<u8>>,
}

pub const TARGETS: &[Target] = &[
    Target { name: "digicert", run: webhooks::digicert, seeds: webhooks::digicert_seeds },
    Target { name: "cloudflare", run: webhooks::cloudflare, seeds: webhooks::cloudflare_seeds },
    Target { name: "meta-ct", run: webhooks::meta, seeds: webhooks::meta_seeds },
    Target { name: "pem", run: certificates::pem, seeds: certificates::pem_seeds },
    Target { name: "x509", run: certificates::x509, seeds: certificates::x509_seeds },
    Target { name: "private-keys", run: certificates::keys, seeds: certificates::keys_seeds },
    Target { name: "envelope", run: messages::envelope, seeds: messages::envelope_seeds },
    Target { name: "certificate-event", run: messages::event, seeds: messages::event_seeds },
    Target { name: "api-answers", run: answers::answers, seeds: answers::answers_seeds },
    Target { name: "retry-after", run: answers::retry_after, seeds: answers::retry_after_seeds },
    Target { name: "gateway", run: gateway::gateway, seeds: gateway::seeds },
];
