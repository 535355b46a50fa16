use std::net::IpAddr;
use std::time::Duration;

use bytes::Bytes;
use data_encoding::HEXLOWER;
use http::{HeaderMap, Method, Response};
use ports::{EventsQueue, Outgoing, PortError, PortResult, SecretSource};
use providers::dispatch;
use providers::receiver::{Event, Receipt, WebhookReceiver};
use providers::synthetic;
use ring::rand::{SecureRandom, SystemRandom};
use time::OffsetDateTime;

use crate::answer::{Cause, Outcome, answer};
use crate::verify::{Admitted, Verified, verify};
use crate::{Secrets, Settings, telemetry};

/// The queue has this long to take every event of a request (CertCentral waits 10 s in all).
const QUEUE_DEADLINE: Duration = Duration::from_secs(7);

/// A queue message may be 1 MiB with its attributes. What is kept free here is for those and for
/// the attempt counts that a retry adds.
const MESSAGE_LIMIT: usize = 1024 * 1024 - 4096;

/// A request as any front end hands it in.
#[derive(Clone, Debug)]
pub struct Request {
    pub method: Method,
    pub headers: HeaderMap,
    /// The raw query string, without `?`.
    pub query: String,
    /// From the connection or the request context, never from a header that the client sent.
    pub source: Option<IpAddr>,
    pub body: Bytes,
}

/// The door of one provider.
pub struct Intake<D: WebhookReceiver, Q, S> {
    queue: Q,
    /// `None` only with `ALLOW_UNAUTHENTICATED`.
    secrets: Option<Secrets<D, S>>,
    settings: Settings,
}

impl<D: WebhookReceiver, Q: EventsQueue, S: SecretSource> Intake<D, Q, S> {
    pub fn new(queue: Q, secrets: Option<Secrets<D, S>>, settings: Settings) -> Self {
        Self { queue, secrets, settings }
    }

    /// Bytes that a request body may have here.
    pub fn body_limit(&self) -> usize {
        self.settings.max_body.unwrap_or(D::BODY_LIMIT)
    }

    /// The whole way of a request. Never fails: every outcome has its answer.
    pub async fn handle(&self, request: Request) -> Response<Bytes> {
        let outcome = self.decide(&request).await.unwrap_or_else(|cause| {
            telemetry::refused(D::PROVIDER, &cause, request.source);
            Outcome::Refused(cause)
        });
        answer(&outcome, D::ALLOW)
    }

    /// Sends a canary on the way of all events: the secret is read as for a request, and it goes onto
    /// the events queue. Not for requests: whoever calls it is one of us. Answers with its id.
    ///
    /// # Errors
    /// What of it does not work.
    pub async fn canary(&self) -> PortResult<String> {
        if let Some(secrets) = &self.secrets {
            secrets.warm().await?;
        }
        let traceparent = Some(new_traceparent());
        let receipt = Receipt { at: OffsetDateTime::now_utc(), traceparent };
        let envelope = synthetic::envelope(D::PROVIDER, &receipt);
        let group = envelope.subject.clone();
        let message = Outgoing::new(&envelope, D::PROVIDER, group)?;
        self.within_deadline(vec![message]).await?;
        telemetry::canary(D::PROVIDER, &envelope);
        Ok(envelope.id)
    }

    async fn decide(&self, request: &Request) -> Result<Outcome, Cause> {
        let takes_get = D::ALLOW.contains("GET");
        if request.method != Method::POST && !(takes_get && request.method == Method::GET) {
            return Err(Cause::Method);
        }
        if !self.settings.allows(request.source) {
            return Err(Cause::Address);
        }
        if request.method == Method::GET {
            return self.handshake(&request.query).await;
        }
        if request.body.len() > self.body_limit() {
            return Err(Cause::TooLarge("the body is over the limit"));
        }
        match verify(request, self.secrets.as_ref(), &self.settings).await? {
            Admitted::Document(body) => self.accept(&body, &request.headers).await,
            Admitted::OpenProbe => {
                telemetry::accepted(D::PROVIDER, &[]);
                Ok(Outcome::Accepted(Vec::new()))
            }
        }
    }

