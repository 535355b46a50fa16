//! Meta Certificate Transparency. Meta has retired it: on 2026-02-03 `GET /certificates` answered
//! with code 100, subcode 33. The contract is kept, but no events arrive any more.
//!
//! A title in quotation marks in this folder's comments is a page of Meta's documentation. All
//! pages were read on 2026-11-22, in stored copies and not on the live site.
//!
//! - "Webhooks for Certificate Transparency":
//!   <https://developers.facebook.com/docs/certificate-transparency/certificates-webhook>
//! - "Certificate Transparency API":
//!   <https://developers.secure.facebook.com/docs/certificate-transparency-api>
//! - "Graph API Webhooks": <https://developers.facebook.com/docs/graph-api/webhooks/getting-started/>
//! - "Handling errors": <https://developers.facebook.com/docs/graph-api/guides/error-handling>
//! - "Rate limits": <https://developers.facebook.com/docs/graph-api/overview/rate-limiting/>
//! - Pages of the Graph API, their addresses were not recorded: "Access tokens", "Paginated results"

pub mod api;
mod document;
mod enrich;
mod interpretation;
mod lifecycle;
mod profile;
mod receiver;
mod samples;

pub use interpretation::interpret;
pub use lifecycle::lifecycle;
pub(crate) use profile::PROFILE;
pub use profile::{ACCESS_TOKEN, API_BASE, APP_SECRET, VERIFY_TOKEN};
pub use receiver::MetaReceiver;
