use envelope::{Envelope, EventType, Outcome, Reason};
use serde_json::value::RawValue;
use time::Duration;

use super::{admin, api, personal};
use crate::api::{Answer, Classification};
use crate::enrich::{
    CallResult, Completion, Confirmation, Enricher, Enrichers, Found, Next, Reply,
};
use crate::interpretation::{Challenge, Interpretation};
use crate::profile::{InvalidSetting, Settings};

const AUTO_VERIFY: &str = "DIGICERT_AUTO_VERIFY";
const APPROVAL_EMAILS: &str = "DIGICERT_APPROVAL_EMAILS";
const CONFIRM: &str = "DIGICERT_CONFIRM";

/// `status` of an order whose certificate is in use ("Order info").
const ISSUED: &str = "issued";
/// How long a chain that came with an event waits for its confirmation.
const CONFIRMATION_PATIENCE: Duration = Duration::hours(1);

/// Makes the call-backs of CertCentral's events.
struct CertCentral {
    /// Complete challenges without the operator; the API key then needs webhook rights.
    auto_verify: bool,
    /// Compare a chain that came with an event with the download.
    confirm: bool,
    /// Keep the addresses of people that an event brings with it.
    keep_emails: bool,
}

pub(super) fn enrichers(settings: Settings<'_>) -> Result<Box<dyn Enrichers>, InvalidSetting> {
    Ok(Box::new(CertCentral {
        auto_verify: flag(settings, AUTO_VERIFY, false)?,
        confirm: flag(settings, CONFIRM, true)?,
        keep_emails: flag(settings, APPROVAL_EMAILS, false)?,
    }))
}

fn flag(
    settings: Settings<'_>,
    variable: &'static str,
    default: bool,
) -> Result<bool, InvalidSetting> {
    match settings(variable).as_deref() {
        None => Ok(default),
        Some("false") => Ok(false),
        Some("true") => Ok(true),
        Some(other) => {
            let problem = format!("`{other}` is neither true nor false");
            Err(InvalidSetting { variable, problem })
        }
    }
}

impl Enrichers for CertCentral {
    fn enricher(&self, interpretation: &Interpretation) -> Box<dyn Enricher> {
        let id = |name| interpretation.number(name);
        match (interpretation.kind, id("certificate_id"), id("order_id")) {
            (EventType::CertificateIssued, Some(certificate_id), _) => {
                let is_included = interpretation.pem.is_some();
                Box::new(Download { certificate_id, is_included, confirm: self.confirm })
            }
            (kind, certificate_id, order_id) => {
                let order_id = order_id.unwrap_or_default();
                Box::new(OrderInfo { order_id, certificate_id, kind })
            }
        }
    }

    fn without_personal_data(&self, envelope: &Envelope) -> Option<Box<RawValue>> {
        if self.keep_emails { None } else { personal::without_emails(&envelope.data) }
    }

    fn completion(&self, challenge: &Challenge) -> Result<Option<Completion>, &'static str> {
        if !self.auto_verify {
            return Ok(None);
        }
        let id = challenge.webhook_id.parse().map_err(|_| "the event names no webhook")?;
        let request = admin::check_challenge(id, &challenge.token);
        let classify = |answer: &Answer<'_>, secrets: &[String]| {
            let done = admin::classify_done(answer);
            done.map_err(|refusal| refusal.without_secrets(secrets).to_string())
        };
        Ok(Some(Completion { lookup: admin::list(), is_own, request, classify }))
    }
}

fn is_own(answer: &Answer<'_>, challenge: &Challenge, secrets: &[String]) -> Result<(), String> {
    let webhooks = admin::classify_list(answer);
    let webhooks = webhooks.map_err(|refusal| refusal.without_secrets(secrets).to_string())?;
    let is_named = |webhook: &admin::Webhook| webhook.id.to_string() == challenge.webhook_id;
    match webhooks.iter().any(is_named) {
        true => Ok(()),
        false => Err(format!(
            "the account has no webhook {}; the challenge is not CertCentral's, or of another account",
            challenge.webhook_id
        )),
    }
}

