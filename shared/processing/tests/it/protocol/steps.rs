use processing::Disposition;

use crate::protocol::calls::{Answer, Call, Name};
use crate::protocol::machine::{Machine, Next, Task};
use crate::protocol::world::{Entry, Minutes, Run, World};

/// The events queue's visibility timeout (infra/aws/template.yaml).
const VISIBILITY: Minutes = 3;
/// Of which a message becomes a dead letter (infra/aws/template.yaml).
const MAX_RECEIVES: u8 = 5;
/// A worker is ended after 30 s (infra/aws/template.yaml), so it sees the end of one minute at most.
const TIME_LIMIT: Minutes = 1;

/// What may happen next.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Choice {
    /// The process ends, whatever it was about to do; so does one that is out of time.
    Crash(usize),
    /// The port does it, and the worker hears of it.
    Proceed(usize),
    /// The port does it, and its answer is lost.
    ProceedUnheard(usize),
    /// A message goes to an idle worker, whose provider may be down.
    Receive {
        worker: usize,
        message: usize,
        is_provider_down: bool,
    },
    /// The port does nothing and says so.
    Refuse(usize),
    Wait,
}

/// Something deliberately wrong, which must be found.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Flaw {
    /// The queue forgets a message when it hands it out.
    AcknowledgedAtReceive,
    /// A claim is kept as if it were a record.
    ClaimedIsRecorded,
    /// The ledger's condition is missing.
    EveryClaimGranted,
    /// The lease is over while its worker may be at work.
    LeaseOfAMinute,
    /// The answer of the ledger about the state of a certificate is not heeded.
    NeverStale,
    /// A worker that nobody ends, so that it outlives its lease.
    NoTimeLimit,
    /// The ledger's condition on the state of a certificate is missing.
    StateMovesBack,
}

pub(crate) struct Steps<'a> {
    pub(crate) machine: &'a Machine,
    pub(crate) flaw: Option<Flaw>,
}

