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

type LocalIntake<R> = Intake<R, LocalEvents, LocalSecret>;

/// The webhook endpoints of the three providers.
pub(crate) struct WebhookEndpoints {
    cloudflare: LocalIntake<CloudflareReceiver>,
    digicert: LocalIntake<DigicertReceiver>,
    meta: LocalIntake<MetaReceiver>,
}

impl WebhookEndpoints {
    /// Reads every webhook secret.
    ///
    /// # Errors
    /// A secret or a setting cannot be used; the message names where it comes from.
    pub(crate) async fn open(
        environment: &Environment,
        state: &State,
        secrets: &LocalSecrets,
    ) -> anyhow::Result<Self> {
        let settings = Settings::from_environment(environment)?;
        let origin = |provider| keys::origin(environment, provider);
        Ok(Self {
            cloudflare: intake(state, secrets, Provider::Cloudflare, &settings)
                .await
                .with_context(|| origin(Provider::Cloudflare))?,
            digicert: intake(state, secrets, Provider::Digicert, &settings)
                .await
                .with_context(|| origin(Provider::Digicert))?,
            meta: intake(state, secrets, Provider::Meta, &settings)
                .await
                .with_context(|| origin(Provider::Meta))?,
        })
    }

    /// Puts a synthetic event on the queue through CertCentral's intake, since queue and worker are the
    /// same for all providers, and returns its id.
    pub(crate) async fn canary(&self) -> PortResult<String> {
        self.digicert.send_synthetic().await
    }

    /// The maximum size of a body on this route, in bytes; `None` where no such route exists.
    pub(crate) fn body_limit(&self, path: &str) -> Option<usize> {
        match path {
            CloudflareReceiver::ROUTE => Some(self.cloudflare.body_limit()),
            DigicertReceiver::ROUTE => Some(self.digicert.body_limit()),
            MetaReceiver::ROUTE => Some(self.meta.body_limit()),
            _ => None,
        }
    }

    /// Handles a webhook request; `None` where no such route exists.
    pub(crate) async fn handle(&self, path: &str, request: Request) -> Option<Response<Bytes>> {
        match path {
            CloudflareReceiver::ROUTE => Some(self.cloudflare.handle(request).await),
            DigicertReceiver::ROUTE => Some(self.digicert.handle(request).await),
            MetaReceiver::ROUTE => Some(self.meta.handle(request).await),
            _ => None,
        }
    }
}

async fn intake<R: WebhookReceiver>(
    state: &State,
    secrets: &LocalSecrets,
    provider: Provider,
    settings: &Settings,
) -> anyhow::Result<LocalIntake<R>> {
    let secrets = Secrets::new(secrets.webhook(provider), settings);
    secrets.warm().await?;
    Ok(Intake::new(state.events(), Some(secrets), settings.clone()))
}
