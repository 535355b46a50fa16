use envelope::{Envelope, Outcome};
use serde_json::Value;

use super::profile::{ACCOUNT_VARIABLE, is_id};
use super::{api, reconciliation};
use crate::api::{Answer, Classification};
use crate::enrich::{CallResult, Enricher, Enrichers, Found, KeyCheck, Next, Reply};
use crate::interpretation::Interpretation;
use crate::profile::{InvalidSetting, Settings};

/// Makes the call-backs of Cloudflare's events.
struct Cloudflare {
    /// A token that belongs to an account is verified there.
    account_id: Option<String>,
}

pub(super) fn enrichers(settings: Settings<'_>) -> Result<Box<dyn Enrichers>, InvalidSetting> {
    Ok(Box::new(Cloudflare { account_id: account_id(settings)? }))
}

/// The operator's `CLOUDFLARE_ACCOUNT_ID`.
///
/// # Errors
/// It does not have the form of an id.
pub fn account_id(settings: Settings<'_>) -> Result<Option<String>, InvalidSetting> {
    match settings(ACCOUNT_VARIABLE) {
        Some(id) if !is_id(&id) => Err(InvalidSetting {
            variable: ACCOUNT_VARIABLE,
            problem: "must be the 32 hex digits of the account's id".to_owned(),
        }),
        id => Ok(id),
    }
}

impl Enrichers for Cloudflare {
    fn enricher(&self, interpretation: &Interpretation) -> Box<dyn Enricher> {
        let id = |name| interpretation.identifiers.get(name).and_then(Value::as_str);
        let id = |name| id(name).unwrap_or_default().to_owned();
        Box::new(Details { zone_id: id("zone_id"), hostname_id: id("hostname_id") })
    }

    fn other_id(&self, envelope: &Envelope) -> Option<String> {
        reconciliation::likeness(envelope)
    }

    fn key_checks(&self, answer: &Answer<'_>) -> Vec<KeyCheck> {
        if !api::is_token_in_doubt(answer) {
            return Vec::new();
        }
        let account = self.account_id.as_deref().map(Some);
        let check =
            |account| KeyCheck { call: api::verify(account), classify: api::classify_verify };
        [None].into_iter().chain(account).map(check).collect()
    }
}

/// Every event of a custom hostname that still exists: what Cloudflare says of it now.
struct Details {
    zone_id: String,
    hostname_id: String,
}

impl Enricher for Details {
    fn next(&mut self, reply: Reply<'_>) -> Next {
        match reply {
            Reply::Answer(answer) => match api::classify_details(&answer) {
                Classification::Good(api::Details { certificates, problems, dcv, status }) => {
                    let result = CallResult::answered(Outcome::Queried, answer.status);
                    Found { certificates, problems, dcv, status, ..Found::bare(result) }.done()
                }
                other => Next::Failed(other.and_then(|_| Classification::Good(()))),
            },
            Reply::Final(result) => Found::bare(result).done(),
            Reply::Start | Reply::Unreadable { .. } | Reply::Emitted => {
                Next::Ask(api::details(&self.zone_id, &self.hostname_id))
            }
        }
    }
}
