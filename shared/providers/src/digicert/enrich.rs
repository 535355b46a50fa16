use envelope::{Envelope, EventType, Outcome, Reason};
use serde_json::Value;
use serde_json::value::RawValue;

use super::{admin, api, personal};
use crate::api::{Answer, Classification};
use crate::enrich::{CallResult, Completion, Enricher, Enrichers, Found, Next, Reply};
use crate::interpretation::{Challenge, Interpretation};
use crate::profile::{InvalidSetting, Settings};

const AUTO_VERIFY: &str = "DIGICERT_AUTO_VERIFY";
const APPROVAL_EMAILS: &str = "DIGICERT_APPROVAL_EMAILS";

/// Makes the call-backs of CertCentral's events.
struct CertCentral {
    /// Complete challenges without the operator; the API key then needs webhook rights.
    auto_verify: bool,
    /// Keep the addresses of people that an event brings with it.
    keep_emails: bool,
}

pub(super) fn enrichers(settings: Settings<'_>) -> Result<Box<dyn Enrichers>, InvalidSetting> {
    let flag = |variable| match settings(variable).as_deref() {
        None | Some("false") => Ok(false),
        Some("true") => Ok(true),
        Some(other) => {
            let problem = format!("`{other}` is neither true nor false");
            Err(InvalidSetting { variable, problem })
        }
    };
    let (auto_verify, keep_emails) = (flag(AUTO_VERIFY)?, flag(APPROVAL_EMAILS)?);
    Ok(Box::new(CertCentral { auto_verify, keep_emails }))
}

impl Enrichers for CertCentral {
    fn enricher(&self, interpretation: &Interpretation) -> Box<dyn Enricher> {
        let id = |name| interpretation.identifiers.get(name).and_then(Value::as_u64);
        match (interpretation.kind, id("certificate_id"), id("order_id")) {
            (EventType::CertificateIssued, Some(certificate_id), _) => {
                Box::new(Download { certificate_id, included: interpretation.pem.clone() })
            }
            (_, _, order_id) => Box::new(OrderInfo { order_id: order_id.unwrap_or_default() }),
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

/// `certificate_issued`: the chain that came with the event where it can be read, else the download.
struct Download {
    certificate_id: u64,
    included: Option<String>,
}

/// Revocations, rejections, approvals: what CertCentral says of the order.
struct OrderInfo {
    order_id: u64,
}

impl Download {
    fn ask(&self) -> Next {
        Next::Ask(api::download(self.certificate_id))
    }
}

impl Enricher for Download {
    fn next(&mut self, reply: Reply<'_>) -> Next {
        match reply {
            Reply::Start => match &self.included {
                Some(pem) => {
                    let result = CallResult::new(Outcome::Included);
                    Found { pem: Some(pem.clone()), ..Found::bare(result) }.done()
                }
                None => self.ask(),
            },
            // The chain of the event is dropped at its first failure, so the next one is the download's.
            Reply::Unreadable { .. } if self.included.take().is_some() => self.ask(),
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
                    Found { pem, ..Found::bare(result) }.done()
                }
                other => Next::Failed(other.and_then(|_| Classification::Good(()))),
            },
            Reply::Final(result) => Found::bare(result).done(),
            Reply::Emitted => self.ask(),
        }
    }
}

impl Enricher for OrderInfo {
    fn next(&mut self, reply: Reply<'_>) -> Next {
        match reply {
            Reply::Answer(answer) => answered(&answer),
            Reply::Final(result) => Found::bare(result).done(),
            Reply::Start | Reply::Unreadable { .. } | Reply::Emitted => {
                Next::Ask(api::order_info(self.order_id))
            }
        }
    }
}

fn answered(answer: &Answer<'_>) -> Next {
    match api::classify_order_info(answer) {
        Classification::Good(api::OrderInfo { certificates, status, problems }) => {
            let result = CallResult::answered(Outcome::Queried, answer.status);
            Found { certificates, status, problems, ..Found::bare(result) }.done()
        }
        other => Next::Failed(other.and_then(|_| Classification::Good(()))),
    }
}
