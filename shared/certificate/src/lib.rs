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
//!
//! Without the feature `x509` only texts are handled ([`redact_text`], [`redact_json`], [`serial`]): a
//! webhook function reads no certificates and links no X.509 parser.

#[cfg(feature = "x509")]
mod alternative_names;
mod bare_key;
mod boundary;
#[cfg(feature = "x509")]
mod bundle;
#[cfg(feature = "x509")]
mod checks;
#[cfg(feature = "x509")]
mod distinguished_name;
#[cfg(feature = "x509")]
mod findings;
#[cfg(feature = "x509")]
mod key;
#[cfg(feature = "x509")]
mod leaf_checks;
#[cfg(feature = "x509")]
mod order;
#[cfg(feature = "x509")]
mod parsed;
#[cfg(feature = "x509")]
mod pem;
mod redact_json;
mod redact_text;
mod serial;
#[cfg(feature = "x509")]
mod signature;
#[cfg(feature = "x509")]
mod signature_algorithm;
#[cfg(feature = "x509")]
mod signature_checks;

#[cfg(feature = "x509")]
pub use bundle::{Bundle, read};
#[cfg(feature = "x509")]
pub use pem::NotACertificate;
pub use redact_json::redact_json;
pub use redact_text::{REMOVED, redact_text};
pub use serial::serial_hex;
