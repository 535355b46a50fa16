use std::collections::VecDeque;

use envelope::{EventType, Outcome, Reason};
use serde_json::Value;

use super::api::{self, FoundCertificate};
use super::profile::DOMAINS_VARIABLE;
use crate::api::{Answer, Call, Classification};
use crate::enrich::{CallResult, Emission, Enricher, Enrichers, Found, Next, Reply};
use crate::interpretation::Interpretation;
use crate::profile::{InvalidSetting, Settings};

/// Pages of one search, 500 certificates each: the stated cap of one domain in one event.
const PAGES: u32 = 20;
/// Other certificates that a phishing event lists at most.
const RELATED: usize = 100;

const APP_VARIABLE: &str = "META_APP_ID";

/// Makes the call-backs of Meta's events. It knows whose certificates to look for when Meta announces
/// one, since its event names no domain.
#[derive(Debug, Eq, PartialEq)]
enum Graph {
    /// Those of these domains.
    Domains(Vec<String>),
    /// Those of the domains that this app subscribed to.
    App(String),
}

pub(super) fn enrichers(settings: Settings<'_>) -> Result<Box<dyn Enrichers>, InvalidSetting> {
    let domains = settings(DOMAINS_VARIABLE).unwrap_or_default();
    let domains = domains.split(',').map(str::trim).filter(|domain| !domain.is_empty());
    let domains: Vec<_> = domains.map(str::to_owned).collect();
    let invalid = |problem| Err(InvalidSetting { variable: APP_VARIABLE, problem });
    match settings(APP_VARIABLE) {
        Some(_) if !domains.is_empty() => {
            invalid(format!("is set, and {DOMAINS_VARIABLE} too; set one of them"))
        }
        Some(app) if app.bytes().all(|byte| byte.is_ascii_digit()) => Ok(Box::new(Graph::App(app))),
        Some(app) => invalid(format!("`{app}` is not a number")),
        None => Ok(Box::new(Graph::Domains(domains))),
    }
}

impl Enrichers for Graph {
    fn enricher(&self, interpretation: &Interpretation) -> Box<dyn Enricher> {
        let identifiers = &interpretation.identifiers;
        let certificate_id = identifiers.get("certificate_id").and_then(Value::as_str);
        let mut calls =
            Calls { certificate_id: certificate_id.map(str::to_owned), ..Calls::default() };
        let included = interpretation.pem.clone();
        if interpretation.kind == EventType::CtPhishingSuspected {
            let domains = identifiers.get("phishing_domains").and_then(Value::as_array);
            let domains = domains.into_iter().flatten().filter_map(Value::as_str);
            calls.domains = domains.map(str::to_owned).collect();
            return Box::new(Phishing::new(calls, included));
        }
        match self {
            Self::Domains(domains) => calls.domains = domains.iter().cloned().collect(),
            Self::App(app) => calls.app = Some(Paging::new(app.clone())),
        }
        Box::new(Observed { calls, included, ..Observed::default() })
    }
}

/// The calls that are left to make for one event, and the one under way.
#[derive(Default)]
struct Calls {
    certificate_id: Option<String>,
    app: Option<Paging>,
    domains: VecDeque<String>,
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
#[derive(Default)]
struct Paging {
    of: String,
    after: Option<String>,
    read: u32,
}

impl Paging {
    fn new(of: String) -> Self {
        Self { of, after: None, read: 0 }
    }

    /// What is left after a page with the cursor `after` of the next one.
    fn advance(self, after: Option<String>, results: &mut Results) -> Option<Self> {
        let read = self.read + 1;
        if after.is_some() && read == PAGES {
            results.problems.push(format!("{}: search ended after {PAGES} pages", self.of));
            return None;
        }
        after.is_some().then_some(Self { after, read, ..self })
    }
}

impl Calls {
    /// The next call: the certificate by its id, then the app's domains, then domain by domain.
    fn next(&mut self) -> Option<Call> {
        self.under_way = if let Some(id) = self.certificate_id.take() {
            UnderWay::Certificate(id)
        } else if let UnderWay::Certificates(paging) = std::mem::take(&mut self.under_way) {
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
    fn answered(
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
                    let rest = paging.advance(page.after, results);
                    self.under_way = rest.map_or(UnderWay::Nothing, UnderWay::Certificates);
                }
                Classification::Good(page.certificates)
            }),
        };
        if matches!(found, Classification::Good(_)) {
            results.status = Some(answer.status);
        }
        found
    }

    /// Gives the call under way up; what it was about, for a person.
    fn give_up(&mut self) -> String {
        match std::mem::take(&mut self.under_way) {
            UnderWay::Certificate(id) => format!("certificate {id}"),
            UnderWay::Certificates(Paging { of, .. }) => of,
            UnderWay::Domains(Paging { of, .. }) => format!("app {of}"),
            UnderWay::Nothing => String::new(),
        }
    }
}

/// What the calls of one event came to.
#[derive(Default)]
struct Results {
    /// HTTP status of the last good answer.
    status: Option<u16>,
    /// The first result without an answer; that the API is gone counts more.
    refused: Option<CallResult>,
    problems: Vec<String>,
}

