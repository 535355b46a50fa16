//! Parses X.509 certificates in PEM, finds and validates the path of a leaf, and removes private keys. Pure:
//! bytes in, values out; the current time is an argument.
//!
//! - [`report`]: the answer of a CA, or a chain in an event, as the certificates of a path and the
//!   results of the checks
//! - [`path`]: builds and validates paths (RFC 4158; RFC 5280, 6)
//! - [`on_path`]: the other checks of the certificates on a path
//! - [`pem`]: decodes certificate blocks in a text
//! - [`mod@encode_pem`]: encodes one
//! - [`boundary`]: lines such as `-----BEGIN CERTIFICATE-----`, exact and altered
//! - [`parsed`]: one certificate, with what the other modules need of it
//! - [`distinguished_name`], [`alternative_names`], [`key`], [`serial`], [`tbs`]: its names, public key,
//!   serial number, and the hash that certificate transparency knows it by
//! - [`in_advance`]: what a request or a public key says of certificates to come
//! - [`transparency`]: the logs that promised to show a certificate
//! - [`der`]: elements of DER
//! - [`signature`], [`signature_algorithm`]: verifies one signature with one key
//! - [`redact_text`], [`redact_json`], [`bare_key`], [`key_numbers`]: find and remove private keys in text
//!   and in JSON, with PEM boundaries or without, and those that are written as numbers
//!
//! Without the feature `x509` only texts are handled ([`redact_text`], [`redact_json`], [`serial`],
//! [`mod@encode_pem`]): a webhook function reads no certificates and links no X.509 parser.

#[cfg(feature = "x509")]
mod alternative_names;
mod bare_key;
mod boundary;
#[cfg(feature = "x509")]
mod der;
#[cfg(feature = "x509")]
mod distinguished_name;
mod encode_pem;
#[cfg(feature = "x509")]
mod in_advance;
#[cfg(feature = "x509")]
mod key;
mod key_numbers;
#[cfg(feature = "x509")]
mod on_path;
#[cfg(feature = "x509")]
mod parsed;
#[cfg(feature = "x509")]
mod path;
#[cfg(feature = "x509")]
mod pem;
mod redact_json;
mod redact_text;
#[cfg(feature = "x509")]
mod report;
mod serial;
#[cfg(feature = "x509")]
mod signature;
#[cfg(feature = "x509")]
mod signature_algorithm;
#[cfg(feature = "x509")]
mod tbs;
#[cfg(feature = "x509")]
mod transparency;

pub use encode_pem::encode_pem;
#[cfg(feature = "x509")]
pub use in_advance::{NothingInAdvance, in_advance};
#[cfg(feature = "x509")]
pub use path::anchors::{AnchorsError, MOZILLA_LIST_DATE, TrustAnchors};
#[cfg(feature = "x509")]
pub use path::lifetime::{allowed_days, validity_days};
#[cfg(feature = "x509")]
pub use path::links::{Link, links};
#[cfg(feature = "x509")]
pub use path::purpose::Purpose;
#[cfg(feature = "x509")]
pub use pem::NotACertificate;
pub use redact_json::redact_json;
pub use redact_text::{REMOVED, redact_text};
#[cfg(feature = "x509")]
pub use report::{PathEnd, Question, Report, validate};
pub use serial::{serial_hex, serial_of_hex};
#[cfg(feature = "x509")]
pub use transparency::{SignedTimestamp, log_list_date};
