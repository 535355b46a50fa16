use anyhow::Context;
use boot::Environment;
use bytes::Bytes;
use embedded::{LocalEvents, LocalSecret, LocalSecrets, State};
use envelope::Provider;
use http::Response;
use intake::{Intake, Request, Secrets, Settings};
use ports::PortResult;
use providers::cloudflare::CloudflareReceiver;
use providers::digicert::DigicertReceiver;
use providers::meta::MetaReceiver;
use providers::receiver::WebhookReceiver;

use crate::keys;

type Local<D> = Intake<D, LocalEvents, LocalSecret>;

/// The three doors.
pub(crate) struct Doors {
    cloudflare: Local<CloudflareReceiver>,
    digicert: Local<DigicertReceiver>,
    meta: Local<MetaReceiver>,
}

impl Doors {
    /// Every webhook secret is read now, so that one that cannot be used stops the start.
    pub(crate) async fn open(
        environment: &Environment,
        state: &State,
        secrets: &LocalSecrets,
    ) -> anyhow::Result<Self> {
        let settings = Settings::from_environment(environment)?;
        let origin = |provider| keys::origin(environment, provider);
        Ok(Self {
            cloudflare: door(state, secrets, Provider::Cloudflare, &settings)
                .await
                .with_context(|| origin(Provider::Cloudflare))?,
            digicert: door(state, secrets, Provider::Digicert, &settings)
                .await
                .with_context(|| origin(Provider::Digicert))?,
            meta: door(state, secrets, Provider::Meta, &settings)
                .await
                .with_context(|| origin(Provider::Meta))?,
        })
    }

    /// Sends a canary through CertCentral's door; the way behind it is the same for all. Its id.
    pub(crate) async fn canary(&self) -> PortResult<String> {
        self.digicert.send_synthetic().await
    }

    /// Bytes of a body on this route; `None` where there is no route.
    pub(crate) fn body_limit(&self, path: &str) -> Option<usize> {
        match path {
            CloudflareReceiver::ROUTE => Some(self.cloudflare.body_limit()),
            DigicertReceiver::ROUTE => Some(self.digicert.body_limit()),
            MetaReceiver::ROUTE => Some(self.meta.body_limit()),
            _ => None,
        }
    }

    /// `None` where there is no route.
    pub(crate) async fn handle(&self, path: &str, request: Request) -> Option<Response<Bytes>> {
        match path {
            CloudflareReceiver::ROUTE => Some(self.cloudflare.handle(request).await),
            DigicertReceiver::ROUTE => Some(self.digicert.handle(request).await),
            MetaReceiver::ROUTE => Some(self.meta.handle(request).await),
            _ => None,
        }
    }
}

async fn door<D: WebhookReceiver>(
    state: &State,
    secrets: &LocalSecrets,
    provider: Provider,
    settings: &Settings,
) -> anyhow::Result<Local<D>> {
    let secrets = Secrets::new(secrets.webhook(provider), settings);
    secrets.warm().await?;
    Ok(Intake::new(state.events(), Some(secrets), settings.clone()))
}
