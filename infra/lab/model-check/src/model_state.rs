use std::collections::BTreeMap;

use crate::calls::{Answer, Call, Name, Owner};
use crate::machine::WorkerState;

/// The unit of time in the model.
pub(crate) type Minutes = u8;

/// Everything that a step depends on. Times count down, so that the same situation at a later time is
/// the same state.
#[derive(Clone, Debug, Default, Eq, Hash, PartialEq)]
pub(crate) struct ModelState {
    pub(crate) messages: Vec<Message>,
    pub(crate) ledger: BTreeMap<Name, Entry>,
    /// One entry for each worker; `None` is an idle one.
    pub(crate) runs: Vec<Option<Run>>,
    pub(crate) deliveries: BTreeMap<Name, Count>,
    /// The rank that each certificate has reached in its lifecycle.
    pub(crate) certificates: BTreeMap<Name, i64>,
    /// An event was delivered as current although the ledger had called it stale, or the reverse.
    pub(crate) is_mismarked: bool,
    /// Events whose message became a dead letter.
    pub(crate) dead_letters: Vec<usize>,
    /// Events acknowledged as delivered.
    pub(crate) acknowledged: Vec<usize>,
    /// The number of faults that may still happen.
    pub(crate) faults: u8,
    /// The number of outages that may still happen.
    pub(crate) outages: u8,
}

/// A message on the events queue.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub(crate) struct Message {
    pub(crate) event: usize,
    pub(crate) attempts: u32,
    pub(crate) number: u8,
    pub(crate) receives: u8,
    pub(crate) invisible: Minutes,
}

/// One receive of one message.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub(crate) struct Receipt {
    pub(crate) number: u8,
    pub(crate) receives: u8,
}

#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub(crate) enum Entry {
    Claimed { holder: Holder, remaining: Minutes },
    Recorded(Option<Name>),
}

#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub(crate) enum Holder {
    Envelope(Name),
    Receipt(Receipt),
}

/// A worker that is processing a message.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub(crate) struct Run {
    pub(crate) receipt: Receipt,
    pub(crate) event: usize,
    pub(crate) worker: WorkerState,
    pub(crate) age: Minutes,
    /// The event that it has published and not recorded yet.
    pub(crate) unrecorded: Option<Name>,
    /// The ledger answered that the certificate had already reached a higher rank.
    pub(crate) is_stale: bool,
}

/// How often an event was delivered.
#[derive(Clone, Copy, Debug, Default, Eq, Hash, PartialEq)]
pub(crate) struct Count {
    pub(crate) deliveries: u8,
    /// Faults between publish and record, each of which may cause one repeat.
    pub(crate) faults: u8,
}

impl ModelState {
    /// Applies the effect of a call by `run`, and returns the answer, which may then be lost.
    pub(crate) fn effect(&mut self, run: &mut Run, call: Call) -> Answer {
        match call {
            Call::Advance { certificate, rank } => {
                let state = self.certificates.entry(certificate).or_insert(rank);
                run.is_stale = *state > rank;
                *state = rank.max(*state);
                return if run.is_stale { Answer::Stale } else { Answer::Done };
            }
            Call::Archive => {}
            Call::Claim { key, owner, lease } => {
                // Rounded down to whole minutes, so the lease may end earlier than the real one.
                let minutes = u8::try_from(lease.as_secs() / 60).unwrap();
                return self.claim(key, run.holder(owner), minutes);
            }
            Call::Publish { event, is_marked_stale } => {
                self.is_mismarked |= is_marked_stale != run.is_stale;
                self.deliveries.entry(event).or_default().deliveries += 1;
                run.unrecorded = Some(event);
            }
            Call::Record { key, result } => {
                self.ledger.insert(key, Entry::Recorded(result));
                run.unrecorded = None;
            }
            Call::Release { key, owner } => {
                let own = run.holder(owner);
                let entry = self.ledger.get(&key);
                if matches!(entry, Some(Entry::Claimed { holder, .. }) if *holder == own) {
                    self.ledger.remove(&key);
                }
            }
            Call::Send { attempts } => self.send(run.event, attempts),
        }
        Answer::Done
    }

    fn claim(&mut self, key: Name, holder: Holder, remaining: Minutes) -> Answer {
        match self.ledger.get(&key) {
            Some(Entry::Recorded(result)) => return Answer::Recorded(*result),
            Some(Entry::Claimed { holder: other, remaining })
                if *other != holder && *remaining > 0 =>
            {
                return Answer::Held;
            }
            _ => {}
        }
        self.ledger.insert(key, Entry::Claimed { holder, remaining });
        Answer::Granted
    }

