use std::sync::Arc;

use anyhow::Result;
use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use axum::response::IntoResponse;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::certificates::issue;
use super::order;
use super::sending::send;
use super::state::DigicertState;
use super::webhook::Webhook;
use crate::authority::Authority;
use crate::responses::{HandlerResult, bad_request, members};
use crate::server::Simulator;

/// Something that happens in the CertCentral account.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct DigicertEvent {
    /// CertCentral's name, such as `certificate_issued`.
    pub event: String,
    /// The data of the event. Without it, certificate and order events get a new order, and others have no
    /// data.
    #[serde(default)]
    pub data: Option<Map<String, Value>>,
    /// Whether the certificate is issued at the same time as the order is created.
    #[serde(default)]
    pub instant: bool,
}

impl DigicertEvent {
    pub fn new(event: impl Into<String>) -> Self {
        Self { event: event.into(), data: None, instant: false }
    }

    #[must_use]
    pub fn with_data(mut self, data: Map<String, Value>) -> Self {
        self.data = Some(data);
        self
    }

    #[must_use]
    pub fn instantly(mut self) -> Self {
        self.instant = true;
        self
    }
}

/// What CertCentral did about an event.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct DigicertSent {
    pub event: String,
    /// The data that was sent, with the chosen ids and the chain, if there was one.
    pub data: Map<String, Value>,
    #[serde(flatten)]
    pub outcome: Outcome,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize)]
#[serde(tag = "outcome", rename_all = "snake_case")]
pub enum Outcome {
    Answered { code: u16 },
    Unanswered,
    Withheld { reason: Withheld },
}

/// Why an event is not sent.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Withheld {
    NoWebhook,
    NotActive,
    NotSubscribed,
    InstantIssuanceOff,
}

impl DigicertEvent {
    /// Changes the status of the order, and sends the event if the webhook is to receive it.
    pub(crate) async fn send(self, state: &DigicertState) -> Result<DigicertSent> {
        let mut data = self.data.clone().unwrap_or_else(|| self.new_order(state));
        let recipient = {
            let mut account = state.account();
            if let (Some(status), Some(order), Some(certificate)) =
                (self.status(), id(&data, "order_id"), id(&data, "certificate_id"))
            {
                account.changes.add(order, certificate, status, state.shared.clock.now());
            }
            self.recipient(account.webhook.as_ref()).map(|webhook| {
                let has_chain = self.has_chain(webhook);
                (webhook.endpoint.clone(), webhook.secret.clone(), has_chain)
            })
        };
        let outcome = match recipient {
            Err(reason) => Outcome::Withheld { reason },
            Ok((endpoint, key, has_chain)) => {
                if has_chain {
                    include_chain(&state.shared.authority, &mut data)?;
                }
                let code = send(state, &endpoint, key.as_ref(), &self.event, Some(&data)).await?;
                code.map_or(Outcome::Unanswered, |code| Outcome::Answered { code })
            }
        };
        Ok(DigicertSent { event: self.event, data, outcome })
    }

    /// The webhook, if it is to receive this event.
    fn recipient<'a>(&self, webhook: Option<&'a Webhook>) -> Result<&'a Webhook, Withheld> {
        let webhook = webhook.ok_or(Withheld::NoWebhook)?;
        if !webhook.is_active() {
            Err(Withheld::NotActive)
        } else if !webhook.is_subscribed_to(&self.event) {
            Err(Withheld::NotSubscribed)
        } else if self.is_instant() && !webhook.is_on("instant_issue_webhook_notification") {
            Err(Withheld::InstantIssuanceOff)
        } else {
            Ok(webhook)
        }
    }

    fn is_issued(&self) -> bool {
        self.event == "certificate_issued"
    }

    fn is_instant(&self) -> bool {
        self.is_issued() && self.instant
    }

    fn has_chain(&self, webhook: &Webhook) -> bool {
        let setting = match self.instant {
            true => "webhook_send_instant_issued_certificate_chain",
            false => "webhook_send_certificate_chain",
        };
        self.is_issued() && webhook.is_on(setting)
    }

    fn status(&self) -> Option<&'static str> {
        match self.event.as_str() {
            "certificate_issued" => Some("issued"),
            "certificate_revoked" => Some("revoked"),
            "order_rejected" => Some("rejected"),
            _ => None,
        }
    }

    /// A new order. The data of organization, domain and approval events is not documented, so there is no
    /// default for it.
    fn new_order(&self, state: &DigicertState) -> Map<String, Value> {
        if self.status().is_none() {
            return Map::new();
        }
        let order = state.next_order();
        let certificate = order::certificate_id(order);
        members(json!({"order_id": order, "certificate_id": certificate}))
    }
}

impl Simulator {
    /// `http://127.0.0.1:PORT/services/v2`
    pub fn digicert_base(&self) -> String {
        self.base(super::BASE)
    }

    /// Makes an event happen in the CertCentral account. It is sent to the webhook if that is active,
    /// subscribed to the event and, for instant issuance, has that setting.
    pub async fn send_digicert_event(&self, event: DigicertEvent) -> Result<DigicertSent> {
        event.send(&self.state.digicert).await
    }
}

/// The control path for events.
pub(super) async fn control(State(state): State<Arc<DigicertState>>, body: Bytes) -> HandlerResult {
    match serde_json::from_slice::<DigicertEvent>(&body) {
        Ok(event) => Ok(Json(event.send(&state).await?).into_response()),
        Err(error) => {
            let expected = r#"{"event": "certificate_issued", "data"?: {}, "instant"?: true}"#;
            Ok(bad_request(format!("events: expected {expected}: {error}")))
        }
    }
}

fn id(data: &Map<String, Value>, name: &str) -> Option<u64> {
    data.get(name).and_then(Value::as_u64)
}

/// Adds the chain: end entity, issuing intermediate, root, with CRLF also at the end of each.
fn include_chain(authority: &Authority, data: &mut Map<String, Value>) -> Result<()> {
    const CHAIN: &str = "certificate_chain";
    let Some(certificate) = id(data, "certificate_id").filter(|_| !data.contains_key(CHAIN)) else {
        return Ok(());
    };
    let issued = issue(authority, certificate)?;
    let hierarchy = authority.hierarchy(issued.curve);
    let link = |name: &str, pem: &str| json!({"subject_common_name": name, "pem": pem.replace('\n', "\r\n")});
    let chain = [
        link(&issued.common_name, &issued.pem),
        link(hierarchy.intermediate_name(), hierarchy.intermediate()),
        link(hierarchy.root_name(), hierarchy.root()),
    ];
    data.insert(CHAIN.to_owned(), json!(chain));
    Ok(())
}
