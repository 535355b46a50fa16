//! The contract of the deliveries queue.

#[cfg(test)]
mod breaking;
#[cfg(test)]
mod deliveries;
#[cfg(test)]
mod released;
#[cfg(test)]
mod schema;
