use ::time::{Duration, OffsetDateTime};
use envelope::Provider;
use processing::{Disposition, canary_age};
use providers::receiver::Receipt;
use providers::synthetic::envelope;
use serde_json::{Value, json};

use crate::bench::Bench;
use crate::fakes::Step;

fn synthetic_event() -> Value {
    let receipt = Receipt { at: OffsetDateTime::now_utc(), traceparent: None };
    serde_json::to_value(envelope(Provider::DIGICERT, &receipt)).unwrap()
}

/// It takes the same steps as every event, but is not published.
#[tokio::test]
async fn it_takes_every_step_and_reaches_no_consumer() {
    let bench = Bench::start().await;
    assert_eq!(bench.process("r", &synthetic_event()).await, Disposition::Delivered);
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
async fn it_reaches_consumers_if_the_operator_wants_that() {
    let bench = Bench::with(&[("DELIVER_CANARY", "true")]).await;
    assert_eq!(canary_age(&bench.fake, OffsetDateTime::now_utc()).await.unwrap(), None);
    let synthetic = synthetic_event();
    assert_eq!(bench.process("r", &synthetic).await, Disposition::Delivered);
    assert_eq!(bench.process("r", &synthetic).await, Disposition::Duplicate);
    let events = bench.fake.events();
    let [event] = &events[..] else { panic!("{} events", events.len()) };
    assert_eq!((event.kind.as_str(), &json!(event.id)), ("certhooks.canary", &synthetic["id"]));
}
