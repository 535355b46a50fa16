//! Events that contain secrets.

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

/// Events of all providers that contain a private key or the token of a challenge, wherever one may be. Their
/// ids, such as `certificate_id`, come from `number`.
pub(crate) fn documents_with_secrets(pem: &str, number: u64) -> Vec<(Provider, Value)> {
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
        (Provider::DIGICERT, json!({ "event": "certificate_issued", "data": issued })),
        (
            Provider::DIGICERT,
            json!({ "event": "new_event", "data": { "k": [[pem]], "n": number } }),
        ),
        (Provider::DIGICERT, json!({ "event": pem, "data": { "n": number } })),
        (Provider::DIGICERT, json!({ "event": "challenge_webhook_endpoint", "data": token })),
        (Provider::CLOUDFLARE, custom(json!({ "hostname": pem, "n": number }))),
        (Provider::CLOUDFLARE, custom(json!({ "hostname": "a.example.com", pem: number }))),
        (Provider::CLOUDFLARE, json!({ "alert_type": pem, "data": number })),
        (Provider::META, meta(json!([{ "field": pem, "value": "" }]))),
        (Provider::META, meta(json!([{ "field": "other", "value": { "k": pem } }]))),
    ];
    if number == 1 {
        // The search finds the same certificates each time, which are delivered once.
        let found = json!([{ "field": "certificate", "value": {} }]);
        all.push((Provider::META, meta(found)));
    }
    all
}

/// Whether the document is a challenge. Its token is stored for the operator, and nothing is delivered.
pub(crate) fn is_challenge(document: &Value) -> bool {
    document["event"] == "challenge_webhook_endpoint"
}

/// Faulty responses that might make the worker log or publish too much, each for one request.
pub(crate) fn leak_faults() -> [Rule; 4] {
    let limited = Fault::RateLimited { retry_after: Some(1), status: None };
    [limited, Fault::PrivateKey, Fault::MissingPermission, Fault::CutOff]
        .map(|fault| Rule::new("/services/v2", fault).times(1))
}
