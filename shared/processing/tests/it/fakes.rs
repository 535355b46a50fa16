use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, MutexGuard};

use ::time::OffsetDateTime;
use envelope::{CertificateEvent, Envelope, Provider};
use ports::{
    Archive, CertificateState, Claim, DeliveredResult, Deliveries, Delivery, DeliveryRecord,
    EventsQueue, HistoryRecord, Item, Items, Ledger, Ordering, Outgoing, PortError, PortResult,
    SecretSource, SecretVersions,
};
use secrecy::{ExposeSecret, SecretString};

/// A call of a port.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Step {
    Advance,
    Archive,
    Claim,
    DeleteChallenge,
    DeleteItem,
    EndChallenge,
    Items,
    KeepChallenge,
    Publish,
    PutItem,
    Record,
    Release,
    Send,
}

/// All ports in memory; clones share it.
#[derive(Clone, Default)]
pub(crate) struct Fake(Arc<Mutex<State>>);

#[derive(Default)]
pub(crate) struct State {
    /// The calls so far, in order.
    pub(crate) journal: Vec<Step>,
    /// The step that fails.
    pub(crate) failing: Option<Step>,
    /// Archiving a key with this end panics.
    pub(crate) panics_at: Option<String>,
    pub(crate) sent: Vec<Outgoing>,
    /// The providers whose delays were ended.
    pub(crate) made_due: Vec<Provider>,
    pub(crate) published: Vec<Delivery>,
    /// How long a publication takes.
    pub(crate) slow_publish: std::time::Duration,
    pub(crate) archive: BTreeMap<String, Vec<u8>>,
    pub(crate) ledger: BTreeMap<String, LedgerEntry>,
    /// By certificate.
    pub(crate) states: BTreeMap<String, CertificateState>,
    pub(crate) history: Vec<HistoryRecord>,
    /// By partition and place in it.
    pub(crate) items: BTreeMap<(String, String), Item>,
    /// Tokens, by webhook and expiry.
    pub(crate) challenges: BTreeMap<(String, OffsetDateTime), String>,
}

#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum LedgerEntry {
    Claimed { owner: String, until: OffsetDateTime },
    Recorded(Option<DeliveredResult>),
}

impl Fake {
    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        // A panic that a test asked for must not fail the rest of the test.
        self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    pub(crate) fn fail(&self, step: Option<Step>) {
        self.state().failing = step;
    }

    /// The certificate events published so far.
    pub(crate) fn events(&self) -> Vec<CertificateEvent> {
        self.state().published.iter().map(|one| serde_json::from_str(&one.body).unwrap()).collect()
    }

    /// The envelopes requeued so far.
    pub(crate) fn envelopes(&self) -> Vec<Envelope> {
        self.state().sent.iter().map(|one| serde_json::from_str(&one.body).unwrap()).collect()
    }

    fn step(&self, step: Step) -> PortResult<MutexGuard<'_, State>> {
        let mut state = self.state();
        state.journal.push(step);
        match state.failing {
            Some(failing) if failing == step => Err(PortError(format!("{step:?} fails"))),
            _ => Ok(state),
        }
    }

    fn try_claim(&self, id: &str, owner: &str, until: OffsetDateTime) -> PortResult<Claim> {
        let mut state = self.step(Step::Claim)?;
        match state.ledger.get(id) {
            Some(LedgerEntry::Recorded(result)) => return Ok(Claim::Recorded(result.clone())),
            Some(LedgerEntry::Claimed { owner: other, until })
                if other != owner && *until > OffsetDateTime::now_utc() =>
            {
                return Ok(Claim::Held { until: *until });
            }
            _ => {}
        }
        state.ledger.insert(id.to_owned(), LedgerEntry::Claimed { owner: owner.to_owned(), until });
        Ok(Claim::Granted)
    }
}

impl EventsQueue for Fake {
    async fn send(&self, messages: Vec<Outgoing>) -> PortResult<()> {
        self.step(Step::Send)?.sent.extend(messages);
        Ok(())
    }

    async fn make_due(&self, provider: Provider) -> PortResult<()> {
        self.state().made_due.push(provider);
        Ok(())
    }
}

impl Deliveries for Fake {
    fn body_limit(&self) -> Option<usize> {
        Some(900 * 1024)
    }

    async fn publish(&self, delivery: Delivery) -> PortResult<()> {
        let slow = self.state().slow_publish;
        tokio::time::sleep(slow).await;
        self.step(Step::Publish)?.published.push(delivery);
        Ok(())
    }
}

impl Archive for Fake {
    async fn put(&self, key: &str, body: Vec<u8>) -> PortResult<String> {
        let mut state = self.step(Step::Archive)?;
        if state.panics_at.as_ref().is_some_and(|end| key.ends_with(end)) {
            drop(state);
            panic!("a panic that a test asked for");
        }
        state.archive.insert(key.to_owned(), body);
        Ok(format!("fake:{key}"))
    }
}

