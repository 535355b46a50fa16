use reqwest::Response;
use ring::digest::{SHA1_FOR_LEGACY_USE_ONLY, digest};
use serde_json::json;
use simulator::Settings;
use time::{Duration, OffsetDateTime};
use x509_parser::extensions::{GeneralName, ParsedExtension};

use crate::support::{
    certificates, client, get, get_json, header, is_signed_by, json, parse, start,
};

#[tokio::test]
async fn pem_all_is_a_chain_that_verifies_up_to_its_root() {
    let simulator = start(Settings::default()).await;
    // Odd ids have CRLF, and multiples of eight are on P-384.
    for (id, curve_bits, crlf) in [(23_455, 256, true), (23_454, 256, false), (16, 384, false)] {
        let url = format!("{}/certificate/{id}/download/format/pem_all", simulator.digicert_base());
        let response = get(&url).await;
        assert_eq!(response.status(), 200);
        assert_eq!(header(&response, "content-type"), "application/x-pem-file");
        let text = response.text().await.unwrap();
        assert_eq!(text.contains("\r\n"), crlf);
        assert_eq!(text.lines().count(), text.matches('\n').count());
        let chain = certificates(&text);
        assert_eq!(chain.len(), 3);
        assert!(is_signed_by(&chain[0], &chain[1]));
        assert!(is_signed_by(&chain[1], &chain[2]));
        assert!(is_signed_by(&chain[2], &chain[2]));
        assert!(!is_signed_by(&chain[0], &chain[2]));
        assert_leaf(&chain[0], &format!("www-{id}.example.com"), curve_bits);
        for ca in &chain[1..] {
            assert!(parse(ca).is_ca());
        }
        assert_eq!(get(&url).await.text().await.unwrap(), text, "the same id, the same bytes");
    }
}

fn assert_leaf(der: &[u8], name: &str, curve_bits: usize) {
    let leaf = parse(der);
    assert!(!leaf.is_ca());
    assert!(leaf.validity().is_valid());
    assert_eq!(
        leaf.subject().to_string(),
        format!("C=US, O=Example\\, Inc., CN={name}").replace("\\,", ",")
    );
    let names = leaf.subject_alternative_name().unwrap().unwrap();
    let wildcard = format!("*.{name}");
    assert_eq!(
        names.value.general_names,
        [GeneralName::DNSName(name), GeneralName::DNSName(&wildcard)]
    );
    assert!(leaf.extended_key_usage().unwrap().unwrap().value.server_auth);
    assert_eq!(leaf.public_key().parsed().unwrap().key_size(), curve_bits);
    let has = |matches: fn(&ParsedExtension<'_>) -> bool| {
        leaf.extensions().iter().any(|extension| matches(extension.parsed_extension()))
    };
    assert!(has(|extension| matches!(extension, ParsedExtension::AuthorityKeyIdentifier(_))));
    assert!(has(|extension| matches!(extension, ParsedExtension::SubjectKeyIdentifier(_))));
    let validity = leaf.validity();
    let days = validity.not_after.to_datetime() - validity.not_before.to_datetime();
    assert_eq!(days, Duration::days(47) - Duration::SECOND);
    let age = OffsetDateTime::now_utc() - validity.not_before.to_datetime();
    assert!(age >= Duration::DAY && age < Duration::days(2), "{age}");
}

#[tokio::test]
async fn order_info_describes_the_downloaded_certificate() {
    let simulator = start(Settings::default()).await;
    let base = simulator.digicert_base();
    let (status, order) = get_json(&format!("{base}/order/certificate/12345")).await;
    assert_eq!(status, 200);
    assert_eq!((&order["id"], &order["status"]), (&json!(12345), &json!("revoked")));
    let certificate = &order["certificate"];
    assert_eq!(certificate["id"], 23456);

    let pem = get(&format!("{base}/certificate/23456/download/format/pem_all")).await;
    let chain = certificates(&pem.text().await.unwrap());
    let leaf = parse(&chain[0]);
    let thumbprint = digest(&SHA1_FOR_LEGACY_USE_ONLY, &chain[0]);
    assert_eq!(certificate["thumbprint"], data_encoding::HEXUPPER.encode(thumbprint.as_ref()));
    assert_eq!(certificate["serial_number"], data_encoding::HEXUPPER.encode(leaf.raw_serial()));
    assert_eq!(certificate["common_name"], "www-23456.example.com");
    assert_eq!(
        certificate["dns_names"],
        json!(["www-23456.example.com", "*.www-23456.example.com"])
    );
    let date = |time: OffsetDateTime| time.date().to_string();
    assert_eq!(certificate["valid_from"], date(leaf.validity().not_before.to_datetime()));
    assert_eq!(certificate["valid_till"], date(leaf.validity().not_after.to_datetime()));
    assert_eq!(
        (&certificate["signature_hash"], &certificate["key_size"]),
        (&json!("sha384"), &json!(384))
    );
}

#[tokio::test]
async fn missing_objects_have_the_errors_of_the_provider() {
    let simulator = start(Settings::default()).await;
    let base = simulator.digicert_base();
    for (path, status, code) in [
        ("/certificate/0/download/format/pem_all", 404, "not_found|certificate"),
        ("/certificate/x/download/format/pem_all", 404, "not_found|certificate"),
        ("/certificate/-1/download/format/pem_all", 404, "not_found|certificate"),
        ("/certificate/18446744073709551616/download/format/pem_all", 404, "not_found|certificate"),
        ("/order/certificate/0", 404, "not_found|order"),
        ("/order/certificate/abc", 404, "not_found|order"),
        ("/certificate/1/download/format/p7b", 400, "invalid_format"),
    ] {
        let (given, body) = get_json(&format!("{base}{path}")).await;
        assert_eq!((given, &body["errors"][0]["code"]), (status, &json!(code)), "{path}");
    }
    let (status, body) = get_json(&format!("{base}/nothing/here")).await;
    assert_eq!((status, &body["errors"]["code"]), (404, &json!("not_found|route")));
    assert_eq!(get(&format!("{base}/order/certificate/{}", u64::MAX)).await.status(), 200);
}

#[tokio::test]
async fn a_wrong_or_missing_api_key_is_403() {
    let settings = Settings { digicert_api_key: Some("right".into()), ..Settings::default() };
    let simulator = start(settings).await;
    let url = format!("{}/order/certificate/5", simulator.digicert_base());
    let with = |key| client().get(&url).header("X-DC-DEVKEY", key).send();
    let refused = |(status, body): (u16, serde_json::Value)| {
        assert_eq!(status, 403);
        assert_eq!(body["errors"][0]["code"], "access_denied|access_denied_invalid_key");
    };
    refused(get_json(&url).await);
    refused(json(with("righ").await.unwrap()).await);
    let good: Response = with("right").await.unwrap();
    assert_eq!(good.status(), 200);
}
