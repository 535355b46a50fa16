use processing::Disposition;

use crate::calls::{Answer, Call, Name};
use crate::machine::{Machine, Next, Task};
use crate::model_state::{Entry, Minutes, ModelState, Run};

/// The events queue's visibility timeout (infra/aws/template.yaml).
const VISIBILITY: Minutes = 3;
/// The number of receives after which a message becomes a dead letter (infra/aws/template.yaml).
const MAX_RECEIVES: u8 = 5;
/// A worker is ended after 30 s (infra/aws/template.yaml), so at most one minute of the model ends while
/// it runs.
const TIME_LIMIT: Minutes = 1;

/// A step from one state to the next. The numbers are indexes of workers and messages.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Step {
    /// The process ends at any point, as one that exceeds its time limit does.
    Crash(usize),
    /// The call has its effect, and the worker gets the answer.
    Proceed(usize),
    /// The call has its effect, and its answer is lost.
    LoseAnswer(usize),
    /// An idle worker receives a message; the provider may be down for it.
    Receive { worker: usize, message: usize, is_provider_down: bool },
    /// The call fails without an effect.
    Refuse(usize),
    /// A minute passes.
    Wait,
}

/// A deliberate flaw, which the search must find.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Flaw {
    /// The queue deletes a message when it hands it out.
    AcknowledgedAtReceive,
    /// A claim is kept as if it were a record.
    ClaimedIsRecorded,
    /// A repeat is distinguished from a copy by its data, which is the same, and not by its time of receipt.
    ComparedByData,
    /// The id of a repeat is the next number, and does not follow from the repeat.
    CountedIds,
    /// The ledger grants every claim, as if the condition of its write were missing.
    EveryClaimGranted,
    /// The lease ends while its worker may still be running.
    LeaseOfAMinute,
    /// The worker is told that no event is stale.
    NeverStale,
    /// No worker is ended for exceeding its time limit, so that one may outlive its lease.
    NoTimeLimit,
    /// The ledger takes any rank for a certificate, as if the condition of its write were missing.
    StateMovesBack,
}

/// Computes the steps between states.
pub(crate) struct Steps<'a> {
    pub(crate) machine: &'a Machine,
    pub(crate) flaw: Option<Flaw>,
}

