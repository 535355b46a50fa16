//! The certificate half: PEM and X.509 read, ordered and checked, private keys removed. Pure: bytes
//! in, values out; the time is an argument.
//!
//! - [`bundle`]: the answer of a CA, or a chain that came with an event, as ordered and checked
//!   certificates
//! - [`pem`]: certificate blocks in a text, and back
//! - [`armour`]: lines such as `-----BEGIN CERTIFICATE-----`, strict and damaged
//! - [`parsed`]: one certificate, with what the other modules ask of it
//! - [`dn`], [`names`], [`key`]: its distinguished names, alternative names, public key
//! - [`order`]: which is the leaf, and who issued whom
//! - [`signature`]: one signature by one key
//! - [`checks`], [`leaf`], [`links`]: what is wrong with a bundle, its leaf, its signatures
//! - [`redact`], [`json`], [`bare_key`]: private keys found and removed, in text, in JSON, without
//!   armour
//! - [`serial`]: decimal serial numbers

mod armour;
mod bare_key;
mod bundle;
mod checks;
mod der;
mod dn;
mod json;
mod key;
mod leaf;
mod links;
mod names;
mod on_path;
mod order;
mod parsed;
mod path;
mod pem;
mod redact;
mod report;
mod serial;
mod signature;
mod tbs;

pub use bundle::{Bundle, read};
pub use json::redact_json;
pub use path::anchors::{AnchorsError, MOZILLA_LIST_DATE, TrustAnchors};
pub use path::purpose::Purpose;
pub use pem::NotACertificate;
pub use redact::{REMOVED, redact_text};
pub use report::{PathEnd, Question, Report, validate};
pub use serial::serial_hex;