    async fn handshake(&self, query: &str) -> Result<Outcome, Cause> {
        let secrets = self.secrets.as_ref().ok_or(Cause::Handshake)?;
        let found = secrets.first(|secret| D::handshake(query, secret)).await.map_err(|error| {
            telemetry::trouble(D::PROVIDER, &error);
            Cause::Secret
        })?;
        let (stage, challenge) = found.ok_or(Cause::Handshake)?;
        telemetry::verified(D::PROVIDER, stage);
        telemetry::handshake(D::PROVIDER);
        Ok(Outcome::Handshake(challenge))
    }

    /// Verified bytes to envelopes, envelopes onto the queue; all of them, or an error.
    async fn accept(&self, body: &Verified, headers: &HeaderMap) -> Result<Outcome, Cause> {
        let receipt =
            Receipt { at: OffsetDateTime::now_utc(), traceparent: Some(traceparent(headers)) };
        let events = D::events(body.bytes(), &receipt).map_err(Cause::Document)?;
        let messages = events.iter().map(message::<D>).collect::<Result<Vec<_>, _>>()?;
        if !messages.is_empty() {
            self.enqueue(messages).await?;
        }
        telemetry::accepted(D::PROVIDER, &events);
        Ok(Outcome::Accepted(events.into_iter().map(|event| event.envelope.id).collect()))
    }

    async fn enqueue(&self, messages: Vec<Outgoing>) -> Result<(), Cause> {
        self.within_deadline(messages).await.map_err(|trouble| {
            telemetry::trouble(D::PROVIDER, &trouble);
            Cause::Queue
        })
    }

    async fn within_deadline(&self, messages: Vec<Outgoing>) -> PortResult<()> {
        tokio::time::timeout(QUEUE_DEADLINE, self.queue.send(messages))
            .await
            .unwrap_or_else(|_| Err(PortError("the events queue took longer than 7 s".into())))
    }
}

fn message<D: WebhookReceiver>(event: &Event) -> Result<Outgoing, Cause> {
    let too_large = || Cause::TooLarge("one event is larger than a queue message may be");
    let Event { envelope, group } = event;
    let message =
        Outgoing::new(envelope, D::PROVIDER, group.clone()).map_err(|_unwritten| too_large())?;
    if message.body.len() > MESSAGE_LIMIT {
        return Err(too_large());
    }
    let expires = dispatch::challenge(envelope).map(|challenge| challenge.expires);
    Ok(Outgoing { expires, ..message })
}

/// The caller's W3C trace context where it is well-formed, else a new one, so that one event can be
/// followed from door to delivery.
fn traceparent(headers: &HeaderMap) -> String {
    let given = headers.get("traceparent").and_then(|value| value.to_str().ok());
    given.filter(|text| is_traceparent(text)).map_or_else(new_traceparent, str::to_owned)
}

/// <https://www.w3.org/TR/trace-context/#traceparent-header>, version 00.
fn is_traceparent(text: &str) -> bool {
    let hex = |part: &str, length: usize| {
        part.len() == length && part.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
    };
    let not_zero = |part: &str| part.bytes().any(|byte| byte != b'0');
    match text.split('-').collect::<Vec<_>>()[..] {
        ["00", trace, parent, flags] => {
            hex(trace, 32)
                && hex(parent, 16)
                && hex(flags, 2)
                && not_zero(trace)
                && not_zero(parent)
        }
        _ => false,
    }
}

fn new_traceparent() -> String {
    let mut random = [1_u8; 24];
    // Without randomness the trace is less useful; the event is not.
    let _unseeded = SystemRandom::new().fill(&mut random);
    let (trace, parent) = random.split_at(16);
    format!("00-{}-{}-01", HEXLOWER.encode(trace), HEXLOWER.encode(parent))
}
