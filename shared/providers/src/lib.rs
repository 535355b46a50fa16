//! All that Certhooks knows about each provider, one folder each. Pure: bytes in, bytes out, with
//! no clock, no network and no environment.
//!
//! - [`dispatch`]: the functions over all providers: interpret an event, find its lifecycle
//! - a module for each provider, such as [`digicert`]: how a request is verified (`receiver`), what its events
//!   mean (`interpretation`, `lifecycle`), how to call back and what the answers mean (`api`), and the
//!   facts that other crates need too (`profile`)
//! - [`profile`]: one row for each provider, which joins its folder to the rest
//! - [`request`]: a webhook request, whole, and verified
//! - [`enrich`]: call-backs as a machine without I/O
//! - [`receiver`]: the trait of a webhook receiver: what `intake` needs of a provider
//! - [`interpretation`]: what an event means: what `processing` needs of a provider
//! - [`lifecycle`]: the certificate that an event is about, and where in its lifecycle the event is
//! - [`api`]: the types of a call-back, of an operator's call, and of their answers
//! - [`refusal`]: why a management API refused an operator's call, as a sentence that says what to do
//! - [`occurrence`]: an event of a provider's own records, as its receiver would have made it
//! - [`finding`]: what the comparison of the logs with known issuances found, as an event
//! - [`synthetic`]: the synthetic event of the scheduled check
//! - [`json`]: members in order, canonical form, derived ids
//! - [`address`]: which hosts are this machine
//! - [`characters`]: those that nobody sees, and that a terminal acts upon
//! - [`secret_member`]: the names of a member of a secret
//! - [`envelope_builder`]: an envelope from what a receiver knows about an event, and its fair-queue group
//! - [`secret`]: stored secrets, header values, constant-time comparison
//! - `distinguished_name`, `hash`: distinguished names and hashes in one form
//! - [`sent_secret`]: a webhook secret that the operator hands to a provider
//! - `validity`: from when and until when a certificate is valid, in one form
//! - `naming`: event names and subjects that are safe to log and archive

pub mod address;
pub mod api;
pub mod certspotter;
pub mod characters;
pub mod cloudflare;
pub mod digicert;
pub mod dispatch;
mod distinguished_name;
pub mod enrich;
pub mod envelope_builder;
pub mod finding;
mod hash;
pub mod interpretation;
pub mod json;
pub mod lifecycle;
pub mod meta;
mod naming;
pub mod occurrence;
pub mod profile;
pub mod receiver;
pub mod refusal;
pub mod request;
pub mod secret;
pub mod secret_member;
pub mod sent_secret;
pub mod synthetic;
mod validity;
