//! The compiled worker, as Lambda drives it, with an emulator and the simulated providers behind it.

mod batch;
mod stage;
