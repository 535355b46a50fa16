use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use aws::SnsDeliveries;
use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::post;
use envelope::Provider;
use ports::{Deliveries, Delivery};

use crate::stage::Server;

const ARN: &str = "arn:aws:sns:eu-central-1:111111111111:deliveries";

/// A test server for SNS: the parameters of each request, and the answer to it.
#[derive(Clone)]
struct Topic {
    requests: Arc<Mutex<Vec<BTreeMap<String, String>>>>,
    answer: (StatusCode, &'static str),
}

async fn publish(State(topic): State<Topic>, body: String) -> (StatusCode, &'static str) {
    let parameters = form_urlencoded::parse(body.as_bytes()).into_owned().collect();
    topic.requests.lock().unwrap().push(parameters);
    topic.answer
}

/// Publishes `delivery` to a topic that answers so; returns the parameters of each request too.
async fn published(
    delivery: Delivery,
    answer: (StatusCode, &'static str),
) -> (Result<(), String>, Vec<BTreeMap<String, String>>) {
    let topic = Topic { requests: Arc::default(), answer };
    let router = Router::new().route("/", post(publish)).with_state(topic.clone());
    let server = Server::start(router, "AWS_ENDPOINT_URL_SNS").await;
    let result = SnsDeliveries::new(&server.session, ARN).publish(delivery).await;
    let requests = topic.requests.lock().unwrap().clone();
    (result.map_err(|error| error.to_string()), requests)
}

fn delivery() -> Delivery {
    Delivery {
        id: "an-id".into(),
        kind: "certhooks.certificate.issued".into(),
        provider: Provider::CLOUDFLARE,
        group: "/digicert/certcentral".to_owned(),
        subject: "cloudflare/hostname/a\u{ffff}b".into(),
        body: "{\"a\":\"ü\u{ffff}\"}".into(),
    }
}

const ACCEPTED: &str = "<PublishResponse xmlns=\"http://sns.amazonaws.com/doc/2010-03-31/\">\
    <PublishResult><MessageId>m</MessageId></PublishResult></PublishResponse>";
const REFUSED: &str = "<ErrorResponse xmlns=\"http://sns.amazonaws.com/doc/2010-03-31/\">\
    <Error><Type>Sender</Type><Code>InvalidParameter</Code>\
    <Message>Invalid parameter: Message too long</Message></Error></ErrorResponse>";

#[tokio::test]
async fn a_topic_gets_what_the_queue_would_get() {
    let (result, requests) = published(delivery(), (StatusCode::OK, ACCEPTED)).await;
    assert_eq!(result, Ok(()));
    let [request] = &requests[..] else { panic!("{requests:?}") };
    assert_eq!(request["Action"], "Publish");
    assert_eq!(request["TopicArn"], ARN);
    assert_eq!(request["Message"], "{\"a\":\"ü\\uffff\"}");
    assert_eq!(request["MessageGroupId"], "/digicert/certcentral");
    let attributes: BTreeMap<_, _> = (1..)
        .map(|number| format!("MessageAttributes.entry.{number}."))
        .map_while(|entry| {
            let name = request.get(&format!("{entry}Name"))?;
            assert_eq!(request[&format!("{entry}Value.DataType")], "String");
            Some((name.as_str(), request[&format!("{entry}Value.StringValue")].as_str()))
        })
        .collect();
    let expected = [
        ("content-type", "application/cloudevents+json"),
        ("id", "an-id"),
        ("provider", "cloudflare"),
        ("subject", "cloudflare/hostname/a%ffffb"),
        ("type", "certhooks.certificate.issued"),
    ];
    assert_eq!(attributes, BTreeMap::from(expected));
}

#[tokio::test]
async fn a_refusal_names_the_variable() {
    let (result, requests) = published(delivery(), (StatusCode::BAD_REQUEST, REFUSED)).await;
    let expected =
        "DELIVERIES_TOPIC_ARN: Publish: InvalidParameter: Invalid parameter: Message too long";
    assert_eq!(result, Err(expected.to_owned()));
    assert_eq!(requests.len(), 1);
}