    pub(crate) fn send(&mut self, event: usize, attempts: u32) {
        let mut taken: Vec<u8> = self.messages.iter().map(|message| message.number).collect();
        taken.extend(self.receipts().map(|receipt| receipt.number));
        let number = (0..).find(|number| !taken.contains(number)).unwrap();
        self.messages.push(Message { event, attempts, number, receives: 0, invisible: 0 });
    }

    /// Removes the message with this receipt. A receipt of an earlier receive removes nothing.
    pub(crate) fn acknowledge(&mut self, receipt: Receipt) -> bool {
        let before = self.messages.len();
        self.messages.retain(|message| message.receipt() != receipt);
        self.messages.len() < before
    }

    /// Allows one repeat of an event that was published and will not be recorded.
    pub(crate) fn allow_repeat(&mut self, run: &mut Run) {
        if let Some(event) = run.unrecorded.take() {
            self.deliveries.entry(event).or_default().faults += 1;
        }
    }

    /// Lets a minute pass.
    pub(crate) fn wait(&mut self) {
        let count_down = |minutes: &mut Minutes| *minutes = minutes.saturating_sub(1);
        self.messages.iter_mut().for_each(|message| count_down(&mut message.invisible));
        for entry in self.ledger.values_mut() {
            if let Entry::Claimed { remaining, .. } = entry {
                count_down(remaining);
            }
        }
        self.runs.iter_mut().flatten().for_each(|run| run.age += 1);
    }

    /// Brings the state into a canonical form. Workers are interchangeable, and so are messages, so states
    /// that differ only in their order are the same.
    pub(crate) fn sort(&mut self) {
        // A claim whose lease has ended has the same effect as no entry.
        self.ledger.retain(|_, entry| !matches!(entry, Entry::Claimed { remaining: 0, .. }));
        self.messages.sort_by_key(|message| {
            (message.event, message.attempts, message.receives, message.invisible)
        });
        let mut numbers: Vec<u8> = self.messages.iter().map(|message| message.number).collect();
        self.receipts().for_each(|receipt| numbers.push(receipt.number));
        let rename = |number: &mut u8| {
            let index = numbers.iter().position(|known| known == number).unwrap();
            *number = u8::try_from(index).unwrap();
        };
        self.messages.iter_mut().for_each(|message| rename(&mut message.number));
        self.receipts().for_each(|receipt| rename(&mut receipt.number));
        self.runs.sort_by_key(|run| run.as_ref().map(|run| (run.receipt, run.worker)));
        self.dead_letters.sort_unstable();
        self.acknowledged.sort_unstable();
        self.acknowledged.dedup();
    }

    /// Every receipt that refers to a message.
    fn receipts(&mut self) -> impl Iterator<Item = &mut Receipt> {
        let runs = self.runs.iter_mut().flatten().map(|run| &mut run.receipt);
        runs.chain(self.ledger.values_mut().filter_map(|entry| match entry {
            Entry::Claimed { holder: Holder::Receipt(receipt), .. } => Some(receipt),
            _ => None,
        }))
    }
}

impl Message {
    pub(crate) fn receipt(&self) -> Receipt {
        Receipt { number: self.number, receives: self.receives }
    }
}

impl Run {
    fn holder(&self, owner: Owner) -> Holder {
        match owner {
            Owner::Receipt => Holder::Receipt(self.receipt),
            Owner::Envelope(id) => Holder::Envelope(id),
        }
    }
}

#[cfg(test)]
mod tests {
    use harness::ledger as contract;

    use super::{ModelState, Receipt, Run};
    use crate::calls::{ModelPorts, Names};
    use crate::events::issued;
    use crate::machine::WorkerState;

    /// Otherwise the search would prove nothing about the real ledgers.
    #[tokio::test]
    async fn the_model_keeps_the_contract_of_the_ledger() {
        let envelope = serde_json::from_value(issued("issued")).unwrap();
        let (ledger, mut calls) = ModelPorts::new(envelope, Names::default());
        let answering = tokio::spawn(async move {
            let mut state = ModelState::default();
            let receipt = Receipt { number: 0, receives: 1 };
            let worker = WorkerState(0);
            let mut run =
                Run { receipt, event: 0, worker, age: 0, unrecorded: None, is_stale: false };
            while let Some((call, sender)) = calls.recv().await {
                sender.send(state.effect(&mut run, call)).unwrap();
            }
        });
        contract::a_claim_has_one_owner(&ledger).await.unwrap();
        contract::a_lease_ends(&ledger).await.unwrap();
        contract::a_recorded_id_stays_recorded(&ledger).await.unwrap();
        contract::a_record_says_what_was_delivered(&ledger).await.unwrap();
        drop(ledger);
        answering.await.unwrap();
    }
}
