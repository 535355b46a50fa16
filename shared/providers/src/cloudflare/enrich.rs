use envelope::Outcome;
use serde_json::Value;

use super::api;
use crate::api::Classification;
use crate::enrich::{CallResult, Enricher, Enrichers, Found, Next, Reply};
use crate::interpretation::Interpretation;
use crate::profile::{InvalidSetting, Settings};

/// Makes the call-backs of Cloudflare's events.
struct Cloudflare;

pub(super) fn enrichers(_: Settings<'_>) -> Result<Box<dyn Enrichers>, InvalidSetting> {
    Ok(Box::new(Cloudflare))
}

impl Enrichers for Cloudflare {
    fn enricher(&self, interpretation: &Interpretation) -> Box<dyn Enricher> {
        let id = |name| interpretation.identifiers.get(name).and_then(Value::as_str);
        let id = |name| id(name).unwrap_or_default().to_owned();
        Box::new(Details { zone_id: id("zone_id"), hostname_id: id("hostname_id") })
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
