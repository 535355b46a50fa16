//! Events with secrets in them.

use anyhow::Result;
use envelope::Provider;
use rcgen::KeyPair;
use serde_json::{Value, json};
use simulator::{Fault, Rule};

use crate::planted_secrets::CHALLENGE;

/// A new private key as PEM.
pub(crate) fn private_key() -> Result<String> {
    Ok(KeyPair::generate()?.serialize_pem())
}

/// Events of all providers with a private key or a challenge's token where either may stand, so that
/// `certificate_id` and the like are of this `number`.
pub(crate) fn documents(pem: &str, number: u64) -> Vec<(Provider, Value)> {
    let custom = |data: Value| {
        json!({
            "metadata": { "event": { "type": "ssl.custom_hostname_certificate.deletion.succeeded" } },
            "data": data,
        })
    };
    let meta = |changes: Value| {
        let entry = json!([{ "id": number.to_string(), "changes": changes }]);
        json!({ "object": "certificate_transparency", "entry": entry })
    };
    let chain = json!([{ "subject_common_name": "a", "pem": pem }]);
    let issued =
        json!({ "order_id": number, "certificate_id": number, "certificate_chain": chain });
    let token = json!({ "token": CHALLENGE, "webhook_id": number });
    let mut all = vec![
        (Provider::Digicert, json!({ "event": "certificate_issued", "data": issued })),
        (
            Provider::Digicert,
            json!({ "event": "new_event", "data": { "k": [[pem]], "n": number } }),
        ),
        (Provider::Digicert, json!({ "event": pem, "data": { "n": number } })),
        (Provider::Digicert, json!({ "event": "challenge_webhook_endpoint", "data": token })),
        (Provider::Cloudflare, custom(json!({ "hostname": pem, "n": number }))),
        (Provider::Cloudflare, custom(json!({ "hostname": "a.example.com", pem: number }))),
        (Provider::Cloudflare, json!({ "alert_type": pem, "data": number })),
        (Provider::Meta, meta(json!([{ "field": pem, "value": "" }]))),
        (Provider::Meta, meta(json!([{ "field": "other", "value": { "k": pem } }]))),
    ];
    if number == 1 {
        // The search finds the same certificates each time, and they are delivered once.
        let found = json!([{ "field": "certificate", "value": {} }]);
        all.push((Provider::Meta, meta(found)));
    }
    all
}

/// Its token waits for the operator; nothing is delivered.
pub(crate) fn is_challenge(document: &Value) -> bool {
    document["event"] == "challenge_webhook_endpoint"
}

/// Answers that give occasion to say too much: each once.
pub(crate) fn ills() -> [Rule; 4] {
    let limited = Fault::RateLimited { retry_after: Some(1), status: None };
    [limited, Fault::PrivateKey, Fault::MissingPermission, Fault::CutOff]
        .map(|fault| Rule::new("/services/v2", fault).times(1))
}
