//! The contract of the deliveries queue.

mod breaking;
mod deliveries;
mod released;
mod schema;
