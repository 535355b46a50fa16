use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use envelope::{Envelope, Outcome, Provider, Reason};
use ports::{PortResult, SecretSource};
use providers::api::{Call, Classification, Key};
use providers::dispatch;
use providers::enrich::{CallResult, Completion, Enricher, Enrichers, KeyCheck, Next};
use providers::interpretation::{Challenge, Interpretation};
use providers::profile::Profile;
use time::OffsetDateTime;

use crate::breaker::{Breaker, Health, Permit};
use crate::budget::Turn;
use crate::client::{Endpoint, MAX_RATE_LIMIT_WAIT, OwnedAnswer};
use crate::decide::is_expired;
use crate::key::ApiKey;
use crate::types::{Event, Retry};
use crate::{Clock, Keys, Settings, http, telemetry};

/// The providers' APIs.
pub(crate) struct Apis<S>(BTreeMap<Provider, ProviderApi<S>>);

/// The API of one provider. Without a key its call-backs are `disabled`.
pub(crate) struct ProviderApi<S> {
    profile: &'static Profile,
    endpoint: Endpoint,
    key: Option<ApiKey<S>>,
    breaker: Breaker,
    enrichers: Arc<dyn Enrichers>,
    /// The key that the provider called valid, and when.
    good_key: Mutex<Option<(Instant, Key)>>,
    clock: Arc<dyn Clock>,
}

/// How long the provider's word that a key is valid counts.
const GOOD_KEY_TTL: Duration = Duration::from_secs(60);

/// How long the calls may take together that find out whether a key is good, after the call that left it
/// open: both must end before the worker's deadline.
const KEY_CHECK_TIMEOUT: Duration = Duration::from_secs(5);

/// How long an event is new. In this time a flood of events does not use up what CertCentral allows in three
/// minutes, so that there is room for those after it.
const NEW_FOR: time::Duration = time::Duration::seconds(30);

/// What the first call in this receipt of an event is for. To be deferred is no attempt.
fn first_turn(envelope: &Envelope, now: OffsetDateTime) -> Turn {
    let is_tried = envelope.attempts > 0 || envelope.holds > 0 || envelope.progress.is_some();
    match now - envelope.receivedtime < NEW_FOR {
        _ if is_tried => Turn::Further,
        true => Turn::New,
        false => Turn::Waiting,
    }
}

/// What became of a call.
pub(crate) enum Sent {
    Answered(OwnedAnswer, Ticket),
    /// There was no complete answer.
    Failed(Classification<()>, Ticket),
    /// No call was made, and none can be made now.
    Deferred(Retry),
    /// No call was made, and none will be.
    Final(CallResult),
}

/// A call that is under way: its permit, and the key that it was made with.
pub(crate) struct Ticket {
    permit: Permit,
    key: Option<Key>,
    /// The provider answered, in its own shape, whatever became of the question about the key.
    is_answered: bool,
}

impl<S: SecretSource> Apis<S> {
    /// # Errors
    /// Only when the TLS back end does not start.
    pub(crate) fn new(
        settings: &Settings,
        mut keys: Keys<S>,
        clock: &Arc<dyn Clock>,
    ) -> PortResult<Self> {
        let workers = settings.concurrency;
        let apis = settings.apis.iter().map(|(provider, api)| {
            let client = http::client(settings.callback_timeout, &api.base)?;
            let parse = api.profile.api.key;
            let key = keys.remove(provider);
            let key = key.map(|source| ApiKey::new(source, parse, Arc::clone(clock)));
            let api = ProviderApi {
                profile: api.profile,
                endpoint: Endpoint::new(client, api, workers, Arc::clone(clock)),
                key,
                breaker: Breaker::new(*provider, Arc::clone(clock)),
                enrichers: Arc::clone(&api.enrichers),
                good_key: Mutex::default(),
                clock: Arc::clone(clock),
            };
            Ok((*provider, api))
        });
        Ok(Self(apis.collect::<PortResult<_>>()?))
    }

    pub(crate) fn breakers(&self) -> impl Iterator<Item = (Provider, bool)> {
        self.0.iter().map(|(provider, api)| (*provider, api.breaker.is_open()))
    }

