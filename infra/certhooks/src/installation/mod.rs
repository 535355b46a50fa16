//! Dead letters, of a state folder or of a stack.

pub(crate) mod dead_letter;
