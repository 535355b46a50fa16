//! The management of Cloudflare's notifications. A destination is a webhook with its secret; a
//! policy says which alert goes to which destinations. Pure: requests out, answers in.
//!
//! - [`request`]: every call with its path and body
//! - [`destination`], [`policy`]: what an account has, and what to set
//! - [`answer`]: the answers, parsed leniently
//! - [`refusal`]: what Cloudflare refuses, each with a sentence that says what to do

mod answer;
mod destination;
mod policy;
mod refusal;
mod request;

pub use answer::{classify_created, classify_destinations, classify_done, classify_policies};
pub(super) use answer::{listed, success};
pub use destination::{Destination, NewDestination};
pub use policy::{Policy, new_policy};
pub(super) use refusal::unreadable;
pub use request::{
    create_destination, create_policy, delete_destination, delete_policy, destinations, policies,
    update_destination, update_policy,
};
