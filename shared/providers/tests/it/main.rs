//! Receivers, interpretations and call-backs as `intake` and `processing` use them.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod admin_cloudflare;
mod admin_digicert;
mod adversity;
mod api_cloudflare;
mod api_digicert;
mod api_meta;
mod certspotter;
mod cloudflare;
mod digicert;
mod enrich;
mod ids;
mod json;
mod lifecycle;
mod meta;
mod profile;
mod reconciliation_digicert;
mod samples;
mod shapes;
mod size;
mod splitting;
mod support;
mod verification;
