use std::time::Duration;

use envelope::{Envelope, Provider};
use ports::{Archive, Deliveries, EventsQueue, Ledger, Outgoing, PortResult, SecretSource};
use providers::envelope_builder::fair_queue_group;
use providers::interpretation::Challenge;
use time::OffsetDateTime;

use crate::decide::MAX_DELAY;
use crate::telemetry::{self, Subject};
use crate::types::{Disposition, QueueMessage};
use crate::worker::Worker;

impl<Q: EventsQueue, D: Deliveries, L: Ledger, A: Archive, S: SecretSource> Worker<Q, D, L, A, S> {
    /// Stores the token of a challenge for the operator, or answers the challenge if the operator
    /// wants that. The token goes nowhere else, so a challenge is never archived, delivered or claimed.
    pub(crate) async fn store_challenge(
        &self,
        message: &QueueMessage,
        envelope: &Envelope,
        provider: Provider,
        challenge: &Challenge,
    ) -> PortResult<Disposition> {
        let Challenge { webhook_id, token, expires, command } = challenge;
        let subject = Subject::of(envelope, provider, message);
        if *expires <= self.now() {
            self.ports.ledger.end_challenge(webhook_id).await?;
            telemetry::challenge_expired(subject);
            return Ok(Disposition::Duplicate);
        }
        if envelope.attempts == 0 {
            self.ports.ledger.keep_challenge(webhook_id, token, *expires).await?;
            if self.completes_challenge(subject, provider, challenge).await {
                return Ok(Disposition::ChallengeStored);
            }
            telemetry::challenge_stored(subject, *expires, command);
        }
        if L::DELETES_LATE {
            self.requeue_challenge(envelope, provider, *expires).await?;
        }
        Ok(Disposition::ChallengeStored)
    }

    async fn completes_challenge(
        &self,
        subject: Subject<'_>,
        provider: Provider,
        challenge: &Challenge,
    ) -> bool {
        match self.apis.of(provider).complete(challenge).await {
            Ok(true) => {}
            Ok(false) => return false,
            // It is stored already, so the operator can use it.
            Err(error) => {
                telemetry::challenge_not_completed(subject, &error);
                return false;
            }
        }
        telemetry::challenge_completed(subject, challenge.command);
        // A token can be used only once.
        let (id, expires) = (&challenge.webhook_id, challenge.expires);
        if let Err(error) = self.ports.ledger.delete_challenge(id, expires).await {
            telemetry::used_token_not_deleted(provider, id, &error);
        }
        true
    }

    /// Requeues the event until its token expires, so that the last receipt deletes the token.
    async fn requeue_challenge(
        &self,
        envelope: &Envelope,
        provider: Provider,
        expires: OffsetDateTime,
    ) -> PortResult<()> {
        let left = Duration::try_from(expires - self.now()).unwrap_or_default();
        let next = Envelope { attempts: envelope.attempts.saturating_add(1), ..envelope.clone() };
        let message = Outgoing::new(&next, provider, fair_queue_group(&envelope.source))?;
        // Queues count whole seconds, so one more makes sure that the token has expired.
        let delay = Duration::from_secs(left.as_secs() + 1).min(MAX_DELAY);
        self.ports.events.send(vec![Outgoing { delay, expires: Some(expires), ..message }]).await
    }
}
