use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use envelope::{CertificateEvent, Envelope, Outcome};
use ports::{
    Archive, CertificateState, Claim, DeliveredResult, Deliveries, Delivery, DeliveryRecord,
    EventsQueue, Item, Items, Ledger, Ordering, Outgoing, PortError, PortResult,
};
use secrecy::SecretString;
use time::OffsetDateTime;
use tokio::sync::{mpsc, oneshot};

/// A call that a worker makes to a port.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Call {
    /// The certificate has reached at least this rank of its lifecycle.
    Advance {
        certificate: Name,
        rank: i64,
    },
    Archive,
    Claim {
        key: Name,
        owner: Owner,
        lease: Duration,
    },
    /// Meta's events have the id ENVELOPE/CERTIFICATE, and a repeat has ENVELOPE/again/RECEIPT; only what
    /// follows the envelope's id matters here.
    Publish {
        event: Name,
        is_marked_stale: bool,
    },
    Record {
        key: Name,
        result: Option<Name>,
    },
    Release {
        key: Name,
        owner: Owner,
    },
    /// Puts the same event back onto the queue, with the number of attempts so far.
    Send {
        attempts: u32,
    },
}

/// The owner of a claim.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Owner {
    /// This receipt of the message.
    Receipt,
    /// An envelope, with any receipt of its message.
    Envelope(Name),
}

/// An id or a key. It is stored as a number, because there are many states and few names.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub(crate) struct Name(usize);

#[derive(Clone, Debug, Default)]
pub(crate) struct Names(Arc<Mutex<Vec<String>>>);

impl Names {
    pub(crate) fn of(&self, text: &str) -> Name {
        let mut names = self.0.lock().unwrap();
        Name(names.iter().position(|name| name == text).unwrap_or_else(|| {
            names.push(text.to_owned());
            names.len() - 1
        }))
    }

    pub(crate) fn text(&self, Name(number): Name) -> String {
        self.0.lock().unwrap()[number].clone()
    }
}

/// The answer that the worker gets. `Failed` does not say whether the call had its effect.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Answer {
    Done,
    Failed,
    Granted,
    Held,
    /// What was delivered, by the name of its [`text`](result_text).
    Recorded(Option<Name>),
    /// The certificate has already reached a higher rank.
    Stale,
}

/// What was delivered, as the text of a name: time of receipt in nanoseconds since 1970, outcome, leaf.
pub(crate) fn result_text(DeliveredResult { received, outcome, leaf }: &DeliveredResult) -> String {
    let leaf = leaf.as_deref().unwrap_or_default();
    format!("{} {outcome} {leaf}", received.unix_timestamp_nanos())
}

pub(crate) fn result_of(text: &str) -> DeliveredResult {
    let [received, outcome, leaf] = text.split(' ').collect::<Vec<_>>()[..] else {
        panic!("{text} names no result")
    };
    DeliveredResult {
        received: OffsetDateTime::from_unix_timestamp_nanos(received.parse().unwrap()).unwrap(),
        outcome: Outcome::named(outcome).unwrap(),
        leaf: (!leaf.is_empty()).then(|| leaf.to_owned()),
    }
}

/// The receipt of every message. The worker does not compare receipts, so one is enough.
pub(crate) const RECEIPT: &str = "the receipt";

/// A call that waits for its answer.
pub(crate) type PendingCall = (Call, oneshot::Sender<Answer>);

/// All ports of a worker. Each call waits until the model checker answers it.
#[derive(Clone)]
pub(crate) struct ModelPorts {
    calls: mpsc::UnboundedSender<PendingCall>,
    /// The envelope being processed. Only this one may be requeued, with another number of attempts.
    envelope: Envelope,
    names: Names,
}

impl ModelPorts {
    pub(crate) fn new(
        envelope: Envelope,
        names: Names,
    ) -> (Self, mpsc::UnboundedReceiver<PendingCall>) {
        let (calls, pending) = mpsc::unbounded_channel();
        (Self { calls, envelope, names }, pending)
    }

    async fn call(&self, call: Call) -> PortResult<Answer> {
        let (sender, answer) = oneshot::channel();
        self.calls.send((call, sender)).unwrap();
        match answer.await {
            Ok(Answer::Failed) | Err(_) => Err(PortError("a simulated failure".into())),
            Ok(answer) => Ok(answer),
        }
    }

