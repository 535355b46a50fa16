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

impl Target {
    const fn new(name: &'static str, run: fn(&[u8]), seeds: fn() -> Vec<Vec<u8>>) -> Self {
        Self { name, run, seeds }
    }
}

/// The webhook of every provider, and what is the same for all.
pub fn targets() -> Vec<Target> {
    use api_answers::{api_answers, api_answers_seeds, retry_after, retry_after_seeds};
    use certificates::{pem, pem_seeds, private_keys, private_keys_seeds, x509, x509_seeds};
    let mut targets = webhooks::targets();
    targets.extend([
        Target::new("pem", pem, pem_seeds),
        Target::new("x509", x509, x509_seeds),
        Target::new("private-keys", private_keys, private_keys_seeds),
        Target::new("envelope", messages::envelope, messages::envelope_seeds),
        Target::new("certificate-event", messages::event, messages::event_seeds),
        Target::new("api-answers", api_answers, api_answers_seeds),
        Target::new("retry-after", retry_after, retry_after_seeds),
        Target::new("gateway", api_gateway::api_gateway, api_gateway::seeds),
    ]);
    targets
}
