use serde_json::Value;

use super::certificate::{fields, is_domain, node};
use super::paging::Page;
use super::replies::{bad_parameter, found, unknown_object};
use super::request::GraphRequest;
use super::state::ObservedCertificate;
use crate::fault::Fault;
use crate::responses::HandlerResult;

impl GraphRequest<'_> {
    /// The certificates of a domain.
    pub(super) fn certificates(&self) -> HandlerResult {
        let (domain, page, fields) = self.search().map_err(bad_parameter)?;
        let shared = &self.state.shared;
        let total = match self.fault {
            Some(Fault::NotReady) => 0,
            _ => shared.settings.certificates_per_domain,
        };
        let entry = |number| {
            let certificate = ObservedCertificate { domain: domain.clone(), number };
            let id = certificate.id();
            self.state.remember(id, &certificate);
            node(&shared.authority, &certificate, id, &fields, self.fault)
        };
        let entries = page.numbers(total).map(entry).collect::<anyhow::Result<Vec<Value>>>()?;
        Ok(found(page.body(entries, total, shared.address, self.uri)))
    }

    /// The domain, the page and the fields of a search; an error is the text for code 100.
    fn search(&self) -> Result<(String, Page, Vec<&str>), String> {
        let domain = self.parameters.get("query").filter(|query| is_domain(query));
        let domain = domain.ok_or("Param query must be a valid domain")?.to_ascii_lowercase();
        Ok((domain, Page::parse(self.parameters)?, fields(self.parameters)?))
    }

    /// A certificate by its id. An id that `/certificates` never returned is a certificate of the first
    /// subscribed domain, so that events with any id find one.
    pub(super) fn certificate(&self, id: &str) -> HandlerResult {
        let Some(number) = id.parse().ok().filter(|number| *number > 0) else {
            return Ok(unknown_object(id));
        };
        let fields = fields(self.parameters).map_err(bad_parameter)?;
        if self.fault == Some(&Fault::NotReady) {
            return Ok(unknown_object(id));
        }
        let certificate = self.state.certificate(number);
        let authority = &self.state.shared.authority;
        Ok(found(node(authority, &certificate, number, &fields, self.fault)?))
    }
}
