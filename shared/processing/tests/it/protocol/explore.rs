use std::collections::{BTreeMap, HashMap, VecDeque};
use std::fmt::{Display, Formatter};
use std::hash::{BuildHasher, RandomState};
use std::time::Instant;

use crate::protocol::calls::{Answer, Call, Name};
use crate::protocol::machine::{Machine, Next, Task};
use crate::protocol::steps::{Choice, Flaw, Steps};
use crate::protocol::world::World;

/// What is explored: which events are on the queue, and how much goes wrong at most.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bounds<'a> {
    /// Each copy on the queue, by its place in the machine's list.
    pub(crate) queue: &'a [usize],
    pub(crate) workers: usize,
    pub(crate) faults: u8,
    pub(crate) outages: u8,
}

/// What an exploration saw.
#[derive(Debug, Default)]
pub(crate) struct Explored {
    pub(crate) states: usize,
    pub(crate) steps: usize,
    /// Of these, lost answers and refusals.
    pub(crate) faults: usize,
    /// Of these, crashes.
    pub(crate) crashes: usize,
    /// States in which nothing is left to do.
    pub(crate) ends: usize,
    /// Of these, with something delivered more than once.
    pub(crate) repeats: usize,
    /// Of these, with a dead letter.
    pub(crate) dead_letters: usize,
    pub(crate) worker_states: usize,
    pub(crate) seconds: f64,
}

/// A promise broken, and the shortest way to it.
#[derive(Debug)]
pub(crate) struct Violation {
    pub(crate) what: String,
    pub(crate) way: Vec<Choice>,
}

/// Breadth first, every state once. States are told apart by a hash of 64 bits, as stateright does.
pub(crate) struct Explorer<'a> {
    bounds: Bounds<'a>,
    steps: Steps<'a>,
    /// What is to be delivered of each event.
    wanted: BTreeMap<usize, Vec<Name>>,
    /// Of which certificate each event tells, and at which place in its life.
    lives: BTreeMap<usize, (Name, i64)>,
    hash: RandomState,
    /// Each state seen: the one before it, and the choice that led here.
    seen: HashMap<u64, Option<(u64, Choice)>>,
}

impl<'a> Explorer<'a> {
    pub(crate) fn new(machine: &'a Machine, bounds: Bounds<'a>, flaw: Option<Flaw>) -> Self {
        let (mut wanted, mut lives) = (BTreeMap::new(), BTreeMap::new());
        for event in bounds.queue {
            let calls = calls(machine, *event);
            wanted.insert(*event, calls.iter().filter_map(published).collect());
            lives.extend(calls.iter().find_map(advanced).map(|life| (*event, life)));
        }
        let steps = Steps { machine, flaw };
        Self { bounds, steps, wanted, lives, hash: RandomState::new(), seen: HashMap::new() }
    }

    pub(crate) fn explore(mut self) -> Result<Explored, Violation> {
        let began = Instant::now();
        let mut explored = Explored::default();
        let first = self.first();
        let mark = self.hash.hash_one(&first);
        self.seen.insert(mark, None);
        let mut open = VecDeque::from([(mark, first)]);
        while let Some((mark, world)) = open.pop_front() {
            let choices = self.steps.choices(&world);
            if let Some(what) = self.broken(&world, choices.is_empty()) {
                return Err(Violation { what, way: self.way(mark) });
            }
            if choices.is_empty() {
                explored.end(&world);
            }
            for choice in choices {
                explored.step(choice);
                let after = self.steps.after(&world, choice);
                let mark_after = self.hash.hash_one(&after);
                self.seen.entry(mark_after).or_insert_with(|| {
                    open.push_back((mark_after, after));
                    Some((mark, choice))
                });
            }
        }
        explored.states = self.seen.len();
        explored.worker_states = self.steps.machine.states();
        explored.seconds = began.elapsed().as_secs_f64();
        Ok(explored)
    }

    fn first(&self) -> World {
        let Bounds { queue, workers, faults, outages } = self.bounds;
        let mut world = World { runs: vec![None; workers], faults, outages, ..World::default() };
        queue.iter().for_each(|event| world.send(*event, 0));
        world.sort();
        world
    }

