//! The call-backs of Meta's events. They are the only ones of many calls, so they can stop between any
//! two of them and go on from there in a later receipt.
//!
//! - [`calls`]: the calls that are left to make, and the position among them
//! - [`results`]: what the calls came to
//! - [`observed`]: a certificate alert: one event for each certificate
//! - [`phishing`]: a phishing alert: one event with what was found

mod calls;
mod observed;
mod phishing;
mod results;

use envelope::EventType;
use serde_json::Value;

use self::calls::{Calls, Paging};
use self::observed::Observed;
use self::phishing::Phishing;
use super::profile::DOMAINS_VARIABLE;
use crate::enrich::{Enricher, Enrichers};
use crate::interpretation::Interpretation;
use crate::profile::{InvalidSetting, Settings};

/// Names that one phishing event asks about at most. With the budget of the Graph API, 200 calls an
/// hour, a further hundred would take longer than an alert is worth.
const NAMES: usize = 50;

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
        let mut calls = Calls::new(certificate_id.map(str::to_owned));
        let included = interpretation.pem.clone();
        if interpretation.kind == EventType::CtPhishingSuspected {
            let domains = identifiers.get("phishing_domains").and_then(Value::as_array);
            let domains = domains.into_iter().flatten().filter_map(Value::as_str);
            calls.domains = domains.take(NAMES).map(str::to_owned).collect();
            return Box::new(Phishing::new(calls, included));
        }
        match self {
            Self::Domains(domains) => calls.domains = domains.iter().cloned().collect(),
            Self::App(app) => {
                calls.app = Some(Paging::new(app.clone()));
                calls.is_list_known = false;
            }
        }
        Box::new(Observed::new(calls, included))
    }
}
