//! Short runs of the scenarios on the compiled programs; `make chaos` runs them at length.
#![allow(clippy::panic, clippy::unwrap_used, reason = "a test fails by panicking")]

mod local;
mod sqs;

use chaos::report::Row;

fn assert_good(row: &Row) {
    println!("{row:#?}");
    assert!(row.is_good(), "set CHAOS_SEED={} to repeat the run", row.seed);
}
