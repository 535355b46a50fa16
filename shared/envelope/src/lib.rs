//! The two messages of Certhooks, both CloudEvents 1.0 in JSON, and their vocabulary.
//!
//! - [`check`]: the result of each check of a chain, and the verdict
//! - [`code`]: the words of the checks
//! - [`correlation`]: what a certificate of the logs was compared with
//! - [`cloud_event`]: the two messages, and the members that both have
//! - [`data`]: the `data` of a [`CertificateEvent`]: call-back, certificates, checks, payload
//! - `schema` (feature): what the JSON Schema of both says beside the types
//! - [`timestamp`]: the form of a time in both
//! - [`vocabulary`]: providers, event types, call-back outcomes and reasons
//! - [`words`]: how a set of words is defined

mod check;
mod cloud_event;
mod code;
mod correlation;
mod data;
#[cfg(feature = "schema")]
pub mod schema;
mod timestamp;
mod vocabulary;
mod words;

pub use check::{Check, CheckResult, Checks, Verdict};
pub use cloud_event::{CertificateEvent, CloudEvent, Envelope, rfc3339};
pub use code::Code;
pub use correlation::{Correlation, Issuance, Rule};
pub use data::{Callback, Certificate, CertificateData, Dcv, DcvRecord, Names, Offloaded};
pub use timestamp::timestamp;
pub use vocabulary::{EventType, Outcome, Provider, Reason};
