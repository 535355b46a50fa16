//! Cert Spotter, the certificate transparency monitor of SSLMate.
//!
//! A title in quotation marks in this folder's comments is a page of SSLMate's documentation. Both were
//! read on 2026-11-30, in stored copies and not on the live site.
//!
//! - "Cert Spotter Webhooks": <https://sslmate.com/help/reference/certspotter_webhook>
//! - "CT Search API": <https://sslmate.com/help/reference/ct_search_api_v1>
//! - "Authorization API": <https://sslmate.com/certspotter/whitelisting_api>

mod authorization;
mod document;
mod interpretation;
mod issuances;
mod profile;
mod receiver;
mod refusal;
mod samples;

pub use authorization::{
    BASE as SSLMATE_API_BASE, BASE_VARIABLE as SSLMATE_API_BASE_VARIABLE, authorize_key, basic_key,
    classify_authorized,
};

pub use interpretation::interpret;
pub use issuances::{DOMAINS_VARIABLE, ListedIssuance, classify_issuances, domains, issuances};
pub(crate) use profile::PROFILE;
pub use profile::{API_BASE, API_KEY, WEBHOOK_PASSWORD, WEBHOOK_USERNAME};
pub use receiver::CertspotterReceiver;