    /// The row of the provider whose event it is.
    pub(crate) fn row(&self, envelope: &Envelope) -> Option<&'static Profile> {
        dispatch::row(self.0.values().map(|api| &api.profile), envelope)
    }

    /// Another id under which the ledger is to know an event that is delivered.
    pub(crate) fn other_id(&self, event: &Event<'_>) -> Option<String> {
        let api = self.of(event.interpretation.provider);
        api.enrichers.other_id(&event.redacted.envelope)
    }

    /// The envelope without what people are known by, unless the operator wants that kept.
    pub(crate) fn without_personal_data(&self, envelope: Envelope) -> Envelope {
        let provider = self.row(&envelope).map(|row| row.provider);
        let enrichers = provider.map(|provider| &self.of(provider).enrichers);
        match enrichers.and_then(|enrichers| enrichers.without_personal_data(&envelope)) {
            Some(data) => Envelope { data, ..envelope },
            None => envelope,
        }
    }

    /// The providers that refused their last key and have another one now. The next event of each is
    /// tried at once.
    ///
    /// # Errors
    /// A key cannot be read.
    pub(crate) async fn with_replaced_keys(&self) -> PortResult<Vec<Provider>> {
        let mut replaced = Vec::new();
        for (provider, api) in &self.0 {
            if let Some(key) = &api.key
                && key.look_for_replacement().await?
            {
                api.breaker.key_replaced();
                replaced.push(*provider);
            }
        }
        Ok(replaced)
    }

    /// # Panics
    /// Never: [`Settings`] has every provider.
    pub(crate) fn of(&self, provider: Provider) -> &ProviderApi<S> {
        &self.0[&provider]
    }
}

impl<S: SecretSource> ProviderApi<S> {
    pub(crate) fn enricher(&self, interpretation: &Interpretation) -> Box<dyn Enricher> {
        self.enrichers.enricher(interpretation)
    }

    /// Makes one call, if key, breaker and budget allow it. `is_further` calls of the same event do not
    /// use the part of the budget that is kept for what is new.
    pub(crate) async fn send(
        &self,
        call: &Call,
        envelope: &Envelope,
        is_further: bool,
        now: OffsetDateTime,
    ) -> PortResult<Sent> {
        let Some(key) = &self.key else {
            return Ok(Sent::Final(CallResult::new(Outcome::Disabled)));
        };
        let current = key.current().await?;
        if key.is_replacement(current.as_ref()).await {
            self.breaker.key_replaced();
        }
        let permit = match self.breaker.permit() {
            Ok(permit) => permit,
            Err(_) if is_expired(envelope, now) => {
                let reason = Some(Reason::Expired);
                return Ok(Sent::Final(CallResult { reason, ..CallResult::new(Outcome::Failed) }));
            }
            Err(wait) => return Ok(Sent::Deferred(Retry::held(wait))),
        };
        let refused = Classification::KeyRefused { reason: Reason::Unauthorized };
        let Some(current) = current else {
            telemetry::key_not_usable(self.profile);
            return Ok(Sent::Failed(refused, Ticket { permit, key: None, is_answered: false }));
        };
        if !current.is_sendable() {
            telemetry::key_not_usable(self.profile);
            return Ok(Sent::Failed(
                refused,
                Ticket { permit, key: Some(current), is_answered: false },
            ));
        }
        let turn = if is_further { Turn::Further } else { first_turn(envelope, now) };
        // A backlog that waited here would keep new events from being received.
        let waits_here = is_further || turn == Turn::New;
        let patience = if waits_here { MAX_RATE_LIMIT_WAIT } else { Duration::ZERO };
        if let Err(wait) = self.endpoint.admit(turn, patience).await {
            self.breaker.give_back(permit);
            return Ok(Sent::Deferred(Retry::rate_limit(wait, !waits_here)));
        }
        let answer = self.endpoint.get(call, &current).await;
        Ok(match answer {
            Ok(answer) => self.checked(answer, permit, current).await,
            Err(reason) => {
                let ticket = Ticket { permit, key: Some(current), is_answered: false };
                Sent::Failed(Classification::Retry { reason, after: None }, ticket)
            }
        })
    }