impl Steps<'_> {
    fn has(&self, flaw: Flaw) -> bool {
        self.flaw == Some(flaw)
    }

    pub(crate) fn choices(&self, world: &World) -> Vec<Choice> {
        let mut choices = Vec::new();
        for (worker, run) in world.runs.iter().enumerate() {
            match run {
                Some(run) => self.at_work(world, worker, run, &mut choices),
                // Idle workers are alike: the first one takes it.
                None if world.runs[..worker].iter().all(Option::is_some) => {
                    receive(world, worker, &mut choices);
                }
                None => {}
            }
        }
        let is_over = |run: &Run| run.age >= TIME_LIMIT && !self.has(Flaw::NoTimeLimit);
        let is_waited_for = world.messages.iter().any(|message| message.invisible > 0);
        // A copy that was put back waits for the end of the holder's lease.
        let is_leased = world.ledger.values().any(|entry| matches!(entry, Entry::Claimed { .. }));
        if (is_waited_for || is_leased && !world.messages.is_empty())
            && !world.runs.iter().flatten().any(is_over)
        {
            choices.push(Choice::Wait);
        }
        choices
    }

    fn at_work(&self, world: &World, worker: usize, run: &Run, choices: &mut Vec<Choice>) {
        choices.push(Choice::Proceed(worker));
        if world.faults == 0 {
            return;
        }
        choices.extend([Choice::Crash(worker), Choice::Refuse(worker)]);
        if !matches!(self.machine.next(run.place), Next::End(_) | Next::Call(Call::Archive)) {
            choices.push(Choice::ProceedUnheard(worker));
        }
    }

    /// The world after `choice`.
    pub(crate) fn after(&self, world: &World, choice: Choice) -> World {
        let mut world = world.clone();
        match choice {
            Choice::Wait => world.wait(),
            Choice::Receive { worker, message, is_provider_down } => {
                self.receive(&mut world, worker, message, is_provider_down);
            }
            Choice::Crash(worker) => {
                world.faults -= 1;
                let mut run = world.runs[worker].take().unwrap();
                world.excuse(&mut run);
            }
            Choice::Proceed(worker) => self.work(&mut world, worker, choice),
            Choice::ProceedUnheard(worker) | Choice::Refuse(worker) => {
                world.faults -= 1;
                self.work(&mut world, worker, choice);
            }
        }
        world.sort();
        world
    }

    fn receive(&self, world: &mut World, worker: usize, message: usize, is_provider_down: bool) {
        if world.messages[message].receives == MAX_RECEIVES {
            let message = world.messages.remove(message);
            world.dead.push(message.event);
            return;
        }
        world.outages -= u8::from(is_provider_down);
        let received = &mut world.messages[message];
        received.receives += 1;
        received.invisible = VISIBILITY;
        let task = Task { event: received.event, attempts: received.attempts, is_provider_down };
        let receipt = received.receipt();
        if self.has(Flaw::AcknowledgedAtReceive) {
            world.acknowledge(receipt);
        }
        let place = self.machine.begin(task);
        let run = Run { receipt, event: task.event, place, age: 0, open: None, is_stale: false };
        world.runs[worker] = Some(run);
    }

    fn work(&self, world: &mut World, worker: usize, choice: Choice) {
        let mut run = world.runs[worker].take().unwrap();
        let is_refused = matches!(choice, Choice::Refuse(_));
        let call = match self.machine.next(run.place) {
            Next::Call(call) => call,
            Next::End(disposition) => {
                if !is_refused {
                    acknowledge(world, run, disposition);
                }
                return;
            }
        };
        let answer = if is_refused { Answer::Failed } else { self.effect(world, &mut run, call) };
        let is_heard = matches!(choice, Choice::Proceed(_));
        // Whatever fails from publish on leaves it open, but for the answer of the record itself.
        if !is_heard {
            world.excuse(&mut run);
        }
        run.place = self.machine.after(run.place, if is_heard { answer } else { Answer::Failed });
        if self.machine.next(run.place) != Next::End(Disposition::Unacknowledged) {
            world.runs[worker] = Some(run);
        }
    }

    fn effect(&self, world: &mut World, run: &mut Run, call: Call) -> Answer {
        let key = match call {
            Call::Claim { key, .. } => key,
            Call::Advance { certificate, .. } => {
                return self.advance(world, run, call, certificate);
            }
            _ => return world.effect(run, call),
        };
        if self.has(Flaw::EveryClaimGranted) {
            world.ledger.remove(&key);
        }
        let answer = world.effect(run, call);
        if answer == Answer::Granted && self.has(Flaw::ClaimedIsRecorded) {
            world.ledger.insert(key, Entry::Recorded);
        }
        if let Some(Entry::Claimed { left, .. }) = world.ledger.get_mut(&key)
            && self.has(Flaw::LeaseOfAMinute)
        {
            *left = 1;
        }
        answer
    }

    fn advance(&self, world: &mut World, run: &mut Run, call: Call, certificate: Name) -> Answer {
        if self.has(Flaw::StateMovesBack) {
            world.certificates.remove(&certificate);
        }
        match world.effect(run, call) {
            Answer::Stale if self.has(Flaw::NeverStale) => Answer::Done,
            answer => answer,
        }
    }
}

fn receive(world: &World, worker: usize, choices: &mut Vec<Choice>) {
    for (message, one) in world.messages.iter().enumerate() {
        if one.invisible > 0 {
            continue;
        }
        for is_provider_down in [false, true] {
            if !is_provider_down || world.outages > 0 {
                choices.push(Choice::Receive { worker, message, is_provider_down });
            }
        }
    }
}

fn acknowledge(world: &mut World, run: Run, disposition: Disposition) {
    let is_removed = world.acknowledge(run.receipt);
    if is_removed && matches!(disposition, Disposition::Delivered | Disposition::Duplicate) {
        world.acknowledged.push(run.event);
    }
}
