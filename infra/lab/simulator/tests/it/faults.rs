use std::io::ErrorKind;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use simulator::{Fault, Rule, Settings, Simulator};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::support::{certificates, client, get, get_json, header, is_signed_by, parse, start};

async fn with(fault: Fault) -> Simulator {
    let simulator = start(Settings::default()).await;
    simulator.faults().set([Rule::new("/", fault)]);
    simulator
}

fn pem_all(simulator: &Simulator) -> String {
    format!("{}/certificate/9/download/format/pem_all", simulator.digicert_base())
}

/// What a client on a plain socket reads until the connection ends.
async fn raw(simulator: &Simulator) -> std::io::Result<String> {
    let mut stream = TcpStream::connect(simulator.address()).await?;
    let request =
        b"GET /services/v2/certificate/9/download/format/pem_all HTTP/1.1\r\nHost: x\r\n\r\n";
    stream.write_all(request).await?;
    let mut text = String::new();
    stream.read_to_string(&mut text).await?;
    Ok(text)
}

#[tokio::test]
async fn each_provider_refuses_in_its_own_format() {
    let rate_limited = Fault::RateLimited { retry_after: Some(2), status: None };
    let failed = Fault::ServerError { status: Some(500) };
    for (fault, digicert, cloudflare, graph) in [
        (rate_limited, (429, json!("request_limit_exceeded")), (429, 10_100), (403, 4)),
        (failed, (500, json!("general_error")), (500, 10_001), (500, 2)),
        (
            Fault::KeyRefused,
            (403, json!("access_denied|access_denied_invalid_key")),
            (403, 10_000),
            (400, 190),
        ),
        (
            Fault::MissingPermission,
            (403, json!("access_denied|missing_permission")),
            (403, 9109),
            (403, 10),
        ),
    ] {
        let simulator = with(fault.clone()).await;
        let (status, body) = get_json(&pem_all(&simulator)).await;
        assert_eq!((status, &body["errors"][0]["code"]), (digicert.0, &digicert.1), "{fault:?}");
        let url = format!("{}/zones/z/custom_hostnames/a", simulator.cloudflare_base());
        let (status, body) = get_json(&url).await;
        assert_eq!((status, &body["errors"][0]["code"]), (cloudflare.0, &json!(cloudflare.1)));
        let url = format!("{}/certificates?query=a.example", simulator.meta_base());
        let (status, body) = get_json(&url).await;
        assert_eq!((status, &body["error"]["code"]), (graph.0, &json!(graph.1)), "{fault:?}");
    }
}

#[tokio::test]
async fn responses_that_do_not_come_from_the_provider() {
    let limited = Fault::RateLimited { retry_after: Some(2), status: None };
    let simulator = with(limited).await;
    assert_eq!(header(&get(&pem_all(&simulator)).await, "retry-after"), "2");
    let simulator = with(Fault::RateLimited { retry_after: None, status: None }).await;
    assert_eq!(header(&get(&pem_all(&simulator)).await, "retry-after"), "");

    for (fault, status, content_type) in [
        (Fault::ServerError { status: None }, 503, "text/html; charset=utf-8"),
        (Fault::ServerError { status: Some(502) }, 502, "text/html; charset=utf-8"),
        (Fault::Html, 200, "text/html; charset=utf-8"),
        (Fault::Empty, 200, ""),
        (Fault::NotReady, 400, "application/json"),
        (Fault::Redirect { location: "http://127.0.0.1:1/x".to_owned() }, 302, ""),
    ] {
        let simulator = with(fault.clone()).await;
        let response = get(&pem_all(&simulator)).await;
        assert_eq!(
            (response.status().as_u16(), header(&response, "content-type").as_str()),
            (status, content_type)
        );
        let location = header(&response, "location");
        assert_eq!(location == "http://127.0.0.1:1/x", matches!(fault, Fault::Redirect { .. }));
        let body = response.text().await.unwrap();
        assert_eq!(body.is_empty(), status == 302 || fault == Fault::Empty);
    }
}

#[tokio::test]
async fn a_reset_connection_sends_no_byte() {
    let simulator = with(Fault::Reset).await;
    let error = raw(&simulator).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ConnectionReset);
    assert!(client().get(pem_all(&simulator)).send().await.is_err());
}

