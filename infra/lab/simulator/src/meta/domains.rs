use serde_json::{Value, json};

use super::app::Kept;
use super::paging::Page;
use super::replies::{bad_parameter, found};
use super::{Asked, certificate, parameters};
use crate::answers::Handled;

/// One of the two edges of an app.
#[derive(Clone, Copy)]
pub(super) enum Alerts {
    Certificate,
    Phishing,
}

impl Alerts {
    fn domains(self, kept: &mut Kept) -> &mut Vec<String> {
        match self {
            Self::Certificate => &mut kept.domains,
            Self::Phishing => &mut kept.phishing_domains,
        }
    }

    fn id(self, domain: &str) -> String {
        let edge = match self {
            Self::Certificate => "domain",
            Self::Phishing => "phishing-domain",
        };
        certificate::id_of(&format!("{edge}/{domain}")).to_string()
    }
}

impl Asked<'_> {
    pub(super) fn subscribed_domains(&self, alerts: Alerts) -> Handled {
        let page = match Page::read(self.parameters) {
            Ok(page) => page,
            Err(message) => return Ok(bad_parameter(message)),
        };
        let domains = alerts.domains(&mut self.world.app.kept()).clone();
        let total = u32::try_from(domains.len())?;
        let entry = |domain: &String| json!({"domain": domain, "id": alerts.id(domain)});
        let range = page.numbers(total);
        let chosen = domains.iter().skip(range.start as usize).take(range.len());
        let entries: Vec<Value> = chosen.map(entry).collect();
        Ok(found(page.body(entries, total, self.world.address, self.uri)))
    }

    /// `subscribe` and `unsubscribe`, each a list. What is there already, or not there, is no
    /// error.
    pub(super) fn subscribe_domains(&self, alerts: Alerts) -> Handled {
        let (added, removed) = match (self.domains("subscribe"), self.domains("unsubscribe")) {
            (Ok(added), Ok(removed)) => (added, removed),
            (Err(message), _) | (_, Err(message)) => return Ok(bad_parameter(&message)),
        };
        if added.is_empty() && removed.is_empty() {
            return Ok(bad_parameter("Param subscribe or unsubscribe is required"));
        }
        let mut kept = self.world.app.kept();
        let domains = alerts.domains(&mut kept);
        domains.retain(|domain| !removed.contains(domain));
        for domain in added {
            if !domains.contains(&domain) {
                domains.push(domain);
            }
        }
        // A string, as documented.
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
