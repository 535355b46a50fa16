//! `certhooks certspotter`, and its doctor checks, with the simulated Cert Spotter.

use rcgen::{CertificateParams, KeyPair};
use serde_json::{Value, json};
use simulator::{Fault, Rule, Settings};

use crate::digicert::stage::Ended;
use crate::scene::{Scene, json_lines};

const KEY: &str = "canary-certspotter-api-key";

struct Certspotter {
    scene: Scene,
    base: String,
}

impl Certspotter {
    async fn new() -> Self {
        let settings = Settings { certspotter_api_key: Some(KEY.into()), ..Settings::default() };
        let scene = Scene::with(settings).await;
        let base = scene.simulator.certspotter_base();
        Self { scene, base }
    }

    fn run_with(&self, variables: &[(&str, &str)], arguments: &[&str]) -> Ended {
        let own = [
            ("CERTSPOTTER_API_BASE", self.base.as_str()),
            ("SSLMATE_API_BASE", &self.base),
            ("CERTSPOTTER_API_KEY", KEY),
        ];
        self.scene.run_with(&[&own[..], variables].concat(), arguments)
    }

    fn run(&self, arguments: &[&str]) -> Ended {
        self.run_with(&[], arguments)
    }
}

fn certificate(name: &str) -> (KeyPair, String) {
    let key = KeyPair::generate().unwrap();
    let params = CertificateParams::new([name.to_owned()]).unwrap();
    let pem = params.self_signed(&key).unwrap().pem();
    (key, pem)
}

#[tokio::test(flavor = "multi_thread")]
async fn issuances_of_a_domain_are_listed_page_by_page() {
    let certspotter = Certspotter::new().await;
    for number in 0..12 {
        let (_, pem) = certificate(&format!("host-{number}.shop.example"));
        certspotter.scene.simulator.log_certificate(&pem).unwrap();
    }
    let (_, other) = certificate("elsewhere.example");
    certspotter.scene.simulator.log_certificate(&other).unwrap();
    let list = |more: &[&str]| {
        let arguments = [&["certspotter", "issuances", "shop.example", "--json"], more].concat();
        json_lines(&certspotter.run(&arguments).done())
    };
    let all = list(&[]);
    assert_eq!(all.len(), 12);
    assert_eq!(all[11]["dns_names"], json!(["host-11.shop.example"]));
    assert!(all[0]["tbs_sha256"].as_str().is_some_and(|hash| hash.len() == 64));
    let after = all[10]["id"].as_str().unwrap();
    assert_eq!(list(&["--after", after]).len(), 1);
    certspotter.run(&["certspotter", "issuances", "nothing.example"]).refused(3, "nothing new");

    let faults = certspotter.scene.simulator.faults();
    let limited = Fault::RateLimited { retry_after: Some(60), status: None };
    faults.set([Rule::new("/certspotter", limited)]);
    let listed = ["certspotter", "issuances", "shop.example"];
    certspotter.run(&listed).refused(1, "too many queries");
    faults.clear();
    let wrong = [("CERTSPOTTER_API_KEY", "another")];
    certspotter.run_with(&wrong, &listed).refused(1, "refuses the API key");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_is_authorized_by_its_request() {
    let certspotter = Certspotter::new().await;
    let key = KeyPair::generate().unwrap();
    let params = CertificateParams::new(["shop.example".to_owned()]).unwrap();
    let request = params.serialize_request(&key).unwrap().pem().unwrap();
    let file = certspotter.scene.state.path().join("request.csr");
    std::fs::write(&file, request).unwrap();
    let file = file.to_str().unwrap();
    let done = certspotter.run(&["certspotter", "authorize", file, "--json"]).done();
    let line: Value = serde_json::from_str(&done).unwrap();
    assert_eq!(line["dns_names"], json!(["shop.example"]));
    assert_eq!(line["pubkey_sha256"].as_str().unwrap().len(), 64);
    assert_eq!(certspotter.scene.changes(), ["POST /certspotter/v1/monitoring/known_keys"]);
    let wrong = [("CERTSPOTTER_API_KEY", "another")];
    certspotter
        .run_with(&wrong, &["certspotter", "authorize", file])
        .refused(1, "refuses the API key");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_doctor_looks_at_domains_and_key() {
    let certspotter = Certspotter::new().await;
    let local = certspotter.scene.local();
    let endpoint = local.url("");
    let doctor = |variables: &[(&str, &str)]| {
        let only = ["doctor", "--provider", "certspotter", "--endpoint", &endpoint, "--json"];
        json_lines(&certspotter.run_with(variables, &only).out)
    };
    let level = |findings: &[Value], check: &str| {
        let found =
            findings.iter().find(|one| one["scope"] == "certspotter" && one["check"] == check);
        found.unwrap_or_else(|| panic!("{check}: {findings:#?}"))["level"].clone()
    };
    assert_eq!(level(&doctor(&[]), "domains"), "warning");
    let good = doctor(&[("CERTSPOTTER_DOMAINS", "shop.example")]);
    assert_eq!((level(&good, "domains"), level(&good, "api-key")), (json!("ok"), json!("ok")));
    let wrong = doctor(&[("CERTSPOTTER_DOMAINS", "shop.example"), ("CERTSPOTTER_API_KEY", "x")]);
    assert_eq!(level(&wrong, "api-key"), "error");
    assert_eq!(level(&doctor(&[("CERTSPOTTER_DOMAINS", "com")]), "domains"), "error");
}
