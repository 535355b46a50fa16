use reqwest::Method;
use ring::digest::{SHA256, digest};
use serde_json::{Value, json};
use simulator::Settings;

use crate::support::{
    certificates, client, get, get_json, header, is_signed_by, json as read, parse, send, start,
};

#[tokio::test]
async fn pages_of_certificates_follow_their_cursors_to_the_end() {
    let settings = Settings {
        certificates_per_domain: 5,
        meta_access_token: Some("1|x".into()),
        ..Settings::default()
    };
    let simulator = start(settings).await;
    let query = "query=Shop.example&limit=2&access_token=1%7Cx";
    let mut url = format!("{}/v19.0/certificates?{query}", simulator.meta_base());
    let mut ids = Vec::new();
    let mut pages = 0;
    loop {
        let response = get(&url).await;
        let usage: Value = serde_json::from_str(&header(&response, "x-app-usage")).unwrap();
        assert!(usage["call_count"].is_u64());
        let (status, body) = read(response).await;
        assert_eq!(status, 200);
        for node in body["data"].as_array().unwrap() {
            ids.push(node["id"].as_str().unwrap().to_owned());
            assert_certificate(node);
        }
        pages += 1;
        assert!(body["paging"]["cursors"]["after"].is_string());
        let Some(next) = body["paging"]["next"].as_str() else {
            break;
        };
        assert!(next.starts_with(&simulator.meta_base()) && next.contains("access_token=1%7Cx"));
        url = next.to_owned();
    }
    ids.dedup();
    assert_eq!((pages, ids.len()), (3, 5));

    let seen = simulator.requests().recent();
    assert_eq!(seen.len(), 3);
    assert!(seen.iter().all(|seen| seen.query.contains("access_token=REDACTED")));
    assert!(!format!("{seen:?}").contains("7Cx"));
}

fn assert_certificate(node: &Value) {
    let pem = node["certificate_pem"].as_str().unwrap();
    assert!(!pem.contains('\r'));
    let chain = certificates(pem);
    assert_eq!(chain.len(), 1);
    let sha256 = data_encoding::HEXLOWER.encode(digest(&SHA256, &chain[0]).as_ref());
    assert_eq!(node["cert_hash_sha256"], sha256);
    let domains: Vec<_> =
        node["domains"].as_array().unwrap().iter().map(|name| name.as_str().unwrap()).collect();
    assert!(domains.iter().all(|name| name.ends_with(".shop.example")), "{domains:?}");
    let issuer = format!("/{}", parse(&chain[0]).issuer().to_string().replace(", ", "/"));
    assert_eq!(node["issuer_name"], issuer);
}

#[tokio::test]
async fn a_certificate_can_be_requested_by_id_with_fields() {
    let simulator = start(Settings::default()).await;
    let base = simulator.meta_base();
    let (_, page) = get_json(&format!("{base}/certificates?query=shop.example")).await;
    assert_eq!(page["data"].as_array().unwrap().len(), 3);
    assert!(page["paging"].get("next").is_none());
    let listed = &page["data"][1];
    let id = listed["id"].as_str().unwrap();
    let fields = "cert_hash_sha256,subject_name,not_valid_before,not_valid_after";
    let (status, node) = get_json(&format!("{base}/{id}?fields={fields}")).await;
    assert_eq!(status, 200);
    assert_eq!(node.as_object().unwrap().len(), 5);
    assert_eq!(node["cert_hash_sha256"], listed["cert_hash_sha256"]);
    assert_eq!(node["subject_name"], "/C=US/O=Example, Inc./CN=www-1.shop.example");
    let time = node["not_valid_before"].as_str().unwrap();
    assert!(time.ends_with("T00:00:00+0000"), "{time}");

    let (status, node) = get_json(&format!("{base}/v2.10/1662768163744657")).await;
    assert_eq!((status, &node["id"]), (200, &json!("1662768163744657")));
    assert!(node["domains"][0].as_str().unwrap().ends_with(".example.com"));
}

