use serde_json::{Value, json};

use super::paging::Page;
use super::replies::{bad_parameter, found};
use super::request::GraphRequest;
use super::state::id_of;
use crate::responses::HandlerResult;

impl GraphRequest<'_> {
    pub(super) fn subscribed_domains(&self) -> HandlerResult {
        let page = Page::parse(self.parameters).map_err(bad_parameter)?;
        let domains = &self.state.shared.settings.subscribed_domains;
        let total = u32::try_from(domains.len())?;
        let id = |domain: &String| id_of(&format!("domain/{domain}")).to_string();
        let entry = |domain: &String| json!({"domain": domain, "id": id(domain)});
        let range = page.numbers(total);
        let selected = domains.iter().skip(range.start as usize).take(range.len());
        let entries: Vec<Value> = selected.map(entry).collect();
        Ok(found(page.body(entries, total, self.state.shared.address, self.uri)))
    }
}
