//! RFC 4158 and RFC 5280, 6: which path leads from a leaf to an anchor, and whether it is valid.
//!
//! - [`anchors`]: Mozilla's and configured trust anchors
//! - [`name`]: distinguished names as they are compared
//! - [`node`]: a certificate as the others look at it
//! - [`leaf`]: which certificate a bundle is about
//! - [`search`]: builds paths, within a budget
//! - [`links`]: each certificate of a chain by itself, for people
//! - [`known_authorities`]: certificates of CAs that were read before
//! - [`known_links`]: signatures between CAs that were good before
//! - [`rules`], [`constraints`], [`purpose`]: what makes a path valid
//! - [`opinion`]: what rustls-webpki says of the path that was chosen
//! - [`host`], [`lifetime`]: the names and the validity period of the leaf

pub(crate) mod anchors;
pub(crate) mod constraints;
pub(crate) mod host;
mod known_authorities;
mod known_links;
pub(crate) mod leaf;
pub(crate) mod lifetime;
pub(crate) mod links;
pub(crate) mod name;
pub(crate) mod node;
pub(crate) mod opinion;
pub(crate) mod purpose;
pub(crate) mod rules;
pub(crate) mod search;
