//! - [`fixtures`]: real X.509, made by `tests/fixtures/make.sh` or by a CA
//! - [`parsing`]: the description of a certificate, and input that is no certificate
//! - [`order`]: the order of a bundle, and duplicates
//! - [`checks`]: the result of each check
//! - [`authority`]: certificates made on the spot
//! - [`cpu_time`]: what a test costs, whatever else the machine does
//! - [`paths`]: which paths are valid, beside `openssl verify`
//! - [`redaction`]: private keys in text and in JSON
//! - [`key_formats`]: private keys in other formats than PEM, and what looks like them
//! - [`properties`]: no input causes a panic; time with a thousand certificates

#[cfg(test)]
mod authority;
#[cfg(test)]
mod checks;
#[cfg(test)]
mod cpu_time;
#[cfg(test)]
mod fixtures;
#[cfg(test)]
mod key_formats;
#[cfg(test)]
mod order;
#[cfg(test)]
mod parsing;
#[cfg(test)]
mod paths;
#[cfg(test)]
mod properties;
#[cfg(test)]
mod redaction;
