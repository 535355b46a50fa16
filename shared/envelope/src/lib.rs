//! The two messages of Certhooks, both CloudEvents 1.0 in JSON, and their vocabulary.
//!
//! - [`check`]: the result of each check of a chain, and the verdict
//! - [`cloud_event`]: the two messages, and the members that both have
//! - [`data`]: the `data` of a [`CertificateEvent`]: call-back, certificates, checks, payload
//! - [`timestamp`]: the form of a time in both
//! - [`vocabulary`]: providers, event types, call-back outcomes and reasons

mod check;
mod cloud_event;
mod data;
mod timestamp;
mod vocabulary;

pub use check::{Check, CheckResult, Checks, Verdict};
pub use cloud_event::{CertificateEvent, CloudEvent, Envelope, rfc3339};
pub use data::{Callback, Certificate, CertificateData, Names, Offloaded};
pub use timestamp::timestamp;
pub use vocabulary::{EventType, Outcome, Provider, Reason};
