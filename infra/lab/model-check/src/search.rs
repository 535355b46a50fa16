use std::collections::{BTreeMap, HashMap, VecDeque};
use std::fmt::{Display, Formatter};
use std::hash::{BuildHasher, RandomState};
use std::time::Instant;

use crate::calls::{Answer, Call, Name};
use crate::machine::{Machine, Next, Task};
use crate::model_state::ModelState;
use crate::steps::{Flaw, Step, Steps};

/// The scope of a search: the events on the queue, the workers, and the maximum numbers of faults and
/// outages in one execution.
#[derive(Clone, Copy, Debug)]
pub struct Bounds<'a> {
    /// The messages on the queue, each by the index of its event in the machine's list.
    pub queue: &'a [usize],
    pub workers: usize,
    pub faults: u8,
    pub outages: u8,
    /// The number of ids that are delivered in all, whatever the order: what is new has an id of its own.
    pub ids: usize,
}

/// What a search visited.
#[derive(Debug, Default)]
pub struct Statistics {
    pub states: usize,
    pub steps: usize,
    /// The steps that are lost answers and refusals.
    pub faults: usize,
    /// The steps that are crashes.
    pub crashes: usize,
    /// The states from which no step leads on.
    pub ends: usize,
    /// The end states in which an event was delivered more than once.
    pub repeats: usize,
    /// The end states with a dead letter.
    pub dead_letters: usize,
    /// The states of the worker that were run.
    pub worker_states: usize,
    pub seconds: f64,
}

/// A broken promise, and the shortest path to it.
#[derive(Debug)]
pub struct Violation {
    pub broken_promise: String,
    pub trace: Vec<Step>,
}

/// A breadth-first search that visits every state once. States are compared by a hash of 64 bits, as
/// stateright does.
pub struct Search<'a> {
    bounds: Bounds<'a>,
    steps: Steps<'a>,
    /// The ids that have to be delivered for each event.
    expected: BTreeMap<usize, Vec<Name>>,
    /// The certificate of each event, and the rank of the event in its lifecycle.
    lifecycles: BTreeMap<usize, (Name, i64)>,
    hash: RandomState,
    /// The hash of each visited state, with the hash of the state before it and the step between them.
    visited: HashMap<u64, Option<(u64, Step)>>,
}

impl<'a> Search<'a> {
    /// A search within `bounds`, with a deliberate `flaw` if there is one.
    ///
    /// # Panics
    /// The worker does not do what the model of its surroundings expects.
    pub fn new(machine: &'a Machine, bounds: Bounds<'a>, flaw: Option<Flaw>) -> Self {
        let (mut expected, mut lifecycles) = (BTreeMap::new(), BTreeMap::new());
        for event in bounds.queue {
            let calls = calls(machine, *event);
            expected.insert(*event, calls.iter().filter_map(published).collect());
            lifecycles.extend(calls.iter().find_map(advanced).map(|it| (*event, it)));
        }
        let steps = Steps { machine, flaw };
        let (hash, visited) = (RandomState::new(), HashMap::new());
        Self { bounds, steps, expected, lifecycles, hash, visited }
    }

    /// Visits every state within the bounds.
    ///
    /// # Errors
    /// A promise is broken in one of them.
    ///
    /// # Panics
    /// As [`new`](Self::new).
    pub fn run(mut self) -> Result<Statistics, Violation> {
        let began = Instant::now();
        let mut statistics = Statistics::default();
        let first = self.first();
        let hash = self.hash.hash_one(&first);
        self.visited.insert(hash, None);
        let mut queue = VecDeque::from([(hash, first)]);
        while let Some((hash, state)) = queue.pop_front() {
            let steps = self.steps.possible(&state);
            if let Some(broken_promise) = self.broken_promise(&state, steps.is_empty()) {
                return Err(Violation { broken_promise, trace: self.trace(hash) });
            }
            if steps.is_empty() {
                statistics.count_end(&state);
            }
            for step in steps {
                statistics.count_step(step);
                let after = self.steps.after(&state, step);
                let hash_after = self.hash.hash_one(&after);
                self.visited.entry(hash_after).or_insert_with(|| {
                    queue.push_back((hash_after, after));
                    Some((hash, step))
                });
            }
        }
        statistics.states = self.visited.len();
        statistics.worker_states = self.steps.machine.state_count();
        statistics.seconds = began.elapsed().as_secs_f64();
        Ok(statistics)
    }

    fn first(&self) -> ModelState {
        let Bounds { queue, workers, faults, outages, .. } = self.bounds;
        let runs = vec![None; workers];
        let mut state = ModelState { runs, faults, outages, ..ModelState::default() };
        queue.iter().for_each(|event| state.send(*event, 0));
        state.sort();
        state
    }

    /// The steps from the first state to the one with this hash.
    fn trace(&self, mut hash: u64) -> Vec<Step> {
        let mut trace = Vec::new();
        while let Some((before, step)) = self.visited[&hash] {
            trace.push(step);
            hash = before;
        }
        trace.reverse();
        trace
    }

