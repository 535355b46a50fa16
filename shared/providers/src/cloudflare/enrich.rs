use envelope::Outcome;

use super::api;
use crate::api::Classification;
use crate::enrich::{CallResult, Enricher, Found, Next, Reply};

/// Every event of a custom hostname that still exists: what Cloudflare says of it now.
pub(super) struct Details {
    zone_id: String,
    hostname_id: String,
}

impl Details {
    pub(super) fn new(zone_id: String, hostname_id: String) -> Self {
        Self { zone_id, hostname_id }
    }
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