impl Items for Fake {
    async fn put_item(&self, item: Item) -> PortResult<()> {
        let mut state = self.step(Step::PutItem)?;
        state.items.insert((item.partition.clone(), item.sort.clone()), item);
        Ok(())
    }

    async fn delete_item(&self, partition: &str, sort: &str) -> PortResult<()> {
        self.step(Step::DeleteItem)?.items.remove(&(partition.to_owned(), sort.to_owned()));
        Ok(())
    }

    async fn items(
        &self,
        partition: &str,
        between: Option<(&str, &str)>,
        limit: u32,
    ) -> PortResult<Vec<Item>> {
        let state = self.step(Step::Items)?;
        let found = state.items.values().filter(|item| {
            let sort = item.sort.as_str();
            item.partition == partition
                && between.is_none_or(|(first, last)| (first..=last).contains(&sort))
        });
        Ok(found.take(limit as usize).cloned().collect())
    }
}

impl Ledger for Fake {
    const DELETES_LATE: bool = true;

    async fn claim(&self, id: &str, owner: &str, until: OffsetDateTime) -> PortResult<Claim> {
        let claim = self.try_claim(id, owner, until);
        // A real ledger is asked over a network, and other work goes on meanwhile.
        tokio::task::yield_now().await;
        claim
    }

    async fn advance(&self, state: CertificateState) -> PortResult<Ordering> {
        let mut states = self.step(Step::Advance)?;
        let known = states.states.get(&state.certificate);
        if known.is_some_and(|known| known.rank > state.rank) {
            return Ok(Ordering::Stale);
        }
        states.states.insert(state.certificate.clone(), state);
        Ok(Ordering::Current)
    }

    async fn record(&self, record: DeliveryRecord) -> PortResult<()> {
        let mut state = self.step(Step::Record)?;
        state.history.extend(record.history);
        state.ledger.insert(record.id, LedgerEntry::Recorded(record.result));
        Ok(())
    }

    async fn release(&self, id: &str, owner: &str) -> PortResult<()> {
        let mut state = self.step(Step::Release)?;
        let is_ours = |entry: &LedgerEntry| matches!(entry, LedgerEntry::Claimed { owner: other, .. } if other == owner);
        if state.ledger.get(id).is_some_and(is_ours) {
            state.ledger.remove(id);
        }
        Ok(())
    }

    async fn forget(&self, id: &str) -> PortResult<()> {
        let mut state = self.state();
        if matches!(state.ledger.get(id), Some(LedgerEntry::Recorded(_))) {
            state.ledger.remove(id);
        }
        Ok(())
    }

    async fn known(&self, ids: &[String]) -> PortResult<HashMap<String, OffsetDateTime>> {
        let state = self.state();
        let recorded =
            |id: &&String| matches!(state.ledger.get(*id), Some(LedgerEntry::Recorded(_)));
        let kept_until = OffsetDateTime::now_utc() + ::time::Duration::days(120);
        Ok(ids.iter().filter(recorded).map(|id| (id.clone(), kept_until)).collect())
    }

    async fn keep_challenge(
        &self,
        webhook_id: &str,
        token: &SecretString,
        expires: OffsetDateTime,
    ) -> PortResult<()> {
        let token = token.expose_secret().to_owned();
        self.step(Step::KeepChallenge)?.challenges.insert((webhook_id.to_owned(), expires), token);
        Ok(())
    }

    async fn delete_challenge(&self, webhook_id: &str, expires: OffsetDateTime) -> PortResult<()> {
        self.step(Step::DeleteChallenge)?.challenges.remove(&(webhook_id.to_owned(), expires));
        Ok(())
    }

    async fn end_challenge(&self, webhook_id: &str) -> PortResult<()> {
        let now = OffsetDateTime::now_utc();
        self.step(Step::EndChallenge)?
            .challenges
            .retain(|(kept, expires), _| kept != webhook_id || *expires > now);
        Ok(())
    }
}

/// An API key that can be changed, or made unreadable.
#[derive(Clone)]
pub(crate) struct Key(pub(crate) Arc<Mutex<Option<&'static str>>>);

impl Key {
    pub(crate) fn new(key: &'static str) -> Self {
        Self(Arc::new(Mutex::new(Some(key))))
    }
}

impl SecretSource for Key {
    async fn current(&self) -> PortResult<SecretVersions> {
        let key = *self.0.lock().unwrap();
        let key = key.ok_or_else(|| PortError("the secret cannot be read".into()))?;
        Ok(SecretVersions { current: Some(key.into()), ..SecretVersions::default() })
    }

    async fn all(&self) -> PortResult<SecretVersions> {
        self.current().await
    }
}
