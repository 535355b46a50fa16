//! - [`fixtures`]: real X.509, made by `tests/fixtures/make.sh` or by a CA
//! - [`interpretation`]: what is read of one certificate, and what is no certificate
//! - [`ordering`]: which comes first, what is left out
//! - [`authority`]: certificates made on the spot
//! - [`paths`]: which paths are valid, beside `openssl verify`
//! - [`checking`]: what each check says of which chain
//! - [`removing`]: private keys in text and in JSON
//! - [`anything`]: whatever comes, no panic; and a thousand certificates

#[cfg(test)]
mod anything;
#[cfg(test)]
mod authority;
#[cfg(test)]
mod checking;
#[cfg(test)]
mod fixtures;
#[cfg(test)]
mod ordering;
#[cfg(test)]
mod paths;
#[cfg(test)]
mod reading;
#[cfg(test)]
mod removing;
