use contract::{Files, repository};

/// `make check` says the same; this is for whoever runs the tests alone.
#[tokio::test]
async fn the_committed_files_are_what_the_code_makes_and_nothing_breaks_consumers() {
    let drift = Files::new(repository()).check().await.unwrap();
    assert!(drift.faults.is_empty(), "{}", drift.faults.join("\n"));
}