#[tokio::test]
async fn a_cut_off_response_is_shorter_than_its_content_length() {
    let simulator = with(Fault::CutOff).await;
    let text = raw(&simulator).await.unwrap();
    let (head, body) = text.split_once("\r\n\r\n").unwrap();
    let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")).unwrap();
    let length: usize = length.parse().unwrap();
    assert_eq!(body.len(), length / 2);
    assert!(head.starts_with("HTTP/1.1 200 ") && body.contains("-----BEGIN CERTIFICATE-----"));
    let response = get(&pem_all(&simulator)).await;
    assert!(response.text().await.is_err());
}

#[tokio::test]
async fn slow_responses_arrive_and_hanging_ones_do_not() {
    let simulator = with(Fault::Slow { millis: 120 }).await;
    let began = Instant::now();
    assert_eq!(get(&pem_all(&simulator)).await.status(), 200);
    assert!(began.elapsed() >= Duration::from_millis(120));

    simulator.faults().set([Rule::new("/", Fault::Hang)]);
    assert!(timeout(Duration::from_millis(150), raw(&simulator)).await.is_err());
    // Stopping resets hanging connections at once.
    let client = client().get(pem_all(&simulator));
    let hanging = tokio::spawn(async move { client.send().await });
    while simulator.requests().total() < 3 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let stopping = Instant::now();
    simulator.stop().await;
    assert!(timeout(Duration::from_secs(1), hanging).await.unwrap().unwrap().is_err());
    assert!(stopping.elapsed() < Duration::from_secs(1), "{:?}", stopping.elapsed());
}

#[tokio::test]
async fn faulty_chains_have_the_requested_fault() {
    let text = |fault| async {
        let simulator = with(fault).await;
        let response = get(&pem_all(&simulator)).await;
        assert_eq!(response.status(), 200);
        assert_eq!(header(&response, "content-type"), "application/x-pem-file");
        response.text().await.unwrap()
    };
    let wrong = certificates(&text(Fault::WrongChain).await);
    assert!(!is_signed_by(&wrong[0], &wrong[1]) && is_signed_by(&wrong[1], &wrong[2]));

    let shuffled = text(Fault::Shuffled).await;
    assert!(!shuffled.starts_with("-----BEGIN") && !shuffled.trim_end().ends_with("-----"));
    let blocks = certificates(&shuffled);
    assert!(is_signed_by(&blocks[1], &blocks[2]) && is_signed_by(&blocks[2], &blocks[0]));

    let duplicate = certificates(&text(Fault::Duplicate).await);
    assert_eq!((duplicate.len(), &duplicate[..3]), (6, &duplicate[3..]));

    let private = text(Fault::PrivateKey).await;
    assert_eq!(certificates(&private).len(), 3);
    assert_eq!(private.matches("-----BEGIN PRIVATE KEY-----").count(), 1);

    let truncated = text(Fault::TruncatedPem).await;
    assert_eq!(truncated.matches("-----BEGIN").count(), 3);
    assert_eq!(truncated.matches("-----END").count(), 2);

    let garbage = text(Fault::GarbageArmour).await;
    let blocks = certificates(&garbage);
    assert_eq!(blocks.len(), 1);
    assert!(x509_parser::parse_x509_certificate(&blocks[0]).is_err());

    let many = certificates(&text(Fault::Many).await);
    let distinct: std::collections::BTreeSet<_> = many.iter().collect();
    assert_eq!((many.len(), distinct.len()), (1000, 1000));
    assert!(is_signed_by(&many[0], &many[1]));
    parse(&many[999]);
}

#[tokio::test]
async fn chain_faults_apply_to_graph_certificates_and_not_to_other_json() {
    let simulator = with(Fault::PrivateKey).await;
    let url = format!("{}/certificates?query=a.example&limit=1", simulator.meta_base());
    let (_, page) = get_json(&url).await;
    assert!(page["data"][0]["certificate_pem"].as_str().unwrap().contains("PRIVATE KEY"));
    let url = format!("{}/order/certificate/1", simulator.digicert_base());
    let (status, order): (u16, Value) = get_json(&url).await;
    assert_eq!((status, &order["status"]), (200, &json!("revoked")));
}
