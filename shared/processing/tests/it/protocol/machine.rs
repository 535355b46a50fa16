use std::cell::RefCell;

use envelope::Envelope;
use processing::{Disposition, Keys, Ports, QueueMessage, Settings, Worker};
use serde_json::Value;
use simulator::{Fault, Rule, Simulator};
use tokio::runtime::Runtime;

use crate::fakes::Key;
use crate::protocol::calls::{Answer, Asking, Call, Names, RECEIPT};

/// What a worker is given.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Task {
    /// Which of the scenario's events.
    pub(crate) event: usize,
    pub(crate) attempts: u32,
    /// Its call-back meets an outage.
    pub(crate) is_provider_down: bool,
}

/// What a worker does next.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Next {
    Call(Call),
    End(Disposition),
}

/// Where a worker is: the number of its state.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub(crate) struct Place(usize);

/// The real worker as a state machine. A future cannot be copied, but what it does next follows from
/// its task and the answers that it got: these are its state, and a step runs it from its start. Each
/// state runs once, however many ways lead to it.
pub(crate) struct Machine {
    events: Vec<Value>,
    runtime: Runtime,
    up: Simulator,
    down: Simulator,
    names: Names,
    places: RefCell<Vec<State>>,
}

struct State {
    task: Task,
    answers: Vec<Answer>,
    next: Next,
    after: Vec<(Answer, Place)>,
}

impl Machine {
    pub(crate) fn new(events: Vec<Value>) -> Self {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let start = || {
            let settings = simulator::Settings::default();
            runtime.block_on(Simulator::start("127.0.0.1:0".parse().unwrap(), settings)).unwrap()
        };
        let (up, down) = (start(), start());
        down.faults().set([Rule::new("/", Fault::ServerError { status: Some(503) })]);
        let (names, places) = (Names::default(), RefCell::default());
        Self { events, runtime, up, down, names, places }
    }

    pub(crate) fn names(&self) -> &Names {
        &self.names
    }

    /// How many states of the worker were run.
    pub(crate) fn states(&self) -> usize {
        self.places.borrow().len()
    }

    pub(crate) fn begin(&self, task: Task) -> Place {
        let is_its = |state: &State| state.task == task && state.answers.is_empty();
        let known = self.places.borrow().iter().position(is_its).map(Place);
        known.unwrap_or_else(|| self.add(task, Vec::new()))
    }

    pub(crate) fn next(&self, Place(number): Place) -> Next {
        self.places.borrow()[number].next
    }

    /// Where the worker is once it has heard `answer`.
    pub(crate) fn after(&self, Place(number): Place, answer: Answer) -> Place {
        let places = self.places.borrow();
        let State { task, answers, after, .. } = &places[number];
        if let Some((_, known)) = after.iter().find(|(given, _)| *given == answer) {
            return *known;
        }
        let (task, mut answers) = (*task, answers.clone());
        drop(places);
        answers.push(answer);
        let place = self.add(task, answers);
        self.places.borrow_mut()[number].after.push((answer, place));
        place
    }

    fn add(&self, task: Task, answers: Vec<Answer>) -> Place {
        let next = self.runtime.block_on(self.run(task, &answers));
        let mut places = self.places.borrow_mut();
        places.push(State { task, answers, next, after: Vec::new() });
        Place(places.len() - 1)
    }

    /// A worker of its own, so that nothing is left over from another state.
    async fn run(&self, task: Task, answers: &[Answer]) -> Next {
        let mut body = self.events[task.event].clone();
        let envelope: Envelope = serde_json::from_value(body.clone()).unwrap();
        if task.attempts > 0 {
            body["attempts"] = task.attempts.into();
        }
        let (asking, mut asked) = Asking::new(envelope, self.names.clone());
        let worker = self.worker(asking, task.is_provider_down);
        let record =
            QueueMessage { receipt: RECEIPT.into(), body: body.to_string(), deadline: None };
        let mut process = std::pin::pin!(worker.process(record));
        let mut answers = answers.iter();
        loop {
            tokio::select! {
                biased;
                Some((call, answer)) = asked.recv() => match answers.next() {
                    Some(given) => answer.send(*given).unwrap(),
                    None => return Next::Call(call),
                },
                disposition = &mut process => {
                    assert_eq!(answers.next(), None, "{task:?}: it ended before");
                    return Next::End(disposition);
                }
            }
        }
    }

    fn worker(&self, ports: Asking, is_down: bool) -> Worker<Asking, Asking, Asking, Asking, Key> {
        let providers = if is_down { &self.down } else { &self.up };
        let (digicert, meta) = (providers.digicert_base(), providers.meta_base());
        let environment = [
            ("DIGICERT_API_BASE", digicert.as_str()),
            ("META_API_BASE", &meta),
            ("META_DOMAINS", "example.com"),
        ];
        let settings = Settings::from_environment(&environment.into_iter().collect()).unwrap();
        let ports = Ports {
            events: ports.clone(),
            deliveries: ports.clone(),
            ledger: ports.clone(),
            archive: ports,
        };
        let key = || Some(Key::new("right"));
        let keys = Keys { digicert: key(), cloudflare: key(), meta: key() };
        Worker::new(&settings, ports, keys).unwrap()
    }
}
