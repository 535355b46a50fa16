use std::net::IpAddr;
use std::time::Duration;

use bytes::Bytes;
use envelope::Envelope;
use http::Response;
use ports::{EventsQueue, Outgoing, PortError, PortResult, SecretSource};
use providers::envelope_builder::fair_queue_group;
use providers::receiver::{Event, Receipt, WebhookReceiver};
use providers::request::{Verified, WebhookRequest};
use providers::synthetic;
use time::OffsetDateTime;

use crate::answer::{BodyFault, Cause, Outcome, answer};
use crate::secrets::MatchedVersion;
use crate::{Secrets, Settings, telemetry, trace_context};

/// How long the queue has to accept every event of a request. CertCentral waits 10 seconds in all.
const QUEUE_DEADLINE: Duration = Duration::from_secs(7);

/// The largest body of a queue message. SQS allows 1 MiB with attributes; the rest is for those and for
/// the counts that a retry adds.
const MESSAGE_LIMIT: usize = 1024 * 1024 - 4096;

/// A request whose body may be read.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Admission {
    /// The maximum size of the body, in bytes.
    pub body_limit: usize,
    /// Whether the request was made with the secret, so that it comes from no stranger.
    pub is_verified: bool,
}

/// The webhook endpoint of one provider.
pub struct Intake<R: WebhookReceiver, Q, S> {
    queue: Q,
    /// `None` only with `ALLOW_UNAUTHENTICATED`.
    secrets: Option<Secrets<R, S>>,
    settings: Settings,
}

impl<R: WebhookReceiver, Q: EventsQueue, S: SecretSource> Intake<R, Q, S> {
    pub fn new(queue: Q, secrets: Option<Secrets<R, S>>, settings: Settings) -> Self {
        Self { queue, secrets, settings }
    }

    /// The maximum size of a request body, in bytes.
    fn body_limit(&self) -> usize {
        self.settings.max_body.unwrap_or(R::BODY_LIMIT)
    }

    /// Reads the webhook secret before the first request.
    ///
    /// # Errors
    /// When the secret cannot be read or used.
    pub async fn warm(&self, now: OffsetDateTime) -> PortResult<()> {
        match &self.secrets {
            Some(secrets) => secrets.warm(now).await,
            None => Ok(()),
        }
    }

    /// Checks a request before its body is read, for a server that reads it itself: whoever may not send,
    /// or has no secret, must not make it do so. `head` is the request without its body, and `length` what
    /// it says of its size. [`handle`](Self::handle) checks everything again.
    ///
    /// # Errors
    /// The answer to a request that is refused.
    pub async fn check_head(
        &self,
        head: &WebhookRequest,
        length: Option<usize>,
    ) -> Result<Admission, Response<Bytes>> {
        self.admit(head, length).await.map_err(|cause| {
            let traceparent = trace_context::of(&head.headers, None);
            self.refuse(cause, head.source_ip, Some(&traceparent))
        })
    }

    /// The answer to a request whose body could not be read.
    pub fn refuse_body(&self, fault: BodyFault, source_ip: Option<IpAddr>) -> Response<Bytes> {
        self.refuse(Cause::Body(fault), source_ip, None)
    }

    /// Handles a request from verification to acknowledgement. Every outcome has an answer, so this
    /// never fails.
    pub async fn handle(&self, mut request: WebhookRequest) -> Response<Bytes> {
        let traceparent = trace_context::of(&request.headers, request.traceparent.take());
        request.traceparent = Some(traceparent);
        match self.decide(&request).await {
            Ok(outcome) => answer::<R>(&outcome),
            Err(cause) => self.refuse(cause, request.source_ip, request.traceparent.as_deref()),
        }
    }

    fn refuse(
        &self,
        cause: Cause,
        source_ip: Option<IpAddr>,
        traceparent: Option<&str>,
    ) -> Response<Bytes> {
        telemetry::refused(R::PROVIDER, &cause, source_ip, traceparent);
        answer::<R>(&Outcome::Refused(cause))
    }

    /// Sends a synthetic event through the endpoint: the secret is read as for a request, and the event
    /// goes onto the events queue. Returns its id. Only the scheduled check calls this, never a request.
    /// `traceparent` is the trace context that the platform gave.
    ///
    /// # Errors
    /// When the secret cannot be used, or the queue does not accept the event.
    pub async fn send_synthetic(
        &self,
        now: OffsetDateTime,
        traceparent: Option<String>,
    ) -> PortResult<String> {
        self.warm(now).await?;
        let traceparent = Some(traceparent.unwrap_or_else(trace_context::begun));
        let receipt = Receipt { at: now, traceparent };
        let simulated = self.simulated();
        let envelope = Envelope { simulated, ..synthetic::envelope(R::PROVIDER, &receipt) };
        let group = fair_queue_group(&envelope.source);
        let message = Outgoing::new(&envelope, R::PROVIDER, group)?;
        self.enqueue(vec![message]).await?;
        telemetry::synthetic_sent(R::PROVIDER, &envelope);
        Ok(envelope.id)
    }

    async fn admit(
        &self,
        head: &WebhookRequest,
        length: Option<usize>,
    ) -> Result<Admission, Cause> {
        self.check_sender(head)?;
        if R::is_handshake(head) {
            return Ok(Admission { body_limit: 0, is_verified: false });
        }
        let body_limit = self.check_length(length.unwrap_or_default())?;
        let Some(secrets) = &self.secrets else {
            return Ok(Admission { body_limit, is_verified: false });
        };
        let check = |secret: &R::Secret| R::verify_head(head, secret).then_some(());
        let found = secrets.find(check, head.received).await.map_err(Cause::Secret)?;
        if found.is_some() {
            return Ok(Admission { body_limit, is_verified: !R::SIGNS_BODY });
        }
        let body_limit = R::open_probe_limit(&head.headers);
        if body_limit == 0 || length.is_some_and(|length| length > body_limit) {
            return Err(Cause::Unauthorized);
        }
        Ok(Admission { body_limit, is_verified: false })
    }