    /// The answer, unless it leaves open whether the key itself is refused, and the provider says that it
    /// is, or does not say.
    async fn checked(&self, answer: OwnedAnswer, permit: Permit, key: Key) -> Sent {
        let checks = self.enrichers.key_checks(&answer.borrow());
        let outcome = tokio::time::timeout(KEY_CHECK_TIMEOUT, self.check_key(&checks, &key)).await;
        let timeout = Classification::Retry { reason: Reason::Timeout, after: None };
        let ticket = Ticket { permit, key: Some(key), is_answered: true };
        match outcome.unwrap_or(timeout) {
            Classification::Good(()) => Sent::Answered(answer, ticket),
            outcome => Sent::Failed(outcome, ticket),
        }
    }

    async fn check_key(&self, checks: &[KeyCheck], key: &Key) -> Classification<()> {
        let mut outcome = Classification::Good(());
        for check in checks.iter().filter(|_| !self.is_known_good(key)) {
            let admitted = self.endpoint.admit(Turn::Further, MAX_RATE_LIMIT_WAIT).await;
            let answer = match admitted {
                Ok(()) => self.endpoint.get(&check.call, key).await,
                Err(_) => Err(Reason::RateLimited),
            };
            outcome = match answer {
                Ok(answer) => (check.classify)(&answer.borrow()),
                Err(reason) => Classification::Retry { reason, after: None },
            };
            match outcome {
                Classification::Good(()) => {
                    *self.good_key() = Some((self.clock.instant(), key.clone()));
                    break;
                }
                // The next call may know the key.
                Classification::KeyRefused { .. } => {}
                _ => break,
            }
        }
        outcome
    }

    /// Whether the provider said lately that this key is valid, so that many events of a zone that it may
    /// not read do not double the calls.
    fn is_known_good(&self, key: &Key) -> bool {
        let now = self.clock.instant();
        let is_fresh = |at: Instant| now.saturating_duration_since(at) < GOOD_KEY_TTL;
        self.good_key().as_ref().is_some_and(|(at, good)| is_fresh(*at) && good.is_same(key))
    }

    fn good_key(&self) -> MutexGuard<'_, Option<(Instant, Key)>> {
        self.good_key.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Tells breaker and key what an answer says about the provider. `next` is what the machine made of
    /// the answer.
    pub(crate) async fn report(
        &self,
        Ticket { permit, key, is_answered }: Ticket,
        envelope: &Envelope,
        next: &Next,
        status: Option<u16>,
    ) {
        let health = match next {
            Next::Failed(classification) => match Health::of(classification, status) {
                // Only the question about the key failed; the call itself was answered.
                Health::Down { .. } if is_answered && status.is_none() => Health::Up,
                health => health,
            },
            Next::Ask(_) | Next::Emit(_) | Next::Done(_) => Health::Up,
        };
        if health == Health::KeyRefused
            && let Some(source) = &self.key
        {
            source.refuse(key).await;
        }
        self.breaker.report(permit, &envelope.id, health);
    }

    /// Completes a challenge of the account's own webhook with the management API and the key of the
    /// call-backs. Returns whether it did, which it does only where the operator wants it.
    ///
    /// # Errors
    /// Why it was not done, without anything secret.
    pub(crate) async fn complete(&self, challenge: &Challenge) -> Result<bool, String> {
        let completion = self.enrichers.completion(challenge)?;
        let Some(Completion { lookup, is_own, request, classify }) = completion else {
            return Ok(false);
        };
        let key = self.key.as_ref().ok_or("no API key is configured")?;
        let key = key.current().await.map_err(|error| error.0)?;
        let key = key.ok_or("the API key is empty or malformed")?;
        let answer =
            self.endpoint.manage(&lookup, &key).await.map_err(|error| error.to_string())?;
        is_own(&answer.borrow(), challenge, &lookup.secrets(&key))?;
        let answer = self.endpoint.manage(&request, &key).await;
        let answer = answer.map_err(|error| error.to_string())?;
        classify(&answer.borrow(), &request.secrets(&key)).map(|()| true)
    }
}
