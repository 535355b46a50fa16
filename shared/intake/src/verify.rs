use bytes::Bytes;
use ports::SecretSource;
use providers::receiver::WebhookReceiver;

use crate::answer::Cause;
use crate::process::Request;
use crate::secrets::Secrets;
use crate::{Settings, telemetry};

/// A body that a secret, or in its absence the allowlist, vouches for. Only [`verify`] makes one.
pub(crate) struct Verified(Bytes);

/// What may come in.
pub(crate) enum Admitted {
    Document(Verified),
    /// The provider's own connectivity probe: no event in it, so no secret needed.
    OpenProbe,
}

impl Verified {
    pub(crate) fn bytes(&self) -> &[u8] {
        &self.0
    }
}

/// Works on the raw bytes, before any parsing.
pub(crate) async fn verify<D: WebhookReceiver, S: SecretSource>(
    request: &Request,
    secrets: Option<&Secrets<D, S>>,
    settings: &Settings,
) -> Result<Admitted, Cause> {
    let verified = || Admitted::Document(Verified(request.body.clone()));
    let Some(secrets) = secrets else {
        // The start made sure of it; said again here, since this is the one line that lets in.
        let listed = settings.allow_unauthenticated && !settings.allowlist.is_empty();
        return if listed { Ok(verified()) } else { Err(Cause::Secret) };
    };
    let vouch =
        |secret: &D::Secret| D::verify(&request.headers, &request.body, secret).then_some(());
    match secrets.first(vouch).await {
        Ok(Some((stage, ()))) => {
            telemetry::verified(D::PROVIDER, stage);
            Ok(verified())
        }
        Ok(None) if D::is_open_probe(&request.headers, &request.body) => Ok(Admitted::OpenProbe),
        Ok(None) => Err(Cause::Unauthorized),
        Err(error) => {
            telemetry::trouble(D::PROVIDER, &error);
            Err(Cause::Secret)
        }
    }
}
