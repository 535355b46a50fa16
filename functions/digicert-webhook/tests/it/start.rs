use harness::{Function, InvocationResult, failed_start, sample};
use serde_json::Value;

use crate::BINARY;

fn variables(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

const QUEUE: (&str, &str) = ("EVENTS_QUEUE_URL", "http://127.0.0.1:9/queue");
const SECRET: (&str, &str) = ("WEBHOOK_SECRET_ID", "certhooks/webhook");
const REGION: (&str, &str) = ("AWS_REGION", "eu-central-1");
const KEY_ID: (&str, &str) = ("AWS_ACCESS_KEY_ID", "test");
const KEY: (&str, &str) = ("AWS_SECRET_ACCESS_KEY", "test");
const UNNAMED: (&str, &str) = ("AWS_LAMBDA_FUNCTION_NAME", "");

#[tokio::test]
async fn a_failed_start_names_the_variable() {
    for (given, name) in [
        (&[SECRET, REGION][..], "EVENTS_QUEUE_URL"),
        (&[QUEUE, REGION], "WEBHOOK_SECRET_ID"),
        (&[QUEUE, SECRET], "AWS_REGION"),
        (&[QUEUE, REGION, ("ALLOW_UNAUTHENTICATED", "true")], "ALLOW_UNAUTHENTICATED"),
        (&[QUEUE, SECRET, REGION, ("MAX_BODY_BYTES", "many")], "MAX_BODY_BYTES"),
        (&[QUEUE, SECRET, REGION, ("RUST_LOG", "inof")], "RUST_LOG"),
        (&[QUEUE, SECRET, REGION, ("AWS_CA_BUNDLE", "/nowhere.pem")], "AWS_CA_BUNDLE"),
        (&[QUEUE, SECRET, REGION, KEY], "AWS_ACCESS_KEY_ID"),
        (&[QUEUE, SECRET, REGION, KEY_ID], "AWS_SECRET_ACCESS_KEY"),
        (&[QUEUE, SECRET, REGION, KEY_ID, KEY, UNNAMED], "AWS_LAMBDA_FUNCTION_NAME"),
    ] {
        let (success, log) = failed_start(BINARY, &variables(given)).await.unwrap();
        assert!(!success, "{name}");
        let last: Value = serde_json::from_str(log.lines().last().unwrap()).unwrap();
        assert_eq!(last["level"], "ERROR", "{log}");
        assert!(last["error"].as_str().unwrap().starts_with(&format!("{name}: ")), "{log}");
    }
}

/// Nothing listens at the addresses of queue and secret.
#[tokio::test]
async fn without_queue_and_secret_it_starts_and_answers_503() {
    let nowhere = ("AWS_ENDPOINT_URL", "http://127.0.0.1:9");
    let given = variables(&[QUEUE, SECRET, REGION, KEY_ID, KEY, nowhere]);
    let mut function = Function::start(BINARY, &given).await.unwrap();
    let InvocationResult::Response(response) =
        function.invoke(sample("digicert.rest.json").unwrap()).await.unwrap()
    else {
        panic!("expected a response")
    };
    assert_eq!(response["statusCode"], 503);
    assert!(response["headers"]["retry-after"].is_string(), "{response}");
    let (_, log) = function.stop().await.unwrap();
    assert!(log.contains("WEBHOOK_SECRET_ID (certhooks/webhook): GetSecretValue: "), "{log}");
}
