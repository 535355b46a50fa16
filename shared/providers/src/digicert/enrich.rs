use envelope::{Outcome, Reason};

use super::api;
use crate::api::{Answer, Classification};
use crate::enrich::{CallResult, Enricher, Found, Next, Reply};

/// `certificate_issued`: the chain that came with the event where it can be read, else the download.
pub(super) struct Download {
    certificate_id: u64,
    included: Option<String>,
}

/// Revocations, rejections, approvals: what CertCentral says of the order.
pub(super) struct OrderInfo {
    order_id: u64,
}

impl Download {
    pub(super) fn new(certificate_id: u64, included: Option<String>) -> Self {
        Self { certificate_id, included }
    }

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

impl OrderInfo {
    pub(super) fn new(order_id: u64) -> Self {
        Self { order_id }
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
