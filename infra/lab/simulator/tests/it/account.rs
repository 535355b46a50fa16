use reqwest::Method;
use serde_json::{Value, json};
use simulator::{DigicertEvent, Outcome, Settings, Simulator};

use crate::receiver::Receiver;
use crate::support::{send, start};

pub(crate) const SECRET: &str = "0123456789abcdef0123456789abcdef";

/// A CertCentral account and an endpoint.
pub(crate) struct Case {
    pub(crate) simulator: Simulator,
    pub(crate) receiver: Receiver,
}

impl Case {
    pub(crate) async fn new() -> Self {
        Self::with(Settings::default()).await
    }

    pub(crate) async fn with(settings: Settings) -> Self {
        Self { simulator: start(settings).await, receiver: Receiver::start().await }
    }

    pub(crate) async fn call(&self, method: Method, path: &str, body: Value) -> (u16, Value) {
        let url = format!("{}{path}", self.simulator.digicert_base());
        send(method, &url, &[], &body).await
    }

    pub(crate) async fn get(&self, path: &str) -> (u16, Value) {
        self.call(Method::GET, path, Value::Null).await
    }

    pub(crate) async fn put(&self, path: &str, body: Value) -> (u16, Value) {
        self.call(Method::PUT, path, body).await
    }

    /// Creates the webhook and returns its path.
    pub(crate) async fn create(&self, members: Value) -> String {
        let (status, body) = self.call(Method::POST, "/webhook", self.body(members)).await;
        assert_eq!(status, 201, "{body}");
        self.receiver.take();
        format!("/webhook/{}", body["webhook_id"])
    }

    /// A body with the endpoint and `members`.
    pub(crate) fn body(&self, members: Value) -> Value {
        let mut body = json!({"endpoint": self.receiver.url});
        body.as_object_mut().unwrap().extend(members.as_object().unwrap().clone());
        body
    }

    pub(crate) async fn challenge(&self, webhook: &str) -> String {
        assert_eq!(self.put(&format!("{webhook}/send-challenge"), json!({})).await.0, 204);
        self.receiver.only().json()["data"]["token"].as_str().unwrap().to_owned()
    }

    pub(crate) async fn check(&self, webhook: &str, token: &str) -> (u16, Value) {
        self.put(&format!("{webhook}/check-challenge"), json!({"token": token})).await
    }

    /// Creates, verifies and activates the webhook.
    pub(crate) async fn subscribe(&self, members: Value) -> String {
        let webhook = self.create(members).await;
        let token = self.challenge(&webhook).await;
        assert_eq!(self.check(&webhook, &token).await.0, 204);
        assert_eq!(self.put(&format!("{webhook}/activate"), json!({})).await.0, 204);
        webhook
    }

    pub(crate) async fn status(&self, webhook: &str) -> Value {
        self.get(webhook).await.1["status"].clone()
    }

    pub(crate) async fn event(&self, event: DigicertEvent) -> Outcome {
        self.simulator.send_digicert_event(event).await.unwrap().outcome
    }
}

pub(crate) fn issued() -> DigicertEvent {
    DigicertEvent::new("certificate_issued")
}

pub(crate) fn code(answer: &(u16, Value)) -> (u16, &str) {
    (answer.0, answer.1["errors"][0]["code"].as_str().unwrap_or_default())
}
