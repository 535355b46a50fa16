//! Cloudflare SSL for SaaS custom hostnames.
//!
//! A title in quotation marks in this folder's comments is a page of Cloudflare's documentation.
//! All pages were read on 2026-11-22, in stored copies and not on the live site.
//!
//! - "Webhook data definitions": `certificate-management/webhook-definitions.mdx` of
//!   <https://github.com/cloudflare/cloudflare-docs> at 24fec10
//! - "Configure webhooks": `notifications/get-started/configure-webhooks.mdx` of the same repository at
//!   25ff63e
//! - Pages of the API documentation, their addresses were not recorded: "Make API calls", "Rate
//!   limits", "Custom Hostname Details", "List alert types", "List webhooks", "Create a webhook",
//!   "Update a webhook", "Delete a webhook", "List notification policies", "Create a notification
//!   policy", "Update a notification policy", "Delete a notification policy"
//! - "List Zones", "List Certificate Packs": as `types/ssl/certificate_pack_list_response.py` of
//!   <https://github.com/cloudflare/cloudflare-python> has the latter at 242b681, read on 2026-12-01
//!
//! Where a page is silent, comments name what stands in its place: the API fixtures are
//! `custom_hostname_test.go` (at 047be01) and `notifications_test.go` (at 2449e02) of
//! <https://github.com/cloudflare/cloudflare-go>, and the sibling alerts are the Universal SSL and
//! Advanced Certificate alerts, of which third parties published received test messages. Both were
//! read on 2026-11-22.

pub mod admin;
pub mod api;
mod document;
mod enrich;
mod interpretation;
mod lifecycle;
mod profile;
mod receiver;
pub mod reconciliation;
mod samples;

pub use enrich::account_id;
pub use interpretation::interpret;
pub use lifecycle::lifecycle;
pub(crate) use profile::PROFILE;
pub use profile::{
    ACCOUNT_VARIABLE, API_BASE, API_TOKEN, CUSTOM_HOSTNAMES_ALERT, WEBHOOK_AUTH, is_id,
};
pub use receiver::CloudflareReceiver;
