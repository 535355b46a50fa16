//! The archived events of an installation, as commands select them.
//!
//! - [`filter`]: the options that select events
//! - [`selection`]: the keys and the events that meet them
//! - [`suspects`]: what came with a secret that somebody else may know
//! - [`source`]: reads the archive, page by page
//! - [`get`]: prints one object

mod filter;
mod get;
mod selection;
mod source;
mod suspects;

pub(crate) use filter::Filter;
pub(crate) use get::{ArchiveArgs, run};
pub(crate) use selection::Selection;
pub(crate) use source::Source;
pub(crate) use suspects::list_suspects;
