use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use ports::{
    Archive, CertificateState, Claim, DeliveredResult, Deliveries, Delivery, DeliveryRecord,
    EventsQueue, Item, Items, Ledger, Ordering, Outgoing, PortResult, SecretSource, SecretVersions,
};
use secrecy::SecretString;
use time::OffsetDateTime;

/// All ports of one worker in memory. Clones share it.
#[derive(Clone, Default)]
pub(crate) struct Memory(Arc<Mutex<State>>);

#[derive(Default)]
struct State {
    published: Vec<String>,
    recorded: HashMap<String, Option<DeliveredResult>>,
    states: BTreeMap<String, CertificateState>,
    items: BTreeMap<(String, String), Item>,
}

impl Memory {
    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The messages that were delivered since the last call.
    pub(crate) fn take(&self) -> Vec<String> {
        std::mem::take(&mut self.state().published)
    }
}

impl EventsQueue for Memory {
    /// Nothing is requeued here: no provider is down.
    async fn send(&self, _: Vec<Outgoing>) -> PortResult<()> {
        Ok(())
    }
}

impl Deliveries for Memory {
    /// As of SQS.
    fn body_limit(&self) -> Option<usize> {
        Some(900 * 1024)
    }

    async fn publish(&self, delivery: Delivery) -> PortResult<()> {
        self.state().published.push(delivery.body);
        Ok(())
    }
}

impl Archive for Memory {
    async fn put(&self, key: &str, _: Vec<u8>) -> PortResult<String> {
        Ok(format!("s3://certhooks-archive/{key}"))
    }
}

impl Items for Memory {
    async fn put_item(&self, item: Item) -> PortResult<()> {
        self.state().items.insert((item.partition.clone(), item.sort.clone()), item);
        Ok(())
    }

    async fn delete_item(&self, partition: &str, sort: &str) -> PortResult<()> {
        self.state().items.remove(&(partition.to_owned(), sort.to_owned()));
        Ok(())
    }

    async fn items(
        &self,
        partition: &str,
        between: Option<(&str, &str)>,
        limit: u32,
    ) -> PortResult<Vec<Item>> {
        let state = self.state();
        let found = state.items.values().filter(|item| {
            let sort = item.sort.as_str();
            item.partition == partition
                && between.is_none_or(|(first, last)| (first..=last).contains(&sort))
        });
        Ok(found.take(limit as usize).cloned().collect())
    }
}

impl Ledger for Memory {
    async fn claim(&self, id: &str, _: &str, _: OffsetDateTime) -> PortResult<Claim> {
        let recorded = self.state().recorded.get(id).cloned();
        Ok(recorded.map_or(Claim::Granted, Claim::Recorded))
    }

    async fn advance(&self, state: CertificateState) -> PortResult<Ordering> {
        let mut known = self.state();
        let known = &mut known.states;
        if known.get(&state.certificate).is_some_and(|known| known.rank > state.rank) {
            return Ok(Ordering::Stale);
        }
        known.insert(state.certificate.clone(), state);
        Ok(Ordering::Current)
    }

    async fn record(&self, record: DeliveryRecord) -> PortResult<()> {
        self.state().recorded.insert(record.id, record.result);
        Ok(())
    }

    async fn release(&self, _: &str, _: &str) -> PortResult<()> {
        Ok(())
    }

    async fn forget(&self, id: &str) -> PortResult<()> {
        self.state().recorded.remove(id);
        Ok(())
    }

    async fn known(&self, _: &[String]) -> PortResult<HashMap<String, OffsetDateTime>> {
        Ok(HashMap::new())
    }

    async fn keep_challenge(&self, _: &str, _: &SecretString, _: OffsetDateTime) -> PortResult<()> {
        Ok(())
    }

    async fn delete_challenge(&self, _: &str, _: OffsetDateTime) -> PortResult<()> {
        Ok(())
    }
}

/// An API key that the simulator accepts.
pub(crate) struct Key;

impl SecretSource for Key {
    async fn current(&self) -> PortResult<SecretVersions> {
        Ok(SecretVersions { current: Some("simulated".into()), ..SecretVersions::default() })
    }

    async fn all(&self) -> PortResult<SecretVersions> {
        self.current().await
    }
}
