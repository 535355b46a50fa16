//! The compiled floor, started once as `make bench` does it.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use bench::side::Side;
use bench::stage::Stage;

#[tokio::test]
async fn one_start_is_measured_over_tls() {
    let stage = Stage::set().await.unwrap();
    let floor = Side::floor(env!("CARGO_BIN_EXE_floor"));
    let start = bench::cold::start(&floor, &stage, None).await.unwrap();
    assert!(start.millis > 0.0 && start.cpu_millis > 0.0, "{start:?}");

    // Without the private authority nothing can be sent, and no figure comes of it.
    let suspicious = Side { trust: "UNUSED", ..floor };
    assert!(bench::cold::start(&suspicious, &stage, None).await.is_err());
}
