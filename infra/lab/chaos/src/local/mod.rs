//! The embedded form: `certhooks local` as a process, seen from outside.
//!
//! - [`scene`]: the process with its providers and senders, from start to judgement
//! - [`process`]: one run of it, whose log is searched
//! - [`senders`]: providers that send until a 200 says that it is taken
//! - [`landing`]: where a kill fell, read from the state that it left behind
//! - [`folder`], [`volume`]: where the state is: a folder, a file system that fills up
//! - [`crash`], [`faults`], [`full`], [`load`], [`leaks`]: the scenarios

mod crash;
mod faults;
mod folder;
mod full;
mod landing;
mod leaks;
mod load;
mod process;
mod scene;
mod senders;
mod volume;

pub use crash::crash;
pub use faults::faults;
pub use full::full;
pub use leaks::leaks;
pub use load::load;
