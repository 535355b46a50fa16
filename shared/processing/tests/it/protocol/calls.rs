use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use ::time::OffsetDateTime;
use envelope::{CertificateEvent, Envelope};
use ports::{
    Archive, CertificateState, Claim, Deliveries, Delivery, DeliveryRecord, EventsQueue, Ledger,
    Ordering, Outgoing, PortError, PortResult,
};
use secrecy::SecretString;
use tokio::sync::{mpsc, oneshot};

/// What a worker asks of a port.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Call {
    /// The state of a certificate is to be at least this place in its life.
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
    /// Meta's events are named ENVELOPE/CERTIFICATE: the certificate counts.
    Publish {
        what: Name,
        is_marked_stale: bool,
    },
    Record {
        key: Name,
    },
    Release {
        key: Name,
        owner: Owner,
    },
    /// The same event once more, after so many attempts.
    Send {
        attempts: u32,
    },
}

/// In whose name something is claimed.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Owner {
    /// This receipt of the message.
    Receipt,
    /// An envelope, whichever receipt of it.
    Envelope(Name),
}

/// An id or a key; a number, since there are many states and few names.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub(crate) struct Name(usize);

#[derive(Clone, Debug, Default)]
pub(crate) struct Names(Arc<Mutex<Vec<String>>>);

impl Names {
    fn of(&self, text: &str) -> Name {
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

/// What the worker hears of it: an error does not tell whether it was done.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Answer {
    Done,
    Failed,
    Granted,
    Held,
    Recorded,
    /// The certificate is further already.
    Stale,
}

/// The name of every receipt here: the worker compares it with nothing, so one stands for all.
pub(crate) const RECEIPT: &str = "the receipt";

pub(crate) type Asked = (Call, oneshot::Sender<Answer>);

/// All ports: each call waits for its answer.
#[derive(Clone)]
pub(crate) struct Asking {
    calls: mpsc::UnboundedSender<Asked>,
    /// What is sent must be this envelope but for its counts.
    envelope: Envelope,
    names: Names,
}

impl Asking {
    pub(crate) fn new(envelope: Envelope, names: Names) -> (Self, mpsc::UnboundedReceiver<Asked>) {
        let (calls, asked) = mpsc::unbounded_channel();
        (Self { calls, envelope, names }, asked)
    }

    async fn ask(&self, call: Call) -> PortResult<Answer> {
        let (answer, answered) = oneshot::channel();
        self.calls.send((call, answer)).unwrap();
        match answered.await {
            Ok(Answer::Failed) | Err(_) => Err(PortError("a failure that was asked for".into())),
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

impl EventsQueue for Asking {
    async fn send(&self, messages: Vec<Outgoing>) -> PortResult<()> {
        let [message] = &messages[..] else { panic!("{} messages at once", messages.len()) };
        let sent: Envelope = serde_json::from_str(&message.body).unwrap();
        let attempts = sent.attempts;
        let (sent, ours) = (Envelope { attempts: 0, ..sent }, self.envelope.clone());
        let [sent, ours] = [sent, ours].map(|envelope| serde_json::to_string(&envelope).unwrap());
        assert_eq!(sent, ours, "what is put back is not what came");
        self.ask(Call::Send { attempts }).await.map(drop)
    }
}

impl Deliveries for Asking {
    async fn publish(&self, delivery: Delivery) -> PortResult<()> {
        let (envelope, what) = delivery.id.split_once('/').unwrap_or((&delivery.id, &delivery.id));
        assert_eq!(envelope, self.envelope.id, "delivered under another id");
        let event: CertificateEvent = serde_json::from_str(&delivery.body).unwrap();
        let is_marked_stale = event.ordering.is_some();
        self.ask(Call::Publish { what: self.names.of(what), is_marked_stale }).await.map(drop)
    }
}

impl Archive for Asking {
    async fn put(&self, key: &str, _body: Vec<u8>) -> PortResult<String> {
        self.ask(Call::Archive).await.map(|_| format!("asked:{key}"))
    }
}

impl Ledger for Asking {
    async fn claim(&self, id: &str, owner: &str, until: OffsetDateTime) -> PortResult<Claim> {
        let now = OffsetDateTime::now_utc();
        // Whole seconds, so that the same claim is the same call.
        let lease = Duration::from_secs((until - now).as_seconds_f64().round() as u64);
        let call = Call::Claim { key: self.names.of(id), owner: self.owner(owner), lease };
        match self.ask(call).await? {
            Answer::Granted => Ok(Claim::Granted),
            Answer::Held => Ok(Claim::Held { until: now }),
            Answer::Recorded => Ok(Claim::Recorded),
            answer => panic!("{answer:?} is no answer to a claim"),
        }
    }

    async fn advance(&self, state: CertificateState) -> PortResult<Ordering> {
        let certificate = self.names.of(&state.certificate);
        match self.ask(Call::Advance { certificate, rank: state.rank }).await? {
            Answer::Stale => Ok(Ordering::Stale),
            _ => Ok(Ordering::Current),
        }
    }

    async fn record(&self, recorded: DeliveryRecord) -> PortResult<()> {
        self.ask(Call::Record { key: self.names.of(&recorded.id) }).await.map(drop)
    }

    async fn release(&self, id: &str, owner: &str) -> PortResult<()> {
        let (key, owner) = (self.names.of(id), self.owner(owner));
        self.ask(Call::Release { key, owner }).await.map(drop)
    }

    async fn known(&self, ids: &[String]) -> PortResult<HashMap<String, OffsetDateTime>> {
        panic!("a worker claims, and does not ask about {ids:?}")
    }

    async fn keep_challenge(
        &self,
        webhook_id: &str,
        _token: &SecretString,
        _expires: OffsetDateTime,
    ) -> PortResult<()> {
        panic!("{webhook_id}: a challenge is neither claimed nor delivered")
    }
}
