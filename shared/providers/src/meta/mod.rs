//! Meta Certificate Transparency, retired by Meta: the contract is kept, nothing comes any more
//! (`GET /certificates` answers code 100, subcode 33).

pub mod api;
mod ct_certificate;
mod domain;
mod enrich;
mod interpretation;
mod receiver;
pub mod subscription;
mod update;

pub use interpretation::interpret;
pub use receiver::MetaReceiver;
