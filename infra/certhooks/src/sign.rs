use anyhow::{Context, bail};
use data_encoding::HEXLOWER;
use embedded::LocalSecrets;
use envelope::Provider;
use ports::SecretSource;
use providers::cloudflare::CloudflareReceiver;
use providers::digicert::DigicertReceiver;
use providers::dispatch;
use providers::meta::MetaReceiver;
use providers::receiver::{PLACEHOLDER, WebhookReceiver};
use ring::hmac;
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;

/// Makes the header by which a provider proves that a body is its own: a shared secret or a signature.
pub(crate) struct Signer {
    provider: Provider,
    secret: SecretString,
}

impl Signer {
    /// With the webhook secret of the environment or the state folder.
    pub(crate) async fn of(secrets: &LocalSecrets, provider: Provider) -> anyhow::Result<Self> {
        let stored = secrets
            .webhook(provider)
            .current()
            .await?
            .current
            .context("no webhook secret is configured")?;
        Self::with(provider, &stored)
    }

    /// With a webhook secret as it is stored: a JSON object, or a plain string for its first member.
    pub(crate) fn with(provider: Provider, stored: &SecretString) -> anyhow::Result<Self> {
        let text = stored.expose_secret();
        let stored: Value = serde_json::from_str(text).unwrap_or_else(|_| text.trim().into());
        let name = dispatch::webhook_secret(provider).stored_as;
        let secret = stored.as_str().or_else(|| stored[name].as_str());
        let secret = secret.filter(|secret| *secret != PLACEHOLDER);
        let secret = secret.context("no webhook secret is configured")?;
        Ok(Self { provider, secret: secret.into() })
    }

    pub(crate) fn route(&self) -> &'static str {
        match self.provider {
            Provider::Cloudflare => CloudflareReceiver::ROUTE,
            Provider::Digicert => DigicertReceiver::ROUTE,
            Provider::Meta => MetaReceiver::ROUTE,
        }
    }

    /// Name and value of the header for a body.
    pub(crate) fn header(&self, body: &[u8]) -> (&'static str, String) {
        let secret = self.secret.expose_secret();
        match self.provider {
            Provider::Cloudflare => ("cf-webhook-auth", secret.to_owned()),
            Provider::Digicert => ("X-WEBHOOK-KEY", secret.to_owned()),
            Provider::Meta => {
                let key = hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes());
                let tag = hmac::sign(&key, body);
                ("X-Hub-Signature-256", format!("sha256={}", HEXLOWER.encode(tag.as_ref())))
            }
        }
    }
}

/// The provider whose event a file holds, recognised by its form.
///
/// # Errors
/// The document has the form of no provider's event.
pub(crate) fn provider_of(document: &Value) -> anyhow::Result<Provider> {
    let has = |name| document.get(name).is_some();
    if has("event") {
        return Ok(Provider::Digicert);
    }
    if has("object") {
        return Ok(Provider::Meta);
    }
    if has("metadata") || has("alert_type") || has("text") || has("data") {
        return Ok(Provider::Cloudflare);
    }
    bail!("the file has the form of no provider's event; name the provider with --provider")
}

/// The distance between the ids of two copies, since the entries of one batch have neighbouring ids.
const STRIDE: u64 = 1_000_000_007;

/// Copy number `copy` of an event, with ids of its own, so that it is not a duplicate. Copy 0 is the
/// event itself.
pub(crate) fn vary(provider: Provider, document: &Value, copy: u64) -> Value {
    let mut varied = document.clone();
    if copy == 0 {
        return varied;
    }
    match provider {
        Provider::Digicert => {
            for name in ["order_id", "certificate_id", "webhook_id"] {
                if let Some(id) = varied.pointer_mut(&format!("/data/{name}"))
                    && let Some(number) = id.as_u64()
                {
                    *id = number.wrapping_add(copy).into();
                }
            }
            if let Some(data) = varied.get_mut("data").and_then(Value::as_object_mut) {
                data.insert("certhooks_copy".into(), copy.into());
            }
        }
        Provider::Cloudflare => {
            let metadata = if varied.pointer("/data/metadata").is_some() {
                "/data/metadata"
            } else {
                "/metadata"
            };
            if let Some(metadata) = varied.pointer_mut(metadata).and_then(Value::as_object_mut) {
                metadata.insert("certhooks_copy".into(), copy.into());
            }
        }
        Provider::Meta => {
            for entry in varied.get_mut("entry").and_then(Value::as_array_mut).into_iter().flatten()
            {
                let id = entry["id"].as_str().and_then(|id| id.parse::<u64>().ok()).unwrap_or(0);
                entry["id"] = id.wrapping_add(copy.wrapping_mul(STRIDE)).to_string().into();
            }
        }
    }
    varied
}
