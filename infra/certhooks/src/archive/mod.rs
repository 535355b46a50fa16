//! The archived events of an installation, as commands select them.
//!
//! - [`filter`]: the options that select events
//! - [`selection`]: the keys and the events that meet them
//! - [`source`]: reads the archive, page by page

mod filter;
mod selection;
mod source;

pub(crate) use filter::Filter;
pub(crate) use selection::Selection;
pub(crate) use source::Source;
