use std::collections::VecDeque;

use serde::{Deserialize, Serialize};

use super::results::Results;
use crate::api::{Answer, Call, Classification};
use crate::meta::api::{self, FoundCertificate};

/// Pages of one search, 500 certificates each: the stated cap of one domain in one event.
const PAGES: u32 = 20;

/// The calls that are left to make for one event, and the one under way.
pub(super) struct Calls {
    certificate_id: Option<String>,
    pub(super) app: Option<Paging>,
    pub(super) domains: VecDeque<String>,
    /// Whether `domains` are known without a call: the operator's or the event's own.
    pub(super) is_list_known: bool,
    /// The next page of a domain that was begun.
    page: Option<Paging>,
    under_way: UnderWay,
}

#[derive(Default)]
enum UnderWay {
    #[default]
    Nothing,
    /// One certificate by its id.
    Certificate(String),
    /// A page of the domains that an app subscribed to.
    Domains(Paging),
    /// A page of the certificates of a domain.
    Certificates(Paging),
}

/// Page after page of `of`, an app or a domain.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub(super) struct Paging {
    of: String,
    after: Option<String>,
    read: u32,
}

/// Where the calls of an event are: what is left, the call under way included.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(default)]
pub(super) struct Position {
    /// The certificate was not asked for by its id.
    is_id_left: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    app: Option<Paging>,
    #[serde(skip_serializing_if = "Option::is_none")]
    page: Option<Paging>,
    /// The first of the domains that are left, of a list that is known without a call.
    #[serde(skip_serializing_if = "Option::is_none")]
    next_domain: Option<String>,
    /// All of them, of another list.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    domains: Vec<String>,
}

impl Paging {
    pub(super) fn new(of: String) -> Self {
        Self { of, after: None, read: 0 }
    }

    /// What is left after a page with the cursor `after` of the next one.
    fn advance(self, after: Option<String>, results: &mut Results) -> Option<Self> {
        let read = self.read + 1;
        if after.is_some() && read >= PAGES {
            results.problem(format!("{}: search ended after {PAGES} pages", self.of));
            return None;
        }
        after.is_some().then_some(Self { after, read, ..self })
    }
}

impl Calls {
    pub(super) fn new(certificate_id: Option<String>) -> Self {
        Self {
            certificate_id,
            app: None,
            domains: VecDeque::new(),
            is_list_known: true,
            page: None,
            under_way: UnderWay::Nothing,
        }
    }

    /// The next call: the certificate by its id, then the app's domains, then domain by domain.
    pub(super) fn next(&mut self) -> Option<Call> {
        self.under_way = if let Some(id) = self.certificate_id.take() {
            UnderWay::Certificate(id)
        } else if let Some(paging) = self.page.take() {
            UnderWay::Certificates(paging)
        } else if let Some(paging) = self.app.take() {
            UnderWay::Domains(paging)
        } else {
            UnderWay::Certificates(Paging::new(self.domains.pop_front()?))
        };
        Some(match &self.under_way {
            UnderWay::Certificate(id) => api::certificate(id),
            UnderWay::Domains(Paging { of, after, .. }) => {
                api::subscribed_domains(of, after.as_deref())
            }
            UnderWay::Certificates(Paging { of, after, .. }) => {
                api::certificates(of, after.as_deref())
            }
            UnderWay::Nothing => return None,
        })
    }

    /// The certificates in the answer to the call under way.
    pub(super) fn answered(
        &mut self,
        answer: &Answer<'_>,
        results: &mut Results,
    ) -> Classification<Vec<FoundCertificate>> {
        let found = match &self.under_way {
            UnderWay::Nothing => Classification::Good(Vec::new()),
            UnderWay::Certificate(_) => api::classify_certificate(answer).and_then(|found| {
                self.under_way = UnderWay::Nothing;
                Classification::Good(vec![found])
            }),
            UnderWay::Domains(_) => api::classify_subscribed_domains(answer).and_then(|page| {
                if let UnderWay::Domains(paging) = std::mem::take(&mut self.under_way) {
                    self.app = paging.advance(page.after, results);
                }
                self.domains.extend(page.domains);
                Classification::Good(Vec::new())
            }),
            UnderWay::Certificates(_) => api::classify_certificates(answer).and_then(|page| {
                if let UnderWay::Certificates(paging) = std::mem::take(&mut self.under_way) {
                    self.page = paging.advance(page.after, results);
                }
                Classification::Good(page.certificates)
            }),
        };
        if matches!(found, Classification::Good(_)) {
            results.status = Some(answer.status);
        }
        found
    }

    /// Whether the certificate is asked for by its id.
    pub(super) fn is_by_id(&self) -> bool {
        matches!(self.under_way, UnderWay::Certificate(_))
    }

    /// Gives the call under way up; what it was about, for a person.
    pub(super) fn give_up(&mut self) -> String {
        match std::mem::take(&mut self.under_way) {
            UnderWay::Certificate(id) => format!("certificate {id}"),
            UnderWay::Certificates(Paging { of, .. }) => of,
            UnderWay::Domains(Paging { of, .. }) => format!("app {of}"),
            UnderWay::Nothing => String::new(),
        }
    }

    pub(super) fn position(&self) -> Position {
        let mut position = Position {
            is_id_left: self.certificate_id.is_some(),
            app: self.app.clone(),
            page: self.page.clone(),
            ..Position::default()
        };
        match &self.under_way {
            UnderWay::Nothing => {}
            UnderWay::Certificate(_) => position.is_id_left = true,
            UnderWay::Domains(paging) => position.app = Some(paging.clone()),
            UnderWay::Certificates(paging) => position.page = Some(paging.clone()),
        }
        if self.is_list_known {
            position.next_domain = self.domains.front().cloned();
        } else {
            position.domains = self.domains.iter().cloned().collect();
        }
        position
    }

    /// Goes on at a position. A domain that is not in the list any more begins the list again: what was
    /// found before is known to the ledger.
    pub(super) fn resume(&mut self, position: Position) {
        let Position { is_id_left, app, page, next_domain, domains } = position;
        self.certificate_id.take_if(|_| !is_id_left);
        (self.app, self.page) = (app, page);
        if !self.is_list_known {
            self.domains = domains.into();
            return;
        }
        match next_domain {
            None => self.domains.clear(),
            Some(next) => {
                let first = self.domains.iter().position(|domain| *domain == next);
                self.domains.drain(..first.unwrap_or(0));
            }
        }
    }
}