    /// Checks the promises of infra/docs/architecture.md, "What the worker promises".
    fn broken_promise(&self, state: &ModelState, is_end: bool) -> Option<String> {
        let text = |id: Name| self.steps.machine.names().text(id);
        let deliveries = |id: &Name| state.deliveries.get(id).map_or(0, |count| count.deliveries);
        let repeated =
            state.deliveries.iter().find(|(_, count)| count.deliveries > 1 + count.faults);
        if let Some((id, _)) = repeated {
            return Some(format!(
                "repeated without a fault between publish and record: {}",
                text(*id)
            ));
        }
        for (event, ids) in &self.expected {
            let is_missing = |id: &&Name| deliveries(id) == 0 && !self.is_pending(state, **id);
            if let Some(id) = ids.iter().find(is_missing) {
                let is_acknowledged = state.acknowledged.contains(event);
                let how = if is_acknowledged { "acknowledged and not delivered" } else { "lost" };
                return Some(format!("{how}: {}", text(*id)));
            }
        }
        if let Some(broken_promise) = self.wrong_count(state, is_end) {
            return Some(broken_promise.into());
        }
        if let Some(broken_promise) = self.out_of_order(state) {
            return Some(broken_promise.into());
        }
        let had_no_fault = is_end && state.faults == self.bounds.faults;
        let once = |id: &Name| deliveries(id) == 1;
        if had_no_fault
            && !(state.dead_letters.is_empty() && self.expected.values().flatten().all(once))
        {
            return Some("not delivered exactly once although there was no fault".into());
        }
        None
    }

    /// What is new is delivered under an id of its own, and what is not new is delivered once.
    fn wrong_count(&self, state: &ModelState, is_end: bool) -> Option<&'static str> {
        let ids = state.deliveries.values().filter(|count| count.deliveries > 0).count();
        if ids > self.bounds.ids {
            return Some("delivered again under another id");
        }
        let is_swallowed = is_end && state.dead_letters.is_empty() && ids < self.bounds.ids;
        is_swallowed.then_some("swallowed: what is new was not delivered")
    }

    /// An event older than the state of its certificate is marked stale, and the state never moves back.
    fn out_of_order(&self, state: &ModelState) -> Option<&'static str> {
        if state.is_mismarked {
            return Some("marked otherwise than the ledger answered");
        }
        let is_behind = |event: &usize| {
            self.lifecycles
                .get(event)
                .is_some_and(|(certificate, rank)| state.certificates.get(certificate) < Some(rank))
        };
        let is_moved_back = state.acknowledged.iter().any(is_behind);
        is_moved_back.then_some("the state of a certificate is behind what was delivered")
    }

    /// Whether a message on the queue or a dead letter still leads to the delivery of this id.
    fn is_pending(&self, state: &ModelState, id: Name) -> bool {
        let leads_to = |event: &usize| self.expected[event].contains(&id);
        state.messages.iter().any(|message| leads_to(&message.event))
            || state.dead_letters.iter().any(leads_to)
    }
}

/// The calls of a worker for this event when nothing fails.
fn calls(machine: &Machine, event: usize) -> Vec<Call> {
    let mut state = machine.begin(Task { event, attempts: 0, is_provider_down: false });
    let mut calls = Vec::new();
    while let Next::Call(call) = machine.next(state) {
        let answer = match call {
            Call::Claim { .. } => Answer::Granted,
            _ => Answer::Done,
        };
        calls.push(call);
        state = machine.after(state, answer);
    }
    calls
}

fn published(call: &Call) -> Option<Name> {
    match call {
        Call::Publish { event, .. } => Some(*event),
        _ => None,
    }
}

fn advanced(call: &Call) -> Option<(Name, i64)> {
    match call {
        Call::Advance { certificate, rank } => Some((*certificate, *rank)),
        _ => None,
    }
}

impl Statistics {
    fn count_step(&mut self, step: Step) {
        self.steps += 1;
        match step {
            Step::Crash(_) => self.crashes += 1,
            Step::LoseAnswer(_) | Step::Refuse(_) => self.faults += 1,
            _ => {}
        }
    }

    fn count_end(&mut self, state: &ModelState) {
        self.ends += 1;
        self.repeats += usize::from(state.deliveries.values().any(|count| count.deliveries > 1));
        self.dead_letters += usize::from(!state.dead_letters.is_empty());
    }
}

impl Display for Statistics {
    fn fmt(&self, f: &mut Formatter<'_>) -> std::fmt::Result {
        let Self { states, steps, ends, repeats, dead_letters, worker_states, seconds, .. } = self;
        write!(
            f,
            "{states} states, {steps} steps, {ends} ends ({repeats} with a repeat, {dead_letters} \
             with a dead letter), {worker_states} states of a worker, {seconds:.1} s"
        )
    }
}
