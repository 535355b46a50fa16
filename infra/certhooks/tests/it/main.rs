//! The contract of `certhooks local`, checked from outside: the compiled binary, real sockets, a real
//! state folder, and the simulator as the providers.

mod digicert;
mod door;
mod harness;
mod wire;