#[tokio::test]
async fn subscribed_domains_are_paged() {
    let subscribed_domains = ["a.example", "b.example", "c.example"].map(str::to_owned).to_vec();
    let simulator = start(Settings { subscribed_domains, ..Settings::default() }).await;
    let url = format!("{}/123/subscribed_domains?limit=2", simulator.meta_base());
    let (_, first) = get_json(&url).await;
    let after = first["paging"]["cursors"]["after"].as_str().unwrap();
    let (_, second) = get_json(&format!("{url}&after={after}")).await;
    let all: Vec<_> =
        [&first, &second].iter().flat_map(|page| page["data"].as_array().unwrap()).collect();
    let domains: Vec<_> = all.iter().map(|entry| entry["domain"].as_str().unwrap()).collect();
    assert_eq!(domains, ["a.example", "b.example", "c.example"]);
    assert!(all.iter().all(|entry| entry["id"].is_string()));
    assert!(second["paging"].get("next").is_none());
}

#[tokio::test]
async fn errors_have_their_codes() {
    let settings = Settings { meta_access_token: Some("1|x".into()), ..Settings::default() };
    let simulator = start(settings).await;
    let base = simulator.meta_base();
    for (path, code, subcode) in [
        ("/certificates?query=a.example", 190, json!(460)),
        ("/certificates?query=a.example&access_token=1%7Cy", 190, json!(460)),
        ("/certificates?access_token=1%7Cx", 100, json!(null)),
        ("/certificates?query=a%20b&access_token=1%7Cx", 100, json!(null)),
        ("/certificates?query=a.example&limit=0&access_token=1%7Cx", 100, json!(null)),
        ("/certificates?query=a.example&after=zzz&access_token=1%7Cx", 100, json!(null)),
        ("/certificates?query=a.example&fields=secret&access_token=1%7Cx", 100, json!(null)),
        ("/0?access_token=1%7Cx", 100, json!(33)),
        ("/me/subscribed_domains?access_token=1%7Cx", 100, json!(33)),
    ] {
        let (status, body) = get_json(&format!("{base}{path}")).await;
        assert_eq!((status, &body["error"]["code"]), (400, &json!(code)), "{path}");
        assert_eq!(body["error"]["error_subcode"], subcode, "{path}");
    }
    let bearer = client().get(format!("{base}/certificates?query=a.example"));
    let response = bearer.header("Authorization", "Bearer 1|x").send().await.unwrap();
    assert_eq!(response.status(), 200);
}

#[tokio::test]
async fn the_retired_product_responds_as_recorded_live() {
    let simulator = start(Settings { retired: true, ..Settings::default() }).await;
    let expect = |(status, body): (u16, Value)| {
        assert_eq!(status, 400);
        assert_eq!(body["error"]["type"], "GraphMethodException");
        assert_eq!(
            (&body["error"]["code"], &body["error"]["error_subcode"]),
            (&json!(100), &json!(33))
        );
    };
    for path in ["certificates?query=a.example", "1"] {
        expect(get_json(&format!("{}/{path}", simulator.meta_base())).await);
    }
}

#[tokio::test]
async fn certificates_here_and_at_certcentral_have_the_same_issuer() {
    let simulator = start(Settings::default()).await;
    let (_, page) =
        get_json(&format!("{}/certificates?query=a.example", simulator.meta_base())).await;
    let leaf = certificates(page["data"][0]["certificate_pem"].as_str().unwrap());
    let url = format!("{}/certificate/1/download/format/pem_all", simulator.digicert_base());
    let chain = certificates(&get(&url).await.text().await.unwrap());
    assert!(is_signed_by(&leaf[0], &chain[1]));
}

#[tokio::test]
async fn nothing_can_be_written() {
    let simulator = start(Settings::default()).await;
    for path in ["1", "certificates", "123/subscribed_domains", "me/subscriptions"] {
        let url = format!("{}/{path}", simulator.meta_base());
        let (status, body) = send(Method::POST, &url, &[], &Value::Null).await;
        assert_eq!((status, &body["error"]["error_subcode"]), (400, &json!(33)), "{path}");
        assert!(body["error"]["message"].as_str().unwrap().contains("Unsupported post request"));
    }
}
