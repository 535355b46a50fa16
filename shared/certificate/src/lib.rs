//! Parses, orders and checks X.509 certificates in PEM, and removes private keys. Pure: bytes in,
//! values out; the current time is an argument.
//!
//! - [`bundle`]: the answer of a CA, or a chain that came with an event, as ordered and checked
//!   certificates
//! - [`pem`]: decodes certificate blocks in a text, and encodes them
//! - [`boundary`]: lines such as `-----BEGIN CERTIFICATE-----`, exact and altered
//! - [`parsed`]: one certificate, with what the other modules need of it
//! - [`distinguished_name`], [`alternative_names`], [`key`], [`serial`]: its names, public key and
//!   serial number
//! - [`order`]: finds the leaf and the issuer of each certificate
//! - [`signature`], [`signature_algorithm`]: verifies one signature with one key
//! - [`checks`], [`leaf_checks`], [`signature_checks`], [`findings`]: the checks of a bundle, its
//!   leaf and its signatures, and the text of their results
//! - [`redact_text`], [`redact_json`], [`bare_key`]: find and remove private keys in text and in
//!   JSON, with PEM boundaries or without

mod alternative_names;
mod bare_key;
mod boundary;
mod bundle;
mod checks;
mod distinguished_name;
mod findings;
mod key;
mod leaf_checks;
mod order;
mod parsed;
mod pem;
mod redact_json;
mod redact_text;
mod serial;
mod signature;
mod signature_algorithm;
mod signature_checks;

pub use bundle::{Bundle, read};
pub use pem::{NotACertificate, encode_pem};
pub use redact_json::redact_json;
pub use redact_text::{REMOVED, redact_text};
pub use serial::serial_hex;
