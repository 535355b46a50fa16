use ::time::{Duration, OffsetDateTime};
use envelope::rfc3339;
use processing::Disposition;
use serde_json::{Value, json};

use crate::bench::{Bench, envelope, issued, revoked};
use crate::fakes::Step;

/// An event about the certificate of a custom hostname, `age` ago.
fn cloudflare(id: &str, step: &str, age: Duration) -> Value {
    let event = format!("ssl.custom_hostname_certificate.{step}");
    let document = json!({
        "event": "of the envelope's type only",
        "metadata": {"event": {"type": event}, "zone": {"id": "z1"}},
        "data": {"id": "h1", "hostname": "shop.example.com", "ssl": {"id": "c1"}},
    });
    let mut envelope = envelope(id, Duration::ZERO, &document);
    envelope["source"] = json!("/cloudflare/zones/z1");
    envelope["time"] = json!(rfc3339(OffsetDateTime::now_utc() - age));
    envelope
}

fn orderings(bench: &Bench) -> Vec<(String, Option<String>)> {
    bench.fake.events().into_iter().map(|event| (event.id, event.ordering)).collect()
}

fn stale() -> Option<String> {
    Some("stale".to_owned())
}

#[tokio::test]
async fn an_event_older_than_the_state_is_delivered_as_stale() {
    let bench = Bench::start().await;
    let far = Duration::hours(2);
    for (envelope, ordering) in [
        (revoked("revoked"), None),
        (cloudflare("deployed", "deployment.succeeded", Duration::hours(1)), None),
        (issued("issued", Duration::ZERO), stale()),
        (cloudflare("validated", "validation.succeeded", far), stale()),
        (cloudflare("unrecognised", "migration.succeeded", far), None),
        (cloudflare("renewed", "renewal.succeeded", Duration::minutes(1)), None),
    ] {
        assert_eq!(bench.process("r", &envelope).await, Disposition::Delivered);
        let id = envelope["id"].as_str().unwrap().to_owned();
        assert_eq!(orderings(&bench).pop(), Some((id, ordering)));
    }
    let state = bench.fake.state();
    let states: Vec<_> = state.states.values().map(|state| state.id.as_str()).collect();
    assert_eq!(states, ["renewed", "revoked"]);
    // An unrecognised event is in no history.
    assert_eq!(state.history.len(), 5);
    let record = &state.history[2];
    assert_eq!(record.certificate, "digicert/certificate/77");
    assert_eq!(record.entry.ordering, stale());
    for alias in ["order/1", "name/www-77.example.com"] {
        assert!(record.aliases.contains(alias), "{alias}: {:?}", record.aliases);
    }
    assert!(
        record.aliases.iter().any(|alias| alias.starts_with("serial/")),
        "{:?}",
        record.aliases
    );
}

/// After a lost record the state is that of the event itself.
#[tokio::test]
async fn a_repeat_after_a_crash_is_not_stale_because_of_itself() {
    for step in [Step::Publish, Step::Record] {
        let bench = Bench::start().await;
        bench.fake.fail(Some(step));
        assert_eq!(bench.process("r1", &revoked("e")).await, Disposition::Unacknowledged);
        assert_eq!(bench.fake.state().history, []);
        bench.fake.fail(None);
        assert_eq!(bench.process("r2", &revoked("e")).await, Disposition::Delivered);
        assert!(orderings(&bench).iter().all(|(_, ordering)| ordering.is_none()));
        assert_eq!(bench.fake.state().history.len(), 1);
    }
}

#[tokio::test]
async fn an_event_overtaken_while_it_waits_is_stale() {
    let bench = Bench::start().await;
    let issued = issued("issued", Duration::ZERO);
    bench.fault(simulator::Fault::Reset);
    assert_eq!(bench.process("r1", &issued).await, Disposition::Requeued);
    bench.simulator.faults().set([]);
    assert_eq!(bench.process("r2", &revoked("revoked")).await, Disposition::Delivered);
    let back = serde_json::to_value(bench.fake.envelopes().pop().unwrap()).unwrap();
    assert_eq!(bench.process("r3", &back).await, Disposition::Delivered);
    assert_eq!(orderings(&bench), [("revoked".into(), None), ("issued".into(), stale())]);
    let state = bench.fake.state();
    let entry = &state.history[1].entry;
    assert_eq!(entry.callback.attempts, 2);
    let stages = entry.stages.unwrap();
    let ends = [stages.queued_ms, stages.called_back_ms, stages.checked_ms].map(i128::from);
    let delivered = (entry.delivered - entry.received).whole_milliseconds();
    assert!(ends.is_sorted() && ends[2] <= delivered, "{stages:?}, delivered after {delivered} ms");
}
