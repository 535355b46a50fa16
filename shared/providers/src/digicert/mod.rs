//! DigiCert CertCentral.

pub mod api;
mod document;
mod enrich;
mod ids;
mod interpretation;
mod receiver;
pub mod reconciliation;
pub mod webhook;

pub use interpretation::{challenge, interpret};
pub use receiver::DigicertReceiver;
