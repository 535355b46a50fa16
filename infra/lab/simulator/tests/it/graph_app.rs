use reqwest::Method;
use serde_json::{Value, json};
use simulator::{Settings, Simulator};

use crate::receiver::{Answer, Receiver};
use crate::support::{client, get_json, json as read, send, start};

async fn post(simulator: &Simulator, edge: &str, pairs: &[(&str, &str)]) -> (u16, Value) {
    let url = format!("{}/v19.0/123/{edge}", simulator.meta_base());
    read(client().post(url).query(pairs).send().await.unwrap()).await
}

async fn delete(simulator: &Simulator, pairs: &[(&str, &str)]) -> (u16, Value) {
    let url = format!("{}/123/subscriptions", simulator.meta_base());
    read(client().delete(url).query(pairs).send().await.unwrap()).await
}

async fn domains(simulator: &Simulator, edge: &str) -> Vec<Value> {
    let (status, body) = get_json(&format!("{}/123/{edge}", simulator.meta_base())).await;
    assert_eq!(status, 200);
    body["data"].as_array().unwrap().iter().map(|entry| entry["domain"].clone()).collect()
}

#[tokio::test]
async fn a_callback_is_subscribed_once_it_has_answered_the_handshake() {
    let simulator = start(Settings::default()).await;
    let receiver = Receiver::start().await;
    let pairs = [
        ("object", "certificate_transparency"),
        ("callback_url", receiver.url.as_str()),
        ("fields", "certificate,phishing"),
        ("verify_token", "let me in"),
        ("include_values", "true"),
    ];
    let list = format!("{}/123/subscriptions", simulator.meta_base());
    // A response without the challenge, a refusal, and a redirect.
    for answer in [Answer::Status(200), Answer::Status(403), Answer::Redirect] {
        receiver.answer(answer);
        let (status, body) = post(&simulator, "subscriptions", &pairs).await;
        assert_eq!((status, &body["error"]["code"]), (400, &json!(2200)));
        assert_eq!(get_json(&list).await, (200, json!({"data": []})));
    }
    receiver.take();
    receiver.answer(Answer::Challenge);
    let (status, body) = post(&simulator, "subscriptions", &pairs).await;
    assert_eq!((status, body), (200, json!({"success": true})));
    let handshake = receiver.only();
    assert_eq!(handshake.method, Method::GET);
    let parts: Vec<_> = handshake.query.split('&').collect();
    assert_eq!((parts[0], parts[2]), ("hub.mode=subscribe", "hub.verify_token=let+me+in"));
    let challenge = parts[1].strip_prefix("hub.challenge=").unwrap();
    assert!(challenge.parse::<u64>().is_ok(), "{challenge}");
    assert!(!format!("{:?}", simulator.requests().recent()).contains("let"));

    let (_, listed) = get_json(&list).await;
    let field = |name| json!({"name": name, "version": "v19.0"});
    assert_eq!(
        listed["data"],
        json!([{
            "object": "certificate_transparency",
            "callback_url": receiver.url,
            "active": true,
            "fields": [field("certificate"), field("phishing")],
        }])
    );
    assert_eq!(delete(&simulator, &[("fields", "phishing"), pairs[0]]).await.0, 200);
    let (_, listed) = get_json(&list).await;
    assert_eq!(listed["data"][0]["fields"], json!([field("certificate")]));
    assert_eq!(delete(&simulator, &pairs[..1]).await.0, 200);
    assert_eq!(get_json(&list).await, (200, json!({"data": []})));
}

#[tokio::test]
async fn invalid_subscriptions_are_refused_without_a_handshake() {
    let simulator = start(Settings::default()).await;
    let receiver = Receiver::start().await;
    let whole = [
        ("object", "certificate_transparency"),
        ("callback_url", receiver.url.as_str()),
        ("fields", "certificate"),
        ("include_values", "true"),
    ];
    for (name, value) in [
        ("object", "user"),
        ("object", ""),
        ("callback_url", "http://webhook.example.com/"),
        ("fields", "photos"),
        ("fields", ""),
        ("include_values", "perhaps"),
    ] {
        let pairs = whole.map(|(known, valid)| (known, if known == name { value } else { valid }));
        let (status, body) = post(&simulator, "subscriptions", &pairs).await;
        assert_eq!((status, &body["error"]["code"]), (400, &json!(100)), "{name} {value}");
        let message = body["error"]["message"].as_str().unwrap();
        assert!(message.contains(name), "{message}");
    }
    assert!(receiver.take().is_empty());
}

#[tokio::test]
async fn domains_are_subscribed_and_unsubscribed() {
    let simulator = start(Settings::default()).await;
    let list = r#"["shop.example","Blog.example","shop.example"]"#;
    let done = (200, json!({"success": "true"}));
    assert_eq!(post(&simulator, "subscribed_domains", &[("subscribe", list)]).await, done);
    let all = ["example.com", "shop.example", "blog.example"];
    assert_eq!(domains(&simulator, "subscribed_domains").await, all);
    let url = format!("{}/123/subscribed_domains_phishing", simulator.meta_base());
    let body = json!({"subscribe": ["shop.example"]});
    assert_eq!(send(Method::POST, &url, &[], &body).await, done);
    assert_eq!(domains(&simulator, "subscribed_domains_phishing").await, ["shop.example"]);
    let gone = [("unsubscribe", "example.com,other.example")];
    assert_eq!(post(&simulator, "subscribed_domains", &gone).await, done);
    assert_eq!(domains(&simulator, "subscribed_domains").await, all[1..]);
    let (_, certificate) = get_json(&format!("{}/1", simulator.meta_base())).await;
    let name = certificate["domains"][0].as_str().unwrap();
    assert!(name.ends_with(".shop.example"), "{name}");

    for pairs in [vec![], vec![("subscribe", "no domain")], vec![("unsubscribe", "x")]] {
        let (status, body) = post(&simulator, "subscribed_domains", &pairs).await;
        assert_eq!((status, &body["error"]["code"]), (400, &json!(100)), "{pairs:?}");
    }
}

#[tokio::test]
async fn the_retired_product_refuses_subscriptions() {
    let simulator = start(Settings { retired: true, ..Settings::default() }).await;
    for edge in ["subscriptions", "subscribed_domains", "subscribed_domains_phishing"] {
        let url = format!("{}/v19.0/123/{edge}", simulator.meta_base());
        for method in [Method::GET, Method::POST, Method::DELETE] {
            let (status, body) = send(method, &url, &[], &Value::Null).await;
            let error = &body["error"];
            assert_eq!(
                (status, &error["code"], &error["error_subcode"]),
                (400, &json!(100), &json!(33)),
                "{edge}"
            );
        }
    }
    let simulator = start(Settings::default()).await;
    for path in ["1", "certificates", "123/elsewhere", "me/subscriptions"] {
        let url = format!("{}/{path}", simulator.meta_base());
        let (status, body) = send(Method::POST, &url, &[], &Value::Null).await;
        assert_eq!((status, &body["error"]["error_subcode"]), (400, &json!(33)), "{path}");
        assert!(body["error"]["message"].as_str().unwrap().contains("Unsupported post request"));
    }
}
