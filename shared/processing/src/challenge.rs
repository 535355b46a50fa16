use std::time::Duration;

use envelope::{Envelope, Provider};
use ports::{Archive, Deliveries, EventsQueue, Ledger, Outgoing, PortResult, SecretSource};
use providers::api::Request;
use providers::digicert::webhook;
use providers::interpretation::Challenge;
use secrecy::SecretString;
use time::OffsetDateTime;

use crate::decide::LONGEST_DELAY;
use crate::provider_api::ProviderApi;
use crate::{Disposition, Worker, telemetry};

impl<Q: EventsQueue, D: Deliveries, L: Ledger, A: Archive, S: SecretSource> Worker<Q, D, L, A, S> {
    /// Never archived, delivered or claimed: its token goes to the operator and nowhere else, but to
    /// CertCentral if the operator wants that.
    pub(crate) async fn keep(
        &self,
        envelope: &Envelope,
        challenge: Challenge,
    ) -> PortResult<Disposition> {
        let Challenge { webhook_id, token, expires } = challenge;
        if expires <= self.now() {
            self.ports.ledger.end_challenge(&webhook_id).await?;
            telemetry::challenge_over(envelope);
            return Ok(Disposition::Duplicate);
        }
        if envelope.attempts == 0 {
            self.ports.ledger.keep_challenge(&webhook_id, &token, expires).await?;
            if self.auto_verify && self.completes(envelope, &webhook_id, &token).await {
                return Ok(Disposition::ChallengeStored);
            }
            telemetry::challenge(envelope, expires);
        }
        if L::DELETES_LATE {
            self.come_back(envelope, expires).await?;
        }
        Ok(Disposition::ChallengeStored)
    }

    async fn completes(&self, envelope: &Envelope, webhook_id: &str, token: &SecretString) -> bool {
        match self.use_token(webhook_id, token).await {
            Ok(()) => telemetry::challenge_completed(envelope),
            Err(why) => {
                telemetry::challenge_not_completed(envelope, &why);
                return false;
            }
        }
        true
    }

    /// The event comes back when its token's time is over, and ends it: nothing keeps a token longer.
    async fn come_back(&self, envelope: &Envelope, expires: OffsetDateTime) -> PortResult<()> {
        let left = Duration::try_from(expires - self.now()).unwrap_or_default();
        let next = Envelope { attempts: envelope.attempts.saturating_add(1), ..envelope.clone() };
        let message = Outgoing::new(&next, Provider::Digicert, envelope.subject.clone())?;
        // Not before the end, though queues count whole seconds; and they delay 15 minutes at most.
        let delay = Duration::from_secs(left.as_secs() + 1).min(LONGEST_DELAY);
        self.ports.events.send(vec![Outgoing { delay, expires: Some(expires), ..message }]).await
    }

    /// Gives CertCentral the token, which is kept already: when this fails, it waits for the operator.
    /// The error says why, without the token.
    async fn use_token(&self, webhook_id: &str, token: &SecretString) -> Result<(), String> {
        let id = webhook_id.parse().map_err(|_| "the event names no webhook".to_owned())?;
        self.apis.digicert.manage(&webhook::check_challenge(id, token)).await?;
        // A token counts once: from now on it is of no use to anybody.
        let (nothing, now) = (SecretString::default(), self.now());
        if let Err(error) = self.ports.ledger.keep_challenge(webhook_id, &nothing, now).await {
            tracing::warn!("{error}; the used token is forgotten at the end of its time");
        }
        Ok(())
    }
}

impl<S: SecretSource> ProviderApi<S> {
    /// One call of the webhook management, with the key of the call-backs.
    async fn manage(&self, request: &Request) -> Result<(), String> {
        let key = self.key.as_ref().ok_or("there is no API key")?;
        let key = key.current().await.map_err(|error| error.0)?;
        let key = key.ok_or("the API key was never filled in")?;
        self.endpoint
            .ask(request, &key, webhook::classify_done)
            .await
            .map_err(|unasked| unasked.to_string())
    }
}
