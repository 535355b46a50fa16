//! DigiCert CertCentral.
//!
//! A title in quotation marks in this folder's comments is a page of DigiCert's documentation. All
//! pages were read on 2026-11-22, in stored copies and not on the live site.
//!
//! - "CertCentral event types":
//!   <https://dev.digicert.com/certcentral-apis/webhooks/certcentral-event-types.html>
//! - "Create webhook", "List webhooks", "Webhook event logs":
//!   <https://dev.digicert.com/certcentral-apis/services-api/webhooks/create-webhook.html>,
//!   <https://dev.digicert.com/certcentral-apis/services-api/webhooks/list-webhooks.html>,
//!   <https://dev.digicert.com/certcentral-apis/services-api/webhooks/webhook-event-logs.html>
//! - "Errors": <https://dev.digicert.com/certcentral-apis/services-api/errors.html>
//! - "Rate limits": <https://dev.digicert.com/en/certcentral-apis/services-api/rate-limits.html>
//! - "Order status changes": <https://dev.digicert.com/services-api/orders/status-change-list/>
//! - "Glossary" (certificate formats): <https://dev.digicert.com/glossary/>
//! - Below <https://dev.digicert.com/certcentral-apis>, their own addresses were not recorded:
//!   "CertCentral webhooks", "Customize certificate issued events", "Update webhook endpoint", "Send
//!   test event", "Send challenge token", "Verify challenge token", "Activate webhook", "Deactivate
//!   webhook", "Authentication", "Download certificate", "Order info"
//!
//! Where a page is silent, comments name what stands in its place: a fixture of the client
//! <https://github.com/riboseinc/digicert> (at 1b61921), or a recording of the live API in
//! <https://github.com/JupiterOne/graph-digicert>; both were read on 2026-11-22.

pub mod admin;
pub mod api;
mod document;
mod enrich;
mod interpretation;
mod lifecycle;
mod personal;
mod profile;
mod receiver;
pub mod reconciliation;
mod samples;

pub use interpretation::interpret;
pub use lifecycle::lifecycle;
pub(crate) use profile::PROFILE;
pub use profile::{
    API_BASE, API_BASE_EU, API_KEY, CERTIFICATE_EVENTS, DEFAULT_EVENTS, KNOWN_EVENTS, SOURCE_RANGE,
    WEBHOOK_KEY,
};
pub use receiver::DigicertReceiver;
