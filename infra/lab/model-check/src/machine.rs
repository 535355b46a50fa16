use std::cell::RefCell;

use envelope::{Envelope, Provider};
use ports::DeliveredResult;
use processing::{Disposition, Keys, Ports, QueueMessage, Settings, Worker};
use serde_json::Value;
use simulator::{Fault, Rule, Simulator};
use tokio::runtime::Runtime;

use crate::calls::{Answer, Call, ModelPorts, Name, Names, RECEIPT, result_of, result_text};
use crate::events::ApiKey;

/// The input of a worker.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Task {
    /// The index of the event in [`Machine::new`]'s list.
    pub(crate) event: usize,
    pub(crate) attempts: u32,
    /// The provider is down while the worker calls back.
    pub(crate) is_provider_down: bool,
}

/// The next thing that a worker does.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Next {
    Call(Call),
    End(Disposition),
}

/// A state of the worker, by its number.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub(crate) struct WorkerState(pub(crate) usize);

/// The real worker as a state machine. A future cannot be copied, but what it does next follows from its
/// task and the answers that it has got. Task and answers are therefore its state, and a step runs the
/// worker again from its start. Each state runs once, however many paths lead to it.
pub struct Machine {
    events: Vec<Value>,
    runtime: Runtime,
    providers_up: Simulator,
    providers_down: Simulator,
    names: Names,
    states: RefCell<Vec<State>>,
}

type ModelWorker = Worker<ModelPorts, ModelPorts, ModelPorts, ModelPorts, ApiKey>;

struct State {
    task: Task,
    answers: Vec<Answer>,
    next: Next,
    after: Vec<(Answer, WorkerState)>,
}

impl Machine {
    /// A machine for workers that process `events`, which are envelopes.
    ///
    /// # Panics
    /// The simulated providers cannot be started.
    pub fn new(events: Vec<Value>) -> Self {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let start = || {
            let settings = simulator::Settings::default();
            runtime.block_on(Simulator::start("127.0.0.1:0".parse().unwrap(), settings)).unwrap()
        };
        let (providers_up, providers_down) = (start(), start());
        providers_down.faults().set([Rule::new("/", Fault::ServerError { status: Some(503) })]);
        let (names, states) = (Names::default(), RefCell::default());
        Self { events, runtime, providers_up, providers_down, names, states }
    }

    pub(crate) fn names(&self) -> &Names {
        &self.names
    }

    /// The same result, as if it had come of an event with the time of receipt of this one.
    pub(crate) fn received_with(&self, event: usize, result: Name) -> Name {
        let envelope: Envelope = serde_json::from_value(self.events[event].clone()).unwrap();
        let result = result_of(&self.names.text(result));
        let result = DeliveredResult { received: envelope.receivedtime, ..result };
        self.names.of(&result_text(&result))
    }

    /// The number of states of the worker that were run.
    pub(crate) fn state_count(&self) -> usize {
        self.states.borrow().len()
    }

    pub(crate) fn begin(&self, task: Task) -> WorkerState {
        let is_start = |state: &State| state.task == task && state.answers.is_empty();
        let known = self.states.borrow().iter().position(is_start).map(WorkerState);
        known.unwrap_or_else(|| self.add(task, Vec::new()))
    }

    pub(crate) fn next(&self, WorkerState(number): WorkerState) -> Next {
        self.states.borrow()[number].next
    }

    /// The state of the worker after it got `answer`.
    pub(crate) fn after(&self, WorkerState(number): WorkerState, answer: Answer) -> WorkerState {
        let states = self.states.borrow();
        let State { task, answers, after, .. } = &states[number];
        if let Some((_, known)) = after.iter().find(|(given, _)| *given == answer) {
            return *known;
        }
        let (task, mut answers) = (*task, answers.clone());
        drop(states);
        answers.push(answer);
        let state = self.add(task, answers);
        self.states.borrow_mut()[number].after.push((answer, state));
        state
    }

    fn add(&self, task: Task, answers: Vec<Answer>) -> WorkerState {
        let next = self.runtime.block_on(self.run(task, &answers));
        let mut states = self.states.borrow_mut();
        states.push(State { task, answers, next, after: Vec::new() });
        WorkerState(states.len() - 1)
    }

    /// Runs a new worker, so that nothing is left over from another state.
    async fn run(&self, task: Task, answers: &[Answer]) -> Next {
        let mut body = self.events[task.event].clone();
        let envelope: Envelope = serde_json::from_value(body.clone()).unwrap();
        if task.attempts > 0 {
            body["attempts"] = task.attempts.into();
        }
        let (ports, mut calls) = ModelPorts::new(envelope, self.names.clone());
        let worker = self.worker(ports, task.is_provider_down);
        let record = QueueMessage {
            id: None,
            receipt: RECEIPT.into(),
            body: body.to_string(),
            deadline: None,
        };
        let mut process = std::pin::pin!(worker.process(&record));
        let mut answers = answers.iter();
        loop {
            tokio::select! {
                biased;
                Some((call, sender)) = calls.recv() => match answers.next() {
                    Some(answer) => sender.send(*answer).unwrap(),
                    None => return Next::Call(call),
                },
                disposition = &mut process => {
                    assert_eq!(answers.next(), None, "{task:?}: the worker ended before this answer");
                    return Next::End(disposition);
                }
            }
        }
    }

    fn worker(&self, ports: ModelPorts, is_provider_down: bool) -> ModelWorker {
        let providers = if is_provider_down { &self.providers_down } else { &self.providers_up };
        let (digicert, meta) = (providers.digicert_base(), providers.meta_base());
        let environment = [
            ("DIGICERT_API_BASE", digicert.as_str()),
            ("META_API_BASE", &meta),
            ("META_DOMAINS", "example.com"),
            // A conflict that the provider decides makes one delivery at most; one that nobody decides, two.
            ("DIGICERT_CONFIRM", "false"),
        ];
        let settings = Settings::from_environment(&environment.into_iter().collect()).unwrap();
        let ports = Ports {
            events: ports.clone(),
            deliveries: ports.clone(),
            ledger: ports.clone(),
            archive: ports,
        };
        let keys: Keys<_> = Provider::ALL.iter().map(|provider| (*provider, ApiKey)).collect();
        Worker::new(&settings, ports, keys).unwrap()
    }
}