impl Results {
    fn refuse(&mut self, what: &str, result: CallResult) {
        if let Some(reason) = result.reason {
            self.problems.push(format!("{what}: lookup failed: {reason}"));
        }
        if self.refused.is_none() || result.outcome == Outcome::Gone {
            self.refused = Some(result);
        }
    }

    /// The outcome of the calls without an answer.
    fn refusal(&self) -> Option<Outcome> {
        self.refused.map(|result| result.outcome)
    }

    fn result(&self) -> CallResult {
        // Nothing was asked: there is no id, and there are no domains.
        let unusable =
            CallResult { reason: Some(Reason::UnusableId), ..CallResult::new(Outcome::Failed) };
        match (self.status, self.refused) {
            (Some(status), _) => CallResult::answered(Outcome::Queried, status),
            (None, refused) => refused.unwrap_or(unusable),
        }
    }
}

/// A certificate alert: one event for each certificate that is found and not yet in the ledger.
#[derive(Default)]
struct Observed {
    calls: Calls,
    results: Results,
    emissions: VecDeque<FoundCertificate>,
    included: Option<String>,
}

impl Enricher for Observed {
    fn next(&mut self, reply: Reply<'_>) -> Next {
        match reply {
            Reply::Start | Reply::Emitted => {}
            Reply::Unreadable { .. } => self.included = None,
            Reply::Answer(answer) => match self.calls.answered(&answer, &mut self.results) {
                Classification::Good(found) => self.emissions.extend(found),
                other => return Next::Failed(other.and_then(|_| Classification::Good(()))),
            },
            // What the id of an entry denotes is not documented; it need not be a certificate's.
            Reply::Final(result) if matches!(self.calls.under_way, UnderWay::Certificate(_)) => {
                self.calls.give_up();
                self.results.refused = Some(result);
            }
            Reply::Final(result) => {
                let what = self.calls.give_up();
                self.results.refuse(&what, result);
            }
        }
        if let Some(found) = self.emissions.pop_front() {
            return Next::Emit(emission(found, self.results.result()));
        }
        // An answer about one domain says nothing about the next one; without a key there is none.
        if self.results.refusal() != Some(Outcome::Disabled)
            && let Some(call) = self.calls.next()
        {
            return Next::Ask(call);
        }
        let result = self.results.result();
        let pem = self.included.clone().filter(|_| result.outcome == Outcome::Disabled);
        let problems = std::mem::take(&mut self.results.problems);
        Found { pem, problems, ..Found::bare(result) }.done()
    }
}

fn emission(found: FoundCertificate, result: CallResult) -> Emission {
    let FoundCertificate { sha256, pem, certificate, .. } = found;
    let found = Found { pem, certificates: vec![certificate], ..Found::bare(result) };
    Emission { subject: "meta/certificate", sha256, found }
}

/// A phishing alert: the certificate, and others found for the suspected names.
struct Phishing {
    calls: Calls,
    results: Results,
    by_id: Option<FoundCertificate>,
    others: Vec<FoundCertificate>,
    /// What to try to read as the certificate, the last one first.
    pems: Vec<String>,
    is_asking: bool,
}

impl Phishing {
    fn new(calls: Calls, included: Option<String>) -> Self {
        Self {
            calls,
            results: Results::default(),
            by_id: None,
            others: Vec::new(),
            pems: included.into_iter().collect(),
            is_asking: true,
        }
    }

    fn add(&mut self, found: Vec<FoundCertificate>, is_by_id: bool) {
        if is_by_id {
            self.by_id = found.into_iter().next();
        } else {
            let room = RELATED.saturating_sub(self.others.len());
            self.others.extend(found.into_iter().take(room));
        }
    }

    fn own(&self) -> Option<&FoundCertificate> {
        self.by_id.as_ref().or(self.others.first())
    }

    fn done(&self) -> Next {
        Found {
            pem: self.pems.last().cloned(),
            certificates: self.own().map(|own| own.certificate.clone()).into_iter().collect(),
            related: self.others.iter().map(|other| other.certificate.clone()).collect(),
            problems: self.results.problems.clone(),
            ..Found::bare(self.results.result())
        }
        .done()
    }
}

impl Enricher for Phishing {
    fn next(&mut self, reply: Reply<'_>) -> Next {
        match reply {
            Reply::Start | Reply::Emitted => {}
            Reply::Unreadable { .. } => drop(self.pems.pop()),
            Reply::Answer(answer) => {
                let is_by_id = matches!(self.calls.under_way, UnderWay::Certificate(_));
                match self.calls.answered(&answer, &mut self.results) {
                    Classification::Good(found) => self.add(found, is_by_id),
                    other => return Next::Failed(other.and_then(|_| Classification::Good(()))),
                }
            }
            Reply::Final(result) => {
                let what = self.calls.give_up();
                self.results.refuse(&what, result);
            }
        }
        if self.is_asking {
            // Without a key, or with the API retired, a further call makes no sense.
            let is_over = matches!(self.results.refusal(), Some(Outcome::Disabled | Outcome::Gone));
            if !is_over && let Some(call) = self.calls.next() {
                return Next::Ask(call);
            }
            // The event's own certificate is tried first, then the one that was found.
            self.is_asking = false;
            if let Some(pem) = self.own().and_then(|own| own.pem.clone()) {
                self.pems.insert(0, pem);
            }
        }
        self.done()
    }
}
