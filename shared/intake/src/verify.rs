use ports::{PortError, SecretSource};
use providers::receiver::WebhookReceiver;
use providers::request::{Verified, WebhookRequest};

use crate::answer::Cause;
use crate::secrets::{MatchedVersion, Secrets};
use crate::{Settings, telemetry};

/// A request that is accepted.
pub(crate) enum Admitted<'a, R> {
    /// With the version of the secret that it was made with; `None` where the source address stands for it.
    Request(Verified<'a, R>, Option<MatchedVersion>),
    /// The provider's own connectivity probe. It contains no event, so it needs no secret.
    OpenProbe,
}

/// Verifies the raw bytes of a request before any parsing.
pub(crate) async fn verify<'a, R: WebhookReceiver, S: SecretSource>(
    request: &'a WebhookRequest,
    secrets: Option<&Secrets<R, S>>,
    settings: &Settings,
) -> Result<Admitted<'a, R>, Cause> {
    let Some(secrets) = secrets else {
        // The settings ensure this already; it is checked again because it replaces the secret.
        let is_listed = settings.allow_unauthenticated && !settings.allowlist.is_empty();
        return if is_listed {
            Ok(Admitted::Request(Verified::by_source_address(request), None))
        } else {
            Err(Cause::Secret(PortError("no webhook secret is configured".into())))
        };
    };
    let check = |secret: &R::Secret| Verified::with_secret(request, secret);
    match secrets.find(check, request.received).await {
        Ok(Some((version, verified))) => {
            telemetry::verified(R::PROVIDER, version.stage, request);
            Ok(Admitted::Request(verified, Some(version)))
        }
        Ok(None) if R::is_open_probe(request) => Ok(Admitted::OpenProbe),
        Ok(None) => Err(Cause::Unauthorized),
        Err(error) => Err(Cause::Secret(error)),
    }
}
