use bytes::Bytes;
use ports::{PortError, SecretSource};
use providers::receiver::WebhookReceiver;

use crate::answer::Cause;
use crate::secrets::Secrets;
use crate::{Request, Settings, telemetry};

/// A body that was verified with the secret, or without one by the allowlist. Only [`verify`] makes it.
pub(crate) struct Verified(Bytes);

/// A request that is accepted.
pub(crate) enum Admitted {
    Document(Verified),
    /// The provider's own connectivity probe. It contains no event, so it needs no secret.
    OpenProbe,
}

impl Verified {
    pub(crate) fn bytes(&self) -> &[u8] {
        &self.0
    }
}

/// Verifies the raw bytes of a request before any parsing.
pub(crate) async fn verify<R: WebhookReceiver, S: SecretSource>(
    request: &Request,
    secrets: Option<&Secrets<R, S>>,
    settings: &Settings,
) -> Result<Admitted, Cause> {
    let verified = || Admitted::Document(Verified(request.body.clone()));
    let Some(secrets) = secrets else {
        // The settings ensure this already; it is checked again because it replaces the secret.
        let is_listed = settings.allow_unauthenticated && !settings.allowlist.is_empty();
        return if is_listed {
            Ok(verified())
        } else {
            Err(Cause::Secret(PortError("no webhook secret is configured".into())))
        };
    };
    let check =
        |secret: &R::Secret| R::verify(&request.headers, &request.body, secret).then_some(());
    match secrets.find(check).await {
        Ok(Some((stage, ()))) => {
            telemetry::verified(R::PROVIDER, stage);
            Ok(verified())
        }
        Ok(None) if R::is_open_probe(&request.headers, &request.body) => Ok(Admitted::OpenProbe),
        Ok(None) => Err(Cause::Unauthorized),
        Err(error) => Err(Cause::Secret(error)),
    }
}
