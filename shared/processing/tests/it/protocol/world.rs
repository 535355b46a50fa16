use std::collections::BTreeMap;

use crate::protocol::calls::{Answer, Call, Name, Owner};
use crate::protocol::machine::Place;

/// Minutes: the unit of time here.
pub(crate) type Minutes = u8;

/// Everything that a step depends on. Times count down, so that the same situation later is the same.
#[derive(Clone, Debug, Default, Eq, Hash, PartialEq)]
pub(crate) struct World {
    pub(crate) messages: Vec<Message>,
    pub(crate) ledger: BTreeMap<Name, Entry>,
    /// One place for each worker.
    pub(crate) runs: Vec<Option<Run>>,
    pub(crate) deliveries: BTreeMap<Name, Count>,
    /// How far each certificate is in its life.
    pub(crate) certificates: BTreeMap<Name, i64>,
    /// Something was delivered as current that was stale by its worker's own look, or the other way.
    pub(crate) is_mismarked: bool,
    /// Events with a dead letter.
    pub(crate) dead: Vec<usize>,
    /// Events acknowledged as delivered.
    pub(crate) acknowledged: Vec<usize>,
    /// Still to come at most.
    pub(crate) faults: u8,
    pub(crate) outages: u8,
}

/// On the events queue.
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
    Claimed { holder: Holder, left: Minutes },
    Recorded,
}

#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub(crate) enum Holder {
    Envelope(Name),
    Receipt(Receipt),
}

/// A worker under way.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub(crate) struct Run {
    pub(crate) receipt: Receipt,
    pub(crate) event: usize,
    pub(crate) place: Place,
    pub(crate) age: Minutes,
    /// Published by it, and not recorded yet.
    pub(crate) open: Option<Name>,
    /// Its certificate was further already.
    pub(crate) is_stale: bool,
}

/// How often something was delivered.
#[derive(Clone, Copy, Debug, Default, Eq, Hash, PartialEq)]
pub(crate) struct Count {
    pub(crate) deliveries: u8,
    /// Faults between publish and record: each may cause one repeat.
    pub(crate) faults: u8,
}

/// What a port makes of a call: its effect, and the answer if it is not lost.
impl World {
    /// Does what `run` asks for.
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
                // Whole minutes: it may end that much earlier than it does.
                let left = u8::try_from(lease.as_secs() / 60).unwrap();
                return self.claim(key, run.holder(owner), left);
            }
            Call::Publish { what, is_marked_stale } => {
                self.is_mismarked |= is_marked_stale != run.is_stale;
                self.deliveries.entry(what).or_default().deliveries += 1;
                run.open = Some(what);
            }
            Call::Record { key } => {
                self.ledger.insert(key, Entry::Recorded);
                run.open = None;
            }
            Call::Release { key, owner } => {
                let ours = run.holder(owner);
                let entry = self.ledger.get(&key);
                if matches!(entry, Some(Entry::Claimed { holder, .. }) if *holder == ours) {
                    self.ledger.remove(&key);
                }
            }
            Call::Send { attempts } => self.send(run.event, attempts),
        }
        Answer::Done
    }

    fn claim(&mut self, key: Name, holder: Holder, left: Minutes) -> Answer {
        match self.ledger.get(&key) {
            Some(Entry::Recorded) => return Answer::Recorded,
            Some(Entry::Claimed { holder: other, left }) if *other != holder && *left > 0 => {
                return Answer::Held;
            }
            _ => {}
        }
        self.ledger.insert(key, Entry::Claimed { holder, left });
        Answer::Granted
    }

    pub(crate) fn send(&mut self, event: usize, attempts: u32) {
        let mut taken: Vec<u8> = self.messages.iter().map(|message| message.number).collect();
        taken.extend(self.receipts().map(|receipt| receipt.number));
        let number = (0..).find(|number| !taken.contains(number)).unwrap();
        self.messages.push(Message { event, attempts, number, receives: 0, invisible: 0 });
    }

    /// A void receipt removes nothing.
    pub(crate) fn acknowledge(&mut self, receipt: Receipt) -> bool {
        let before = self.messages.len();
        self.messages.retain(|message| message.receipt() != receipt);
        self.messages.len() < before
    }

    /// What was published and will not be recorded may come again.
    pub(crate) fn excuse(&mut self, run: &mut Run) {
        if let Some(what) = run.open.take() {
            self.deliveries.entry(what).or_default().faults += 1;
        }
    }

    /// A minute passes.
    pub(crate) fn wait(&mut self) {
        let less = |minutes: &mut Minutes| *minutes = minutes.saturating_sub(1);
        self.messages.iter_mut().for_each(|message| less(&mut message.invisible));
        for entry in self.ledger.values_mut() {
            if let Entry::Claimed { left, .. } = entry {
                less(left);
            }
        }
        self.runs.iter_mut().flatten().for_each(|run| run.age += 1);
    }

    /// Workers are alike, and so are messages: which is which says nothing.
    pub(crate) fn sort(&mut self) {
        // A lease that is over grants as no entry does.
        self.ledger.retain(|_, entry| !matches!(entry, Entry::Claimed { left: 0, .. }));
        self.messages.sort_by_key(|one| (one.event, one.attempts, one.receives, one.invisible));
        let mut numbers: Vec<u8> = self.messages.iter().map(|message| message.number).collect();
        self.receipts().for_each(|receipt| numbers.push(receipt.number));
        let rename = |number: &mut u8| {
            let place = numbers.iter().position(|known| known == number).unwrap();
            *number = u8::try_from(place).unwrap();
        };
        self.messages.iter_mut().for_each(|message| rename(&mut message.number));
        self.receipts().for_each(|receipt| rename(&mut receipt.number));
        self.runs.sort_by_key(|run| run.as_ref().map(|run| (run.receipt, run.place)));
        self.dead.sort_unstable();
        self.acknowledged.sort_unstable();
        self.acknowledged.dedup();
    }

    /// Whatever names a message.
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
