use secrecy::{ExposeSecret, SecretString};
use serde_json::{Map, Value, json};
use time::{Duration, OffsetDateTime};

use super::refusal::Refusal;
use super::webhook_request::{WebhookRequest, switch};
use crate::webhook_sender::Target;

/// How long a token is valid: "Within 30 minutes of receiving the token" (CertCentral webhooks, "Create a webhook").
const TOKEN_LIFETIME: Duration = Duration::minutes(30);

/// The webhook of an account, which has at most one.
pub(super) struct Webhook {
    pub(super) id: u64,
    pub(super) endpoint: Target,
    pub(super) secret: Option<SecretString>,
    events: Vec<String>,
    /// The settings with the values as the request spelt them.
    settings: Map<String, Value>,
    status: Status,
    challenge: Option<Challenge>,
}

/// `Pending` means not verified yet; `Inactive` means verified, and not activated or deactivated.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Status {
    Pending,
    Active,
    Inactive,
}

/// The last challenge that was sent. Tokens of earlier ones are no longer valid.
struct Challenge {
    token: SecretString,
    expires: OffsetDateTime,
}

impl Webhook {
    pub(super) fn new(id: u64, request: WebhookRequest) -> Self {
        Self {
            id,
            endpoint: request.endpoint,
            secret: request.secret.flatten(),
            // This default is from a third party's note; the page does not document one.
            events: request.events.unwrap_or_else(|| vec!["certificate_issued".to_owned()]),
            settings: request.settings.unwrap_or_default(),
            status: Status::Pending,
            challenge: None,
        }
    }

    /// "When you change the endpoint for a webhook, you must verify the endpoint before it can
    /// receive webhook events." New settings replace all earlier ones. Whether CertCentral merges
    /// them is not documented, so a client must not depend on it.
    pub(super) fn update(&mut self, request: WebhookRequest) {
        if request.endpoint != self.endpoint {
            self.endpoint = request.endpoint;
            self.status = Status::Pending;
            self.challenge = None;
        }
        if let Some(secret) = request.secret {
            self.secret = secret;
        }
        if let Some(events) = request.events {
            self.events = events;
        }
        if let Some(settings) = request.settings {
            self.settings = settings;
        }
    }

    pub(super) fn challenge(&mut self, token: SecretString, now: OffsetDateTime) {
        let expires = now.saturating_add(TOKEN_LIFETIME);
        self.challenge = Some(Challenge { token, expires });
    }

    /// Checks the token, which is valid once.
    pub(super) fn verify(&mut self, token: &str, now: OffsetDateTime) -> Result<(), Refusal> {
        let is_valid = |challenge: &Challenge| {
            challenge.token.expose_secret() == token && now < challenge.expires
        };
        if !self.challenge.as_ref().is_some_and(is_valid) {
            return Err(Refusal::INVALID_TOKEN);
        }
        self.challenge = None;
        if self.status == Status::Pending {
            self.status = Status::Inactive;
        }
        Ok(())
    }

    /// Activates the webhook. Activating an active one is no error; likewise below.
    pub(super) fn activate(&mut self) -> Result<(), Refusal> {
        self.switch_to(Status::Active)
    }

    pub(super) fn deactivate(&mut self) -> Result<(), Refusal> {
        self.switch_to(Status::Inactive)
    }

    fn switch_to(&mut self, status: Status) -> Result<(), Refusal> {
        if self.status == Status::Pending {
            return Err(Refusal::INVALID_ACTION);
        }
        self.status = status;
        Ok(())
    }

    pub(super) fn is_active(&self) -> bool {
        self.status == Status::Active
    }

    pub(super) fn is_subscribed_to(&self, event: &str) -> bool {
        self.events.iter().any(|subscribed| subscribed == event)
    }

    pub(super) fn is_on(&self, setting: &str) -> bool {
        self.settings.get(setting).and_then(switch).unwrap_or(false)
    }

    /// The document of "List webhooks", which has the secret in clear, as the real one has.
    pub(super) fn document(&self) -> Value {
        let mut document = json!({
            "id": self.id,
            "endpoint": self.endpoint.text(),
            "events": self.events,
            "status": match self.status {
                Status::Pending => "pending",
                Status::Active => "active",
                Status::Inactive => "inactive",
            },
            "webhook_settings": self.settings,
        });
        if let Some(secret) = &self.secret {
            document["secret"] = json!(secret.expose_secret());
        }
        document
    }
}

#[cfg(test)]
mod tests {
    use time::{Duration, OffsetDateTime};

    use super::{Status, Webhook};
    use crate::digicert::refusal::Refusal;
    use crate::digicert::webhook_request::WebhookRequest;

    const NOW: OffsetDateTime = OffsetDateTime::UNIX_EPOCH;

    fn webhook() -> Webhook {
        Webhook::new(1, request("https://a.example/"))
    }

    fn request(endpoint: &str) -> WebhookRequest {
        WebhookRequest::read(format!(r#"{{"endpoint":"{endpoint}"}}"#).as_bytes()).unwrap()
    }

    #[test]
    fn a_webhook_is_verified_then_activated_then_deactivated() {
        let mut webhook = webhook();
        assert_eq!(webhook.activate(), Err(Refusal::INVALID_ACTION));
        assert_eq!(webhook.deactivate(), Err(Refusal::INVALID_ACTION));
        assert_eq!(webhook.verify("", NOW), Err(Refusal::INVALID_TOKEN));
        webhook.challenge("t".into(), NOW);
        assert_eq!(webhook.verify("x", NOW), Err(Refusal::INVALID_TOKEN));
        assert_eq!((webhook.verify("t", NOW), webhook.status), (Ok(()), Status::Inactive));
        assert_eq!(webhook.verify("t", NOW), Err(Refusal::INVALID_TOKEN));
        assert_eq!((webhook.activate(), webhook.activate()), (Ok(()), Ok(())));
        webhook.challenge("u".into(), NOW);
        assert_eq!((webhook.verify("u", NOW), webhook.status), (Ok(()), Status::Active));
        assert_eq!((webhook.deactivate(), webhook.status), (Ok(()), Status::Inactive));
    }

    #[test]
    fn a_token_is_valid_for_thirty_minutes_and_until_the_next() {
        let mut webhook = webhook();
        webhook.challenge("t".into(), NOW);
        let late = NOW + Duration::minutes(30);
        assert_eq!(webhook.verify("t", late), Err(Refusal::INVALID_TOKEN));
        webhook.challenge("u".into(), NOW);
        assert_eq!(webhook.verify("t", NOW), Err(Refusal::INVALID_TOKEN));
        assert_eq!(webhook.verify("u", late - Duration::SECOND), Ok(()));
    }

    #[test]
    fn a_new_endpoint_needs_a_new_challenge() {
        let mut webhook = webhook();
        webhook.challenge("t".into(), NOW);
        webhook.verify("t", NOW).unwrap();
        webhook.activate().unwrap();
        webhook.update(request("https://a.example/"));
        assert_eq!(webhook.status, Status::Active);
        webhook.challenge("t".into(), NOW);
        webhook.update(request("https://b.example/"));
        assert_eq!(webhook.status, Status::Pending);
        assert_eq!(webhook.verify("t", NOW), Err(Refusal::INVALID_TOKEN));
        assert_eq!(webhook.activate(), Err(Refusal::INVALID_ACTION));
    }
}
