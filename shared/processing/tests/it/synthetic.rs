use ::time::{Duration, OffsetDateTime};
use envelope::Provider;
use processing::{Disposition, canary_age};
use providers::receiver::Receipt;
use providers::synthetic;
use serde_json::{Value, json};

use crate::bench::Bench;
use crate::fakes::Step;

fn sent() -> Value {
    let receipt = Receipt { at: OffsetDateTime::now_utc(), traceparent: None };
    serde_json::to_value(synthetic::envelope(Provider::Digicert, &receipt)).unwrap()
}

/// The way of all events, but for its end.
#[tokio::test]
async fn it_goes_all_the_way_and_to_no_consumer() {
    let bench = Bench::start().await;
    assert_eq!(bench.process("r", &sent()).await, Disposition::Delivered);
    {
        let state = bench.fake.state();
        assert_eq!(state.journal, [Step::Claim, Step::Archive, Step::Record, Step::Record]);
        assert!(state.published.is_empty());
    }
    assert_eq!(bench.simulator.requests().total(), 0);
    let age = canary_age(&bench.fake, OffsetDateTime::now_utc() + Duration::HOUR).await.unwrap();
    assert!((age.unwrap() - Duration::HOUR).abs() < Duration::MINUTE, "{age:?}");
}

#[tokio::test]
async fn consumers_who_ask_for_it_get_it() {
    let bench = Bench::with(&[("DELIVER_CANARY", "true")]).await;
    assert_eq!(canary_age(&bench.fake, OffsetDateTime::now_utc()).await.unwrap(), None);
    let canary = sent();
    assert_eq!(bench.process("r", &canary).await, Disposition::Delivered);
    assert_eq!(bench.process("r", &canary).await, Disposition::Duplicate);
    let events = bench.fake.events();
    let [event] = &events[..] else { panic!("{} events", events.len()) };
    assert_eq!((event.kind.as_str(), &json!(event.id)), ("certhooks.canary", &canary["id"]));
}