    fn way(&self, mut mark: u64) -> Vec<Choice> {
        let mut way = Vec::new();
        while let Some((before, choice)) = self.seen[&mark] {
            way.push(choice);
            mark = before;
        }
        way.reverse();
        way
    }

    /// The promises of design section 6.
    fn broken(&self, world: &World, is_end: bool) -> Option<String> {
        let text = |what: Name| self.steps.machine.names().text(what);
        let deliveries =
            |what: &Name| world.deliveries.get(what).map_or(0, |count| count.deliveries);
        let repeated =
            world.deliveries.iter().find(|(_, count)| count.deliveries > 1 + count.faults);
        if let Some((what, _)) = repeated {
            return Some(format!(
                "repeated without a fault between publish and record: {}",
                text(*what)
            ));
        }
        for (event, all) in &self.wanted {
            let is_missing =
                |what: &&Name| deliveries(what) == 0 && !self.is_under_way(world, **what);
            if let Some(what) = all.iter().find(is_missing) {
                let is_told = world.acknowledged.contains(event);
                let how = if is_told { "acknowledged and not delivered" } else { "lost" };
                return Some(format!("{how}: {}", text(*what)));
            }
        }
        if let Some(what) = self.out_of_order(world) {
            return Some(what.into());
        }
        let is_calm = is_end && world.faults == self.bounds.faults;
        let once = |what: &Name| deliveries(what) == 1;
        if is_calm && !(world.dead.is_empty() && self.wanted.values().flatten().all(once)) {
            return Some("without a fault, and not delivered exactly once".into());
        }
        None
    }

    /// What is older than the state of its certificate says so, and the state never moves back.
    fn out_of_order(&self, world: &World) -> Option<&'static str> {
        if world.is_mismarked {
            return Some("marked otherwise than the state told");
        }
        let is_behind = |event: &usize| {
            let life = self.lives.get(event);
            life.is_some_and(|(certificate, place)| {
                world.certificates.get(certificate) < Some(place)
            })
        };
        let is_moved_back = world.acknowledged.iter().any(is_behind);
        is_moved_back.then_some("the state of a certificate is behind what was delivered")
    }

    /// On the queue or a dead letter: of this event, or of another that brings the same.
    fn is_under_way(&self, world: &World, what: Name) -> bool {
        let brings = |event: &usize| self.wanted[event].contains(&what);
        world.messages.iter().any(|message| brings(&message.event)) || world.dead.iter().any(brings)
    }
}

/// What a worker asks of its ports when nothing goes wrong.
fn calls(machine: &Machine, event: usize) -> Vec<Call> {
    let mut place = machine.begin(Task { event, attempts: 0, is_provider_down: false });
    let mut calls = Vec::new();
    while let Next::Call(call) = machine.next(place) {
        let answer = match call {
            Call::Claim { .. } => Answer::Granted,
            _ => Answer::Done,
        };
        calls.push(call);
        place = machine.after(place, answer);
    }
    calls
}

fn published(call: &Call) -> Option<Name> {
    match call {
        Call::Publish { what, .. } => Some(*what),
        _ => None,
    }
}

fn advanced(call: &Call) -> Option<(Name, i64)> {
    match call {
        Call::Advance { certificate, rank } => Some((*certificate, *rank)),
        _ => None,
    }
}

impl Explored {
    fn step(&mut self, choice: Choice) {
        self.steps += 1;
        match choice {
            Choice::Crash(_) => self.crashes += 1,
            Choice::ProceedUnheard(_) | Choice::Refuse(_) => self.faults += 1,
            _ => {}
        }
    }

    fn end(&mut self, world: &World) {
        self.ends += 1;
        self.repeats += usize::from(world.deliveries.values().any(|count| count.deliveries > 1));
        self.dead_letters += usize::from(!world.dead.is_empty());
    }
}

impl Display for Explored {
    fn fmt(&self, f: &mut Formatter<'_>) -> std::fmt::Result {
        let Self { states, steps, ends, repeats, dead_letters, worker_states, seconds, .. } = self;
        write!(
            f,
            "{states} states, {steps} steps, {ends} ends ({repeats} with a repeat, {dead_letters} \
             with a dead letter), {worker_states} states of a worker, {seconds:.1} s"
        )
    }
}
