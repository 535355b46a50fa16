//! The two messages of Certhooks, both CloudEvents 1.0 in JSON, and their vocabulary.
//!
//! - [`cloud_event`]: the two messages, and the members that both have
//! - [`data`]: the `data` of a [`CertificateEvent`]: call-back, certificates, checks, payload
//! - [`vocabulary`]: providers, event types, call-back outcomes and reasons

mod cloud_event;
mod data;
mod vocabulary;

pub use cloud_event::{CertificateEvent, CloudEvent, Envelope, rfc3339};
pub use data::{Callback, Certificate, CertificateData, Checks, Names};
pub use vocabulary::{EventType, Outcome, Provider, Reason};