/// `certificate_issued`: the download. A chain that came with the event is compared with it, or taken
/// where the download cannot be had.
struct Download {
    certificate_id: u64,
    /// A whole chain came with the event.
    is_included: bool,
    confirm: bool,
}

/// Revocations, rejections, approvals: what CertCentral says of the order.
struct OrderInfo {
    order_id: u64,
    certificate_id: Option<u64>,
    kind: EventType,
}

impl Download {
    fn ask(&self) -> Next {
        Next::Ask(api::download(self.certificate_id))
    }

    /// There is no download, and none to wait for.
    fn without(&self, result: CallResult) -> Next {
        if !self.is_included {
            return Found::bare(result).done();
        }
        let confirmation = match (result.outcome, result.reason) {
            (Outcome::Disabled, _) => Confirmation::NotAsked,
            (_, Some(Reason::NotFound)) => Confirmation::NotFound,
            _ => Confirmation::NotAnswered,
        };
        let result = CallResult { outcome: Outcome::Included, ..result };
        Found { confirmation, ..Found::bare(result) }.done()
    }
}

impl Enricher for Download {
    fn next(&mut self, reply: Reply<'_>) -> Next {
        match reply {
            Reply::Start if self.is_included && !self.confirm => {
                Found::bare(CallResult::new(Outcome::Included)).done()
            }
            Reply::Start | Reply::Emitted => self.ask(),
            // A text that ends within a block was cut on the way, whatever its length says.
            Reply::Unreadable { is_cut_short: true } => {
                Next::Failed(Classification::Retry { reason: Reason::Unreadable, after: None })
            }
            Reply::Unreadable { is_cut_short: false } => {
                Next::Failed(Classification::BadCertificate)
            }
            Reply::Answer(answer) => match api::classify_download(&answer) {
                Classification::Good(pem) => {
                    let pem = Some(String::from_utf8_lossy(&pem).into_owned());
                    let result = CallResult::answered(Outcome::Downloaded, answer.status);
                    let confirmation = Confirmation::Recorded;
                    Found { pem, confirmation, ..Found::bare(result) }.done()
                }
                other => Next::Failed(other.and_then(|_| Classification::Good(()))),
            },
            Reply::Final(result) => self.without(result),
        }
    }

    fn patience(&self) -> Option<Duration> {
        self.is_included.then_some(CONFIRMATION_PATIENCE)
    }
}

impl Enricher for OrderInfo {
    fn next(&mut self, reply: Reply<'_>) -> Next {
        match reply {
            Reply::Answer(answer) => self.answered(&answer),
            Reply::Final(result) => Found::bare(result).done(),
            Reply::Start | Reply::Unreadable { .. } | Reply::Emitted => {
                Next::Ask(api::order_info(self.order_id))
            }
        }
    }
}

impl OrderInfo {
    fn answered(&self, answer: &Answer<'_>) -> Next {
        let order = match api::classify_order_info(answer) {
            Classification::Good(order) => order,
            other => return Next::Failed(other.and_then(|_| Classification::Good(()))),
        };
        let result = CallResult::answered(Outcome::Queried, answer.status);
        let mut found = Found { problems: order.problems, ..Found::bare(result) };
        // An order has several certificates in its time and describes its latest one.
        let ids = self.certificate_id.zip(order.certificate_id);
        if ids.is_none_or(|(event, order)| event == order) {
            found.certificates = order.certificates;
        }
        let is_this = ids.is_some_and(|(event, order)| event == order);
        let is_ended = matches!(
            self.kind,
            EventType::CertificateRevoked | EventType::CertificateIssuanceFailed
        );
        if is_this && is_ended && order.status.as_deref() == Some(ISSUED) {
            found.is_contradicted = true;
            found.problems.push(format!(
                "the order contradicts the event: its certificate is {}, and the order is {ISSUED}",
                order.certificate_id.unwrap_or_default()
            ));
        }
        found.status = order.status;
        found.done()
    }
}
