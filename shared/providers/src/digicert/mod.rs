//! DigiCert CertCentral.

pub mod api;
mod document;
mod ids;
mod interpretation;
mod lifecycle;
mod profile;
mod receiver;
pub mod reconciliation;
pub mod webhook;

pub use interpretation::{challenge, interpret};
pub use lifecycle::lifecycle;
pub use profile::{
    API_BASE, API_BASE_EU, API_KEY, CERTIFICATE_EVENTS, DEFAULT_EVENTS, KNOWN_EVENTS, WEBHOOK_KEY,
};
pub use receiver::DigicertReceiver;
