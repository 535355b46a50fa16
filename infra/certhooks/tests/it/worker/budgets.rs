use std::time::{Duration, Instant};

use providers::profile::{self, Profile};

use crate::documents::issued;
use crate::harness::command;
use crate::providers::Providers;

/// Sends `count` events at once, and returns the maximum number of requests that the provider receives
/// within 2 s.
fn busiest_window(variables: &[(&str, &str)], count: u64) -> usize {
    const WINDOW: Duration = Duration::from_secs(2);
    let providers = Providers::start();
    let local = providers.local(variables);
    for number in 0..count {
        providers.send_one(&local, &issued(100 + number));
    }
    for event in local.delivered(count as usize) {
        assert_eq!(
            event["data"]["callback"]["attempts"], 1,
            "waiting for the budget is not an attempt"
        );
    }
    let times: Vec<_> = providers.seen("/certificate/").iter().map(|seen| seen.elapsed).collect();
    assert_eq!(times.len() as u64, count);
    times
        .iter()
        .map(|start| times.iter().filter(|at| (*start..*start + WINDOW).contains(*at)).count())
        .max()
        .unwrap()
}

/// A fifth of the budget is reserved for the reconciler and the operator.
#[test]
fn the_budget_is_used_and_not_exceeded() {
    assert_eq!(busiest_window(&[("DIGICERT_API_BUDGET", "10/2s")], 20), 8);
}

#[test]
fn workers_share_the_budget() {
    let variables = [("DIGICERT_API_BUDGET", "10/2s,1000/3m"), ("WORKER_CONCURRENCY", "2")];
    assert_eq!(busiest_window(&variables, 8), 4);
}

#[test]
fn no_budget_is_for_loopback_only() {
    for Profile { api, .. } in profile::ALL {
        let base = (api.base_variable, "https://api.example.com/v9");
        let variables = [(api.secret.variable, "key"), base, (api.budget_variable, "none")];
        let state = crate::harness::Folder::new();
        let output = command(&variables)
            .args(["local", "--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0", "--state"])
            .arg(state.path())
            .output()
            .unwrap();
        let text = String::from_utf8_lossy(&output.stderr);
        assert!(!output.status.success() && text.contains(api.budget_variable), "{text}");
    }
}

/// Ten call-backs of 200 ms take little longer than one.
#[test]
fn records_are_processed_concurrently() {
    let providers = Providers::start();
    let local = providers.local(&[]);
    providers.delay_by(Duration::from_millis(200));
    let began = Instant::now();
    for number in 0..10 {
        providers.send_one(&local, &issued(300 + number));
    }
    local.delivered(10);
    let duration = began.elapsed();
    assert!(duration < Duration::from_millis(1500), "{duration:?}");
    let seen = providers.seen("/certificate/");
    let spread = seen[9].elapsed - seen[0].elapsed;
    assert!(spread < Duration::from_millis(400), "one after another: {spread:?}");
}
