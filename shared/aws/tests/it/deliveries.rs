use aws::SqsDeliveries;
use envelope::Provider;
use ports::{Deliveries, Delivery};

use crate::stage::stage;

#[tokio::test]
async fn a_delivery_has_its_attributes() {
    let stage = stage().await;
    let url = stage.emulator.create_queue("deliveries").await.unwrap();
    let queue = SqsDeliveries::new(&stage.session, &url);
    let delivery = Delivery {
        id: "an-id".into(),
        kind: "certhooks.certificate.issued".into(),
        provider: Provider::CLOUDFLARE,
        group: "/digicert/certcentral".to_owned(),
        subject: "cloudflare/hostname/a\u{ffff}b".into(),
        body: "{\"a\":\"ü\"}".into(),
    };
    queue.publish(delivery.clone()).await.unwrap();
    queue.publish(Delivery { subject: String::new(), ..delivery.clone() }).await.unwrap();

    let mut subjects = Vec::new();
    for message in stage.emulator.receive_all(&url).await.unwrap() {
        let attribute = |name: &str| {
            message["MessageAttributes"][name]["StringValue"].as_str().unwrap().to_owned()
        };
        assert_eq!(message["Body"], delivery.body);
        assert_eq!(attribute("id"), delivery.id);
        assert_eq!(attribute("type"), delivery.kind);
        assert_eq!(attribute("provider"), "cloudflare");
        assert_eq!(attribute("content-type"), "application/cloudevents+json");
        subjects.push(attribute("subject"));
    }
    subjects.sort();
    assert_eq!(subjects, ["-", "cloudflare/hostname/a%ffffb"]);

    let missing = SqsDeliveries::new(&stage.session, format!("{url}-missing"));
    let error = missing.publish(delivery).await.unwrap_err().to_string();
    assert!(error.starts_with("DELIVERIES_QUEUE_URL: SendMessage: "), "{error}");
}
