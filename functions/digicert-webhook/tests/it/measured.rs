use bench::side::Side;
use bench::stage::Stage;

/// The webhook is acknowledged, and its envelope is on the queue with the acknowledged id.
#[tokio::test]
async fn a_cold_start_is_measured_over_tls() {
    let stage = Stage::set().await.unwrap();
    let side = Side::ours(env!("CARGO_BIN_EXE_digicert-webhook"));
    let start = bench::cold::start(&side, &stage, None).await.unwrap();
    assert!(start.millis > 0.0 && start.cpu_millis > 0.0, "{start:?}");
}
