use std::time::{Duration, Instant};

use reqwest::Method;
use serde_json::Value;
use simulator::{Fault, Rule, Settings, Simulator};

use crate::support::{client, get, get_json, start};

async fn send(simulator: &Simulator, method: Method, path: &str, body: &str) -> (u16, Value) {
    let url = format!("http://{}/_simulator/{path}", simulator.address());
    let response = client().request(method, url).body(body.to_owned()).send().await.unwrap();
    let status = response.status().as_u16();
    let text = response.text().await.unwrap();
    (status, serde_json::from_str(&text).unwrap_or(Value::Null))
}

#[tokio::test]
async fn faults_are_set_and_removed_over_http() {
    let simulator = start(Settings::default()).await;
    let rules = r#"[{"path":"/services/v2/certificate/","fault":"rate_limited","retry_after":2,"times":2}]"#;
    assert_eq!(send(&simulator, Method::PUT, "faults", rules).await.0, 204);
    let fault = Fault::RateLimited { retry_after: Some(2), status: None };
    let rule = Rule::new("/services/v2/certificate/", fault.clone()).times(2);
    assert_eq!(simulator.faults().list(), [rule]);

    let chain = format!("{}/certificate/9/download/format/pem_all", simulator.digicert_base());
    let order = format!("{}/order/certificate/9", simulator.digicert_base());
    let mut statuses = Vec::new();
    for url in [&order, &chain, &chain, &chain] {
        statuses.push(get(url).await.status().as_u16());
    }
    assert_eq!(statuses, [200, 429, 429, 200]);
    assert_eq!(simulator.faults().list(), []);

    let seen = simulator.requests().recent();
    let faults: Vec<_> = seen.iter().map(|seen| seen.fault.clone()).collect();
    assert_eq!(faults, [None, Some(fault.clone()), Some(fault), None]);
    assert!(seen.windows(2).all(|pair| pair[0].elapsed <= pair[1].elapsed));

    send(&simulator, Method::PUT, "faults", r#"[{"path":"/","fault":"hang"}]"#).await;
    assert_eq!(send(&simulator, Method::DELETE, "faults", "").await.0, 204);
    assert_eq!(get(&chain).await.status(), 200);
}

#[tokio::test]
async fn an_invalid_rule_changes_nothing() {
    let simulator = start(Settings::default()).await;
    simulator.faults().add(Rule::new("/x", Fault::Hang));
    for body in ["", "{}", r#"[{"path":"/","fault":"rate_limited","tmies":3}]"#] {
        let (status, error) = send(&simulator, Method::PUT, "faults", body).await;
        assert_eq!((status, error["error"].is_string()), (400, true), "{body}");
    }
    assert_eq!(simulator.faults().list(), [Rule::new("/x", Fault::Hang)]);
}

#[tokio::test]
async fn requests_are_listed_without_secrets() {
    let simulator = start(Settings::default()).await;
    for id in 1..4 {
        get(&format!("{}/certificate/{id}/download/format/pem_all", simulator.digicert_base()))
            .await;
    }
    get(&format!("{}/certificates?query=a.example&access_token=hush", simulator.meta_base())).await;
    let seen = simulator.requests().recent();
    assert_eq!(seen[3].query, "query=a.example&access_token=REDACTED");
    assert_eq!(seen[0].path, "/services/v2/certificate/1/download/format/pem_all");
    assert_eq!((seen[0].method.as_str(), simulator.requests().total()), ("GET", 4));
    simulator.requests().clear();
    assert_eq!(simulator.requests().total(), 0);
}

#[tokio::test]
async fn every_response_of_a_provider_can_be_delayed() {
    let delay = Duration::from_millis(400);
    let simulator = start(Settings::default()).await;
    let url = format!("{}/order/certificate/1", simulator.digicert_base());
    let timed = async || {
        let began = Instant::now();
        assert_eq!(get_json(&url).await.0, 200);
        began.elapsed()
    };
    simulator.delay_by(delay);
    assert!(timed().await >= delay);
    simulator.delay_by(Duration::ZERO);
    assert!(timed().await < delay);
}

#[tokio::test]
async fn control_can_be_left_out() {
    let simulator = start(Settings { has_control: false, ..Settings::default() }).await;
    for (method, path) in
        [(Method::PUT, "faults"), (Method::DELETE, "faults"), (Method::POST, "digicert/events")]
    {
        assert_eq!(send(&simulator, method, path, "[]").await.0, 404, "{path}");
    }
}

#[tokio::test]
async fn the_simulator_listens_on_loopback_only_and_stops_when_dropped() {
    for address in ["0.0.0.0:0", "192.0.2.1:0", "[::]:0"] {
        let started = Simulator::start(address.parse().unwrap(), Settings::default()).await;
        let error = started.err().unwrap().to_string();
        assert!(error.contains("loopback") && error.contains(address), "{error}");
    }
    let simulator = start(Settings::default()).await;
    let address = simulator.address();
    let taken = Simulator::start(address, Settings::default()).await.err().unwrap();
    assert!(taken.to_string().contains(&address.to_string()), "{taken}");
    drop(simulator);
    let freed = async {
        while tokio::net::TcpStream::connect(address).await.is_ok() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(2), freed).await.unwrap();
}