    fn owner(&self, name: &str) -> Owner {
        match name {
            RECEIPT => Owner::Receipt,
            name => Owner::Envelope(self.names.of(name)),
        }
    }
}

impl EventsQueue for ModelPorts {
    async fn send(&self, messages: Vec<Outgoing>) -> PortResult<()> {
        let [message] = &messages[..] else { panic!("{} messages at once", messages.len()) };
        let sent: Envelope = serde_json::from_str(&message.body).unwrap();
        let attempts = sent.attempts;
        let sent = Envelope { attempts: 0, retryreason: None, ..sent };
        let own = self.envelope.clone();
        let [sent, own] = [sent, own].map(|envelope| serde_json::to_string(&envelope).unwrap());
        assert_eq!(sent, own, "the requeued envelope is not the received one");
        self.call(Call::Send { attempts }).await.map(drop)
    }
}

impl Deliveries for ModelPorts {
    async fn publish(&self, delivery: Delivery) -> PortResult<()> {
        let (envelope, event_id) =
            delivery.id.split_once('/').unwrap_or((&delivery.id, &delivery.id));
        assert_eq!(envelope, self.envelope.id, "delivered with another id");
        let published: CertificateEvent = serde_json::from_str(&delivery.body).unwrap();
        let is_marked_stale = published.ordering.is_some();
        let event = self.names.of(event_id);
        self.call(Call::Publish { event, is_marked_stale }).await.map(drop)
    }
}

impl Archive for ModelPorts {
    async fn put(&self, key: &str, _body: Vec<u8>) -> PortResult<String> {
        self.call(Call::Archive).await.map(|_| format!("model:{key}"))
    }
}

/// No scenario has an event of certificate transparency, so that nothing is compared.
impl Items for ModelPorts {
    async fn put_item(&self, _: Item) -> PortResult<()> {
        Ok(())
    }

    async fn delete_item(&self, _: &str, _: &str) -> PortResult<()> {
        Ok(())
    }

    async fn items(&self, _: &str, _: Option<(&str, &str)>, _: u32) -> PortResult<Vec<Item>> {
        Ok(Vec::new())
    }
}

impl Ledger for ModelPorts {
    async fn claim(&self, id: &str, owner: &str, until: OffsetDateTime) -> PortResult<Claim> {
        let now = OffsetDateTime::now_utc();
        // Rounded to whole seconds, so that equal claims are equal calls.
        let lease = Duration::from_secs((until - now).as_seconds_f64().round() as u64);
        let call = Call::Claim { key: self.names.of(id), owner: self.owner(owner), lease };
        match self.call(call).await? {
            Answer::Granted => Ok(Claim::Granted),
            Answer::Held => Ok(Claim::Held { until: now }),
            Answer::Recorded(result) => {
                let result = result.map(|name| result_of(&self.names.text(name)));
                Ok(Claim::Recorded(result))
            }
            answer => panic!("{answer:?} does not answer a claim"),
        }
    }

    async fn advance(&self, state: CertificateState) -> PortResult<Ordering> {
        let certificate = self.names.of(&state.certificate);
        match self.call(Call::Advance { certificate, rank: state.rank }).await? {
            Answer::Stale => Ok(Ordering::Stale),
            _ => Ok(Ordering::Current),
        }
    }

    async fn record(&self, recorded: DeliveryRecord) -> PortResult<()> {
        let result = recorded.result.as_ref().map(|result| self.names.of(&result_text(result)));
        self.call(Call::Record { key: self.names.of(&recorded.id), result }).await.map(drop)
    }

    async fn release(&self, id: &str, owner: &str) -> PortResult<()> {
        let (key, owner) = (self.names.of(id), self.owner(owner));
        self.call(Call::Release { key, owner }).await.map(drop)
    }

    async fn forget(&self, id: &str) -> PortResult<()> {
        panic!("a worker never forgets {id}")
    }

    async fn known(&self, ids: &[String]) -> PortResult<HashMap<String, OffsetDateTime>> {
        panic!("a worker claims and never looks up {ids:?}")
    }

    async fn keep_challenge(
        &self,
        webhook_id: &str,
        _token: &SecretString,
        _expires: OffsetDateTime,
    ) -> PortResult<()> {
        panic!("{webhook_id}: no scenario has a challenge")
    }

    async fn delete_challenge(&self, webhook_id: &str, _expires: OffsetDateTime) -> PortResult<()> {
        panic!("{webhook_id}: no scenario has a challenge")
    }
}
