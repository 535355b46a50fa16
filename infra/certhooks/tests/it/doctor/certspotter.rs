//! A provider whose events have no call-back, and which has no commands and no test message of its own.

use crate::scene::Scene;

#[tokio::test]
async fn a_provider_without_call_backs_misses_no_key() {
    let scene = Scene::new().await;
    let local = scene.local();
    let only = ["--provider", "certspotter", "--endpoint", &local.url("")];
    let diagnosis = scene.doctor(&only);
    assert_eq!(diagnosis.code, 0, "{diagnosis:?}");
    diagnosis.expect("certspotter", "api-key", "ok", "none is needed");
    diagnosis.expect("certspotter", "answer", "ok", "200 in ");
    assert!(!local.log().iter().any(|line| line.contains("CERTSPOTTER_API_KEY")), "no warning");
    let elsewhere = scene.local_elsewhere();
    let wrong = ["--provider", "certspotter", "--endpoint", &elsewhere.url("")];
    scene.doctor(&wrong).expect("certspotter", "answer", "error", "has another secret");
}
