use serde_json::{Value, json};

use super::paging::Page;
use super::replies::{bad_parameter, found};
use super::request::GraphRequest;
use super::state::{App, id_of};
use super::{certificate, parameters};
use crate::responses::HandlerResult;

/// The kind of alerts that domains are subscribed for. Each is an edge of the app.
#[derive(Clone, Copy)]
pub(super) enum Alerts {
    Certificate,
    Phishing,
}

impl Alerts {
    fn domains(self, app: &mut App) -> &mut Vec<String> {
        match self {
            Self::Certificate => &mut app.domains,
            Self::Phishing => &mut app.phishing_domains,
        }
    }

    fn id(self, domain: &str) -> String {
        let edge = match self {
            Self::Certificate => "domain",
            Self::Phishing => "phishing-domain",
        };
        id_of(&format!("{edge}/{domain}")).to_string()
    }
}

impl GraphRequest<'_> {
    pub(super) fn subscribed_domains(&self, alerts: Alerts) -> HandlerResult {
        let page = match Page::parse(self.parameters) {
            Ok(page) => page,
            Err(message) => return Ok(bad_parameter(message)),
        };
        let domains = alerts.domains(&mut self.state.app()).clone();
        let total = u32::try_from(domains.len())?;
        let entry = |domain: &String| json!({"domain": domain, "id": alerts.id(domain)});
        let range = page.numbers(total);
        let selected = domains.iter().skip(range.start as usize).take(range.len());
        let entries: Vec<Value> = selected.map(entry).collect();
        Ok(found(page.body(entries, total, self.state.shared.address, self.uri)))
    }

    /// Applies `subscribe` and `unsubscribe`, which are lists. Subscribing a subscribed domain is no error, nor
    /// is unsubscribing an unsubscribed one.
    pub(super) fn subscribe_domains(&self, alerts: Alerts) -> HandlerResult {
        let (added, removed) = match (self.domains("subscribe"), self.domains("unsubscribe")) {
            (Ok(added), Ok(removed)) => (added, removed),
            (Err(message), _) | (_, Err(message)) => return Ok(bad_parameter(&message)),
        };
        if added.is_empty() && removed.is_empty() {
            return Ok(bad_parameter("Param subscribe or unsubscribe is required"));
        }
        let mut app = self.state.app();
        let domains = alerts.domains(&mut app);
        domains.retain(|domain| !removed.contains(domain));
        for domain in added {
            if !domains.contains(&domain) {
                domains.push(domain);
            }
        }
        // The page documents a string here.
        Ok(found(json!({"success": "true"})))
    }

    fn domains(&self, name: &str) -> Result<Vec<String>, String> {
        let domains = parameters::list(self.parameters, name);
        match domains.iter().find(|domain| !certificate::is_domain(domain)) {
            Some(domain) => Err(format!("Param {name}: {domain} is not a valid domain")),
            None => Ok(domains.iter().map(|domain| domain.to_ascii_lowercase()).collect()),
        }
    }
}
