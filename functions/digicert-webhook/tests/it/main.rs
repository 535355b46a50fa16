//! Drives the compiled function as Lambda does, with the emulator as AWS.

mod measured;
mod samples;
mod start;

const BINARY: &str = env!("CARGO_BIN_EXE_digicert-webhook");
const KEY: &str = "sample-webhook-key-of-32-characters-or-more";
