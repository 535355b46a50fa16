//! Meta Certificate Transparency, retired by Meta: the contract is kept, nothing comes any more
//! (`GET /certificates` answers code 100, subcode 33).

pub mod api;
mod domain;
mod door;
mod reading;
pub mod subscription;
mod told;
mod update;

pub use door::MetaDoor;
pub use reading::read;
