//! DigiCert CertCentral.

pub mod api;
mod document;
mod door;
mod ids;
mod reading;
pub mod reconciliation;
pub mod webhook;

pub use door::DigicertDoor;
pub use reading::{challenge, read};
