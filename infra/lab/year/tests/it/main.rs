//! The simulated year in small, with fewer rounds: each costs as much as an event.

use harness::{Folder, program};
use year::{Scale, run};

const SCALE: Scale = Scale {
    seed: 7,
    names: 100,
    days: 48,
    lifetime: 47,
    rogue: 5,
    stuck: 6,
    round: 60,
    grace: 150,
};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_rogue_certificate_and_every_stuck_renewal_is_found_and_nothing_else() {
    let (folder, certhooks) = (Folder::new().unwrap(), program("certhooks").unwrap());
    let results = run(&SCALE, folder.path(), &certhooks).await.unwrap();
    assert!(results.broken.is_empty(), "{}", results.text);
}