    async fn decide(&self, request: &WebhookRequest) -> Result<Outcome, Cause> {
        self.check_sender(request)?;
        if R::is_handshake(request) {
            return self.handshake(request).await;
        }
        self.check_length(request.body.len())?;
        match verify(request, self.secrets.as_ref(), &self.settings).await? {
            Admitted::Request(verified, version) => self.accept(&verified, version).await,
            Admitted::OpenProbe => {
                telemetry::accepted(R::PROVIDER, &[], request);
                Ok(Outcome::Accepted(Vec::new()))
            }
        }
    }

    fn check_sender(&self, request: &WebhookRequest) -> Result<(), Cause> {
        if !R::METHODS.contains(&request.method) {
            return Err(Cause::Method);
        }
        if !self.settings.allows(request.source_ip) {
            return Err(Cause::Address);
        }
        Ok(())
    }

    /// Returns the limit.
    fn check_length(&self, length: usize) -> Result<usize, Cause> {
        let limit = self.body_limit();
        if length > limit {
            return Err(Cause::TooLarge(format!("the body is over the limit of {limit} bytes")));
        }
        Ok(limit)
    }

    async fn handshake(&self, request: &WebhookRequest) -> Result<Outcome, Cause> {
        let secrets = self.secrets.as_ref().ok_or(Cause::Handshake)?;
        let matched = secrets.find(|secret| R::handshake(request, secret), request.received).await;
        let found = matched.map_err(Cause::Secret)?;
        let (version, challenge) = found.ok_or(Cause::Handshake)?;
        telemetry::verified(R::PROVIDER, version.stage, request);
        telemetry::handshake(R::PROVIDER, request);
        Ok(Outcome::Handshake(challenge))
    }

    /// Sends the envelopes of a verified request to the queue: all of them, or it is an error.
    async fn accept(
        &self,
        verified: &Verified<'_, R>,
        version: Option<MatchedVersion>,
    ) -> Result<Outcome, Cause> {
        let mut events = R::events(verified).map_err(Cause::Document)?;
        for Event { envelope, .. } in &mut events {
            let stage = version.as_ref().map(|version| version.stage.as_str().to_owned());
            envelope.secretstage = stage;
            envelope.secretversion = version.as_ref().and_then(|version| version.id.clone());
            envelope.sourceaddress = verified.request().source_ip;
            envelope.simulated = self.simulated();
        }
        let messages = events.iter().map(message::<R>).collect::<Result<Vec<_>, _>>()?;
        if !messages.is_empty() {
            self.enqueue(messages).await.map_err(Cause::Queue)?;
        }
        telemetry::accepted(R::PROVIDER, &events, verified.request());
        Ok(Outcome::Accepted(events.into_iter().map(|event| event.envelope.id).collect()))
    }

    /// The mark of an event that a simulated process received.
    fn simulated(&self) -> Option<bool> {
        self.settings.simulated.then_some(true)
    }

    async fn enqueue(&self, messages: Vec<Outgoing>) -> PortResult<()> {
        tokio::time::timeout(QUEUE_DEADLINE, self.queue.send(messages)).await.unwrap_or_else(|_| {
            Err(PortError("the events queue took longer than 7 seconds".into()))
        })
    }
}

/// A request that is accepted.
enum Admitted<'a, R> {
    /// With the version of the secret that it was made with; `None` where the source address stands for it.
    Request(Verified<'a, R>, Option<MatchedVersion>),
    /// The provider's own connectivity probe. It contains no event, so it needs no secret.
    OpenProbe,
}

/// Verifies the raw bytes of a request before any parsing.
async fn verify<'a, R: WebhookReceiver, S: SecretSource>(
    request: &'a WebhookRequest,
    secrets: Option<&Secrets<R, S>>,
    settings: &Settings,
) -> Result<Admitted<'a, R>, Cause> {
    let Some(secrets) = secrets else {
        // The settings ensure this already; it is checked again because it replaces the secret.
        let is_listed = settings.allow_unauthenticated && !settings.allowlist.is_empty();
        return if is_listed {
            Ok(Admitted::Request(Verified::by_source_address(request), None))
        } else {
            Err(Cause::Secret(PortError("no webhook secret is configured".into())))
        };
    };
    let check = |secret: &R::Secret| Verified::with_secret(request, secret);
    match secrets.find(check, request.received).await {
        Ok(Some((version, verified))) => {
            telemetry::verified(R::PROVIDER, version.stage, request);
            Ok(Admitted::Request(verified, Some(version)))
        }
        Ok(None) if R::is_open_probe(request) => Ok(Admitted::OpenProbe),
        Ok(None) => Err(Cause::Unauthorized),
        Err(error) => Err(Cause::Secret(error)),
    }
}

fn message<R: WebhookReceiver>(event: &Event) -> Result<Outgoing, Cause> {
    let too_large =
        || Cause::TooLarge("one event is larger than a queue message may be (1 MiB)".to_owned());
    let Event { envelope, group, expires } = event;
    let message =
        Outgoing::new(envelope, R::PROVIDER, group.clone()).map_err(|_unwritten| too_large())?;
    if message.body.len() > MESSAGE_LIMIT {
        return Err(too_large());
    }
    Ok(Outgoing { expires: *expires, ..message })
}
