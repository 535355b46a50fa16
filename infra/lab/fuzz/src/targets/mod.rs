//! One function for each kind of input.
//!
//! - [`webhooks`]: a provider's header and body: verification, then parsing
//! - [`certificates`]: PEM, X.509, and private keys in texts and JSON
//! - [`messages`]: the two messages on the queues
//! - [`api_answers`]: a provider's API answer, and `Retry-After`
//! - [`api_gateway`]: an event of API Gateway or of a function URL, for every webhook endpoint
//! - [`round_trip`]: that a message is the same after it is written and parsed

mod api_answers;
mod api_gateway;
mod certificates;
mod messages;
mod round_trip;
mod webhooks;

/// A function that accepts any bytes.
#[derive(Clone, Copy)]
pub struct Target {
    pub name: &'static str,
    /// Panics when a property does not hold.
    pub run: fn(&[u8]),
    /// The inputs to start from.
    pub seeds: fn() -> Vec<Vec<u8>>,
}

/// The webhook of every provider, and what is the same for all.
pub fn targets() -> Vec<Target> {
    let mut targets = webhooks::targets();
    targets.extend(COMMON);
    targets
}

const COMMON: [Target; 8] = [
    Target { name: "pem", run: certificates::pem, seeds: certificates::pem_seeds },
    Target { name: "x509", run: certificates::x509, seeds: certificates::x509_seeds },
    Target {
        name: "private-keys",
        run: certificates::private_keys,
        seeds: certificates::private_keys_seeds,
    },
    Target { name: "envelope", run: messages::envelope, seeds: messages::envelope_seeds },
    Target { name: "certificate-event", run: messages::event, seeds: messages::event_seeds },
    Target {
        name: "api-answers",
        run: api_answers::api_answers,
        seeds: api_answers::api_answers_seeds,
    },
    Target {
        name: "retry-after",
        run: api_answers::retry_after,
        seeds: api_answers::retry_after_seeds,
    },
    Target { name: "gateway", run: api_gateway::api_gateway, seeds: api_gateway::seeds },
];