impl Steps<'_> {
    fn has(&self, flaw: Flaw) -> bool {
        self.flaw == Some(flaw)
    }

    /// The steps that are possible in `state`.
    pub(crate) fn possible(&self, state: &ModelState) -> Vec<Step> {
        let mut steps = Vec::new();
        for (worker, run) in state.runs.iter().enumerate() {
            match run {
                Some(run) => self.worker_steps(state, worker, run, &mut steps),
                // Idle workers are interchangeable, so only the first one receives.
                None if state.runs[..worker].iter().all(Option::is_some) => {
                    receive(state, worker, &mut steps);
                }
                None => {}
            }
        }
        let is_out_of_time = |run: &Run| run.age >= TIME_LIMIT && !self.has(Flaw::NoTimeLimit);
        let is_delayed = state.messages.iter().any(|message| message.invisible > 0);
        // A copy that was requeued waits for the end of the holder's lease.
        let is_leased = state.ledger.values().any(|entry| matches!(entry, Entry::Claimed { .. }));
        if (is_delayed || is_leased && !state.messages.is_empty())
            && !state.runs.iter().flatten().any(is_out_of_time)
        {
            steps.push(Step::Wait);
        }
        steps
    }

    fn worker_steps(&self, state: &ModelState, worker: usize, run: &Run, steps: &mut Vec<Step>) {
        steps.push(Step::Proceed(worker));
        if state.faults == 0 {
            return;
        }
        steps.extend([Step::Crash(worker), Step::Refuse(worker)]);
        if !matches!(self.machine.next(run.worker), Next::End(_) | Next::Call(Call::Archive)) {
            steps.push(Step::LoseAnswer(worker));
        }
    }

    /// The state after `step`.
    pub(crate) fn after(&self, state: &ModelState, step: Step) -> ModelState {
        let mut state = state.clone();
        match step {
            Step::Wait => state.wait(),
            Step::Receive { worker, message, is_provider_down } => {
                self.receive(&mut state, worker, message, is_provider_down);
            }
            Step::Crash(worker) => {
                state.faults -= 1;
                let mut run = state.runs[worker].take().unwrap();
                state.allow_repeat(&mut run);
            }
            Step::Proceed(worker) => self.proceed(&mut state, worker, step),
            Step::LoseAnswer(worker) | Step::Refuse(worker) => {
                state.faults -= 1;
                self.proceed(&mut state, worker, step);
            }
        }
        state.sort();
        state
    }

    fn receive(
        &self,
        state: &mut ModelState,
        worker: usize,
        message: usize,
        is_provider_down: bool,
    ) {
        if state.messages[message].receives == MAX_RECEIVES {
            let message = state.messages.remove(message);
            state.dead_letters.push(message.event);
            return;
        }
        state.outages -= u8::from(is_provider_down);
        let received = &mut state.messages[message];
        received.receives += 1;
        received.invisible = VISIBILITY;
        let task = Task { event: received.event, attempts: received.attempts, is_provider_down };
        let receipt = received.receipt();
        if self.has(Flaw::AcknowledgedAtReceive) {
            state.acknowledge(receipt);
        }
        let run = Run {
            receipt,
            event: task.event,
            worker: self.machine.begin(task),
            age: 0,
            unrecorded: None,
            is_stale: false,
        };
        state.runs[worker] = Some(run);
    }

    fn proceed(&self, state: &mut ModelState, worker: usize, step: Step) {
        let mut run = state.runs[worker].take().unwrap();
        let is_refused = matches!(step, Step::Refuse(_));
        let call = match self.machine.next(run.worker) {
            Next::Call(call) => call,
            Next::End(disposition) => {
                if !is_refused {
                    acknowledge(state, run, disposition);
                }
                return;
            }
        };
        let answer = if is_refused { Answer::Failed } else { self.effect(state, &mut run, call) };
        let is_answered = matches!(step, Step::Proceed(_));
        // A failure after publish may lead to a repeat, unless it is the lost answer of the record.
        if !is_answered {
            state.allow_repeat(&mut run);
        }
        run.worker =
            self.machine.after(run.worker, if is_answered { answer } else { Answer::Failed });
        if self.machine.next(run.worker) != Next::End(Disposition::Unacknowledged) {
            state.runs[worker] = Some(run);
        }
    }

    fn effect(&self, state: &mut ModelState, run: &mut Run, call: Call) -> Answer {
        let key = match call {
            Call::Claim { key, .. } if self.has(Flaw::CountedIds) && self.is_repeat(key) => {
                return Answer::Granted;
            }
            Call::Claim { key, .. } => key,
            Call::Publish { event, is_marked_stale }
                if self.has(Flaw::CountedIds) && self.is_repeat(event) =>
            {
                let event = self.machine.names().of(&format!("again/{}", state.deliveries.len()));
                return state.effect(run, Call::Publish { event, is_marked_stale });
            }
            Call::Advance { certificate, .. } => {
                return self.advance(state, run, call, certificate);
            }
            _ => return state.effect(run, call),
        };
        if self.has(Flaw::EveryClaimGranted) {
            state.ledger.remove(&key);
        }
        let mut answer = state.effect(run, call);
        if let Answer::Recorded(Some(result)) = &mut answer
            && self.has(Flaw::ComparedByData)
        {
            *result = self.machine.received_with(run.event, *result);
        }
        if answer == Answer::Granted && self.has(Flaw::ClaimedIsRecorded) {
            state.ledger.insert(key, Entry::Recorded(None));
        }
        if let Some(Entry::Claimed { remaining, .. }) = state.ledger.get_mut(&key)
            && self.has(Flaw::LeaseOfAMinute)
        {
            *remaining = 1;
        }
        answer
    }

    fn is_repeat(&self, name: Name) -> bool {
        self.machine.names().text(name).contains("again/")
    }

    fn advance(
        &self,
        state: &mut ModelState,
        run: &mut Run,
        call: Call,
        certificate: Name,
    ) -> Answer {
        if self.has(Flaw::StateMovesBack) {
            state.certificates.remove(&certificate);
        }
        match state.effect(run, call) {
            Answer::Stale if self.has(Flaw::NeverStale) => Answer::Done,
            answer => answer,
        }
    }
}

fn receive(state: &ModelState, worker: usize, steps: &mut Vec<Step>) {
    for (message, queued) in state.messages.iter().enumerate() {
        if queued.invisible > 0 {
            continue;
        }
        for is_provider_down in [false, true] {
            if !is_provider_down || state.outages > 0 {
                steps.push(Step::Receive { worker, message, is_provider_down });
            }
        }
    }
}

fn acknowledge(state: &mut ModelState, run: Run, disposition: Disposition) {
    let is_removed = state.acknowledge(run.receipt);
    if is_removed && matches!(disposition, Disposition::Delivered | Disposition::Duplicate) {
        state.acknowledged.push(run.event);
    }
}
