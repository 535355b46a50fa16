use std::time::Duration;

use envelope::{Envelope, Provider};
use ports::{Archive, Deliveries, EventsQueue, Ledger, Outgoing, PortResult, SecretSource};
use providers::api::Request;
use providers::digicert::webhook;
use providers::interpretation::Challenge;
use secrecy::SecretString;
use time::OffsetDateTime;

use crate::decide::MAX_DELAY;
use crate::provider_api::ProviderApi;
use crate::telemetry;
use crate::worker::{Disposition, Worker};

impl<Q: EventsQueue, D: Deliveries, L: Ledger, A: Archive, S: SecretSource> Worker<Q, D, L, A, S> {
    /// Stores the token of a challenge for the operator, or answers the challenge if the operator
    /// wants that. The token goes nowhere else, so a challenge is never archived, delivered or claimed.
    pub(crate) async fn store_challenge(
        &self,
        envelope: &Envelope,
        challenge: Challenge,
    ) -> PortResult<Disposition> {
        let Challenge { webhook_id, token, expires } = challenge;
        if expires <= self.now() {
            self.ports.ledger.end_challenge(&webhook_id).await?;
            telemetry::challenge_expired(envelope);
            return Ok(Disposition::Duplicate);
        }
        if envelope.attempts == 0 {
            self.ports.ledger.keep_challenge(&webhook_id, &token, expires).await?;
            if self.auto_verify && self.completes_challenge(envelope, &webhook_id, &token).await {
                return Ok(Disposition::ChallengeStored);
            }
            telemetry::challenge_stored(envelope, expires);
        }
        if L::DELETES_LATE {
            self.requeue_challenge(envelope, expires).await?;
        }
        Ok(Disposition::ChallengeStored)
    }

    async fn completes_challenge(
        &self,
        envelope: &Envelope,
        webhook_id: &str,
        token: &SecretString,
    ) -> bool {
        match self.use_token(webhook_id, token).await {
            Ok(()) => telemetry::challenge_completed(envelope),
            Err(error) => {
                telemetry::challenge_not_completed(envelope, &error);
                return false;
            }
        }
        true
    }

    /// Requeues the event until its token expires, so that the last receipt deletes the token.
    async fn requeue_challenge(
        &self,
        envelope: &Envelope,
        expires: OffsetDateTime,
    ) -> PortResult<()> {
        let left = Duration::try_from(expires - self.now()).unwrap_or_default();
        let next = Envelope { attempts: envelope.attempts.saturating_add(1), ..envelope.clone() };
        let message = Outgoing::new(&next, Provider::Digicert, envelope.subject.clone())?;
        // Queues count whole seconds, so one more makes sure that the token has expired.
        let delay = Duration::from_secs(left.as_secs() + 1).min(MAX_DELAY);
        self.ports.events.send(vec![Outgoing { delay, expires: Some(expires), ..message }]).await
    }

    /// Sends the token to CertCentral. It is stored already, so that the operator can use it when this
    /// fails. The error never contains the token.
    async fn use_token(&self, webhook_id: &str, token: &SecretString) -> Result<(), String> {
        let id = webhook_id.parse().map_err(|_| "the event names no webhook".to_owned())?;
        self.apis.digicert.manage(&webhook::check_challenge(id, token)).await?;
        // A token can be used only once, so it is overwritten.
        let (empty, now) = (SecretString::default(), self.now());
        if let Err(error) = self.ports.ledger.keep_challenge(webhook_id, &empty, now).await {
            telemetry::used_token_not_deleted(webhook_id, &error);
        }
        Ok(())
    }
}

impl<S: SecretSource> ProviderApi<S> {
    /// Makes one call of the webhook management API with the API key of the call-backs.
    async fn manage(&self, request: &Request) -> Result<(), String> {
        let key = self.key.as_ref().ok_or("no API key is configured")?;
        let key = key.current().await.map_err(|error| error.0)?;
        let key = key.ok_or("the API key is still a placeholder")?;
        self.endpoint
            .ask(request, &key, webhook::classify_done)
            .await
            .map_err(|error| error.to_string())
    }
}
