//! Meta Certificate Transparency, retired by Meta: the contract is kept, nothing comes any more
//! (`GET /certificates` answers code 100, subcode 33).

pub mod api;
mod ct_certificate;
mod domain;
mod interpretation;
mod profile;
mod receiver;
pub mod subscription;
mod update;

pub use interpretation::interpret;
pub use profile::{ACCESS_TOKEN, API_BASE, APP_SECRET, OBJECT, VERIFY_TOKEN};
pub use receiver::MetaReceiver;
