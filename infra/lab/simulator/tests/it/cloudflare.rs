use serde_json::json;
use simulator::{Fault, Rule, Settings};

use crate::support::{client, get, get_json, header, json as read, start};

#[tokio::test]
async fn a_custom_hostname_has_its_certificate() {
    let id = "0d89c70d-ad9f-4843-b99f-6cc0252067e9";
    let simulator = start(Settings::default()).await;
    let url = format!("{}/zones/abc/custom_hostnames/{id}", simulator.cloudflare_base());
    let response = get(&url).await;
    assert!(header(&response, "ratelimit").starts_with(r#""default";r="#));
    let (status, body) = read(response).await;
    assert_eq!((status, &body["success"], &body["errors"]), (200, &json!(true), &json!([])));
    let result = &body["result"];
    assert_eq!(result["id"], id);
    let hostname = format!("host-{id}.example.com");
    assert_eq!(result["hostname"], hostname);
    assert_eq!(result["ssl"]["hosts"], json!([hostname]));
    assert_eq!(result["ssl"]["status"], "active");
    let serial: u128 = result["ssl"]["serial_number"].as_str().unwrap().parse().unwrap();
    assert!(serial >> 120 > 0);
    assert!(result["ssl"]["signature"].as_str().unwrap().starts_with("ECDSAWithSHA"));
    for time in ["uploaded_on", "expires_on"] {
        let text = result["ssl"][time].as_str().unwrap();
        assert_eq!((text.len(), text.ends_with('Z')), (27, true), "{time}: {text}");
    }
    assert_eq!(result["ownership_verification"]["type"], "txt");
    assert_eq!(get_json(&url).await.1, body, "the same id, the same answer");
}

#[tokio::test]
async fn the_prefix_of_an_id_decides_what_is_gone_and_what_is_pending() {
    let simulator = start(Settings::default()).await;
    let url = |id: &str| format!("{}/zones/z/custom_hostnames/{id}", simulator.cloudflare_base());
    let (status, body) = get_json(&url("gone-1")).await;
    assert_eq!((status, &body["success"], &body["result"]), (404, &json!(false), &json!(null)));
    assert_eq!(body["errors"][0]["code"], 1436);
    let (status, body) = get_json(&url("pending-1")).await;
    assert_eq!((status, &body["result"]["ssl"]["status"]), (200, &json!("pending_validation")));
    assert!(body["result"]["ssl"]["validation_errors"][0]["message"].is_string());
    assert!(body["result"]["verification_errors"][0].is_string());

    let rule = Rule::new("/client/v4/", Fault::NotReady).times(1);
    simulator.faults().add(rule);
    let url = url("b");
    assert_eq!(get_json(&url).await.1["result"]["ssl"]["status"], "pending_validation");
    assert_eq!(get_json(&url).await.1["result"]["ssl"]["status"], "active");

    let (status, body) = get_json(&format!("{}/nothing", simulator.cloudflare_base())).await;
    assert_eq!((status, &body["errors"][0]["code"]), (404, &json!(7003)));
}

#[tokio::test]
async fn without_a_token_401_and_with_a_wrong_one_403() {
    let settings = Settings { cloudflare_api_token: Some("right".into()), ..Settings::default() };
    let simulator = start(settings).await;
    let url = format!("{}/zones/z/custom_hostnames/a", simulator.cloudflare_base());
    for (token, status) in [(None, 401), (Some("Bearer wrong"), 403), (Some("Basic right"), 403)] {
        let mut request = client().get(&url);
        if let Some(token) = token {
            request = request.header("Authorization", token);
        }
        let (given, body) = read(request.send().await.unwrap()).await;
        assert_eq!((given, &body["errors"][0]["code"]), (status, &json!(10_000)), "{token:?}");
    }
    let good = client().get(&url).header("Authorization", "Bearer right").send().await.unwrap();
    assert_eq!(good.status(), 200);
}
