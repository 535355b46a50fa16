//! `certhooks doctor`: the compiled binary between the simulated providers and `certhooks local`.

mod cloudflare;
mod digicert;
mod installation;
mod meta;
mod reachability;

use std::ops::Deref;

use serde_json::Value;

use crate::harness::Local;
use crate::scene::{Scene, json_lines};

/// What a run of the doctor said.
#[derive(Debug)]
struct Examined {
    code: i32,
    findings: Vec<Value>,
}

/// All providers subscribed to a door.
struct Subscribed {
    scene: Scene,
    door: Local,
}

impl Deref for Subscribed {
    type Target = Scene;

    fn deref(&self) -> &Scene {
        &self.scene
    }
}

impl Subscribed {
    async fn new() -> Self {
        let scene = Scene::new().await;
        let door = scene.door();
        let url = |route: &str| door.url(&format!("/webhooks/{route}"));
        let digicert = url("digicert");
        scene.run(&["digicert", "webhook", "subscribe", "--endpoint", &digicert]).done();
        scene.run(&["cloudflare", "subscribe", "--endpoint", &url("cloudflare")]).done();
        let meta = url("meta-ct");
        scene.run(&["meta", "subscribe", "--endpoint", &meta, "--domain", "a.example"]).done();
        Self { scene, door }
    }
}

impl Scene {
    fn examine(&self, arguments: &[&str]) -> Examined {
        self.examine_with(&[], arguments)
    }

    fn examine_with(&self, variables: &[(&str, &str)], arguments: &[&str]) -> Examined {
        let ended = self.run_with(variables, &[&["doctor", "--json"], arguments].concat());
        assert_eq!(ended.err, "", "{ended:?}");
        let findings = json_lines(&ended.out);
        for finding in &findings {
            let needs_mending = finding["level"] != "ok";
            assert_eq!(finding["fix"].is_string(), needs_mending, "{finding}");
        }
        let is_wrong = findings.iter().any(|finding| finding["level"] == "error");
        assert_eq!(ended.code, i32::from(is_wrong), "{findings:#?}");
        Examined { code: ended.code, findings }
    }

    /// Runs what a finding says would mend it.
    fn fix(&self, finding: &Value) {
        let words: Vec<&str> = finding["fix"].as_str().unwrap().split(' ').collect();
        let state = self.state.path().to_str().unwrap();
        let words = words.strip_prefix(&["certhooks"]).unwrap();
        let words = words.strip_suffix(&["--state", state]).unwrap();
        self.run(words).done();
    }
}

impl Examined {
    fn all(&self, scope: &str, check: &str) -> Vec<&Value> {
        let is_it = |finding: &&Value| finding["scope"] == scope && finding["check"] == check;
        self.findings.iter().filter(is_it).collect()
    }

    #[track_caller]
    fn the(&self, scope: &str, check: &str) -> &Value {
        match self.all(scope, check).as_slice() {
            [finding] => finding,
            other => panic!("{scope} {check}: {other:?} of {:#?}", self.findings),
        }
    }

    /// The finding, which has this level and says this.
    #[track_caller]
    fn says(&self, scope: &str, check: &str, level: &str, text: &str) -> &Value {
        let finding = self.the(scope, check);
        assert_eq!(finding["level"], level, "{finding}");
        assert!(finding["detail"].as_str().unwrap().contains(text), "{text}: {finding}");
        finding
    }

    /// Names of the checks that are not ok, in order.
    fn not_ok(&self) -> Vec<String> {
        let bad = self.findings.iter().filter(|finding| finding["level"] != "ok");
        bad.map(|finding| {
            let text = |name: &str| finding[name].as_str().unwrap();
            format!("{} {} {}", text("level"), text("scope"), text("check"))
        })
        .collect()
    }
}

/// On this machine nothing is perfect: no provider on the Internet can reach it.
const LOOPBACK: [&str; 2] = ["warning here dns", "warning here tls"];

#[tokio::test(flavor = "multi_thread")]
async fn all_is_well_and_nothing_is_changed() {
    let stage = Subscribed::new().await;
    let (changes, base) = (stage.changes(), stage.door.url("/"));
    for arguments in [&[][..], &["--endpoint", &base]] {
        let examined = stage.examine(arguments);
        assert_eq!(examined.not_ok(), LOOPBACK);
        for (scope, check) in [
            ("here", "state"),
            ("here", "queue"),
            ("here", "dead-letters"),
            ("digicert", "api-key"),
            ("digicert", "webhook"),
            ("digicert", "endpoint"),
            ("digicert", "status"),
            ("digicert", "key"),
            ("digicert", "events"),
            ("digicert", "instant-issue"),
            ("digicert", "chain"),
            ("digicert", "deliveries"),
            ("digicert", "rights"),
            ("digicert", "test"),
            ("digicert", "source-range"),
            ("digicert", "answer"),
            ("digicert", "answer-to-key"),
            ("cloudflare", "api-token"),
            ("cloudflare", "destination"),
            ("cloudflare", "endpoint"),
            ("cloudflare", "policy"),
            ("cloudflare", "deliveries"),
            ("cloudflare", "answer"),
            ("meta", "subscription"),
            ("meta", "endpoint"),
            ("meta", "domains"),
            ("meta", "phishing-domains"),
            ("meta", "answer"),
            ("meta", "handshake"),
        ] {
            assert_eq!(examined.the(scope, check)["level"], "ok");
        }
    }
    let mut since = stage.changes();
    since.retain(|call| !call.ends_with("/webhook/test-endpoint"));
    let mut before = changes;
    before.retain(|call| !call.ends_with("/webhook/test-endpoint"));
    assert_eq!(since, before, "the doctor only looks");
    assert!(
        stage.door.delivered_within(std::time::Duration::ZERO).is_empty(),
        "no event came of it"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_line_each_for_people() {
    let stage = Subscribed::new().await;
    stage.run(&["digicert", "webhook", "deactivate"]).done();
    let ended = stage.run(&["doctor", "--provider", "digicert"]);
    assert_eq!((ended.code, ended.err.as_str()), (1, ""));
    let state = stage.state.path().display();
    let line = format!(
        "error    digicert    status            inactive: CertCentral sends nothing; fix: certhooks \
         digicert webhook activate --state {state}"
    );
    assert!(ended.out.lines().any(|found| found == line), "{}", ended.out);
    let is_known =
        |line: &str| ["ok ", "warning ", "error "].iter().any(|level| line.starts_with(level));
    assert!(ended.out.lines().all(is_known), "{}", ended.out);
    assert!(!ended.out.contains("cloudflare") && !ended.out.contains("meta "), "{}", ended.out);
}

#[tokio::test(flavor = "multi_thread")]
async fn wrong_usage() {
    let scene = Scene::new().await;
    for (arguments, expected) in [
        (&["doctor", "--endpoint", "http://hooks.example.com"][..], "must begin with https://"),
        (&["doctor", "--endpoint", "hooks.example.com"], "--endpoint: is no address"),
        (&["doctor", "--endpoint", "https://me:canary@hooks.example.com"], "user name or password"),
        (&["doctor", "--endpoint", "https://hooks.example.com/?a=b"], "must not have a query"),
    ] {
        scene.run(arguments).refused(2, expected);
    }
    for arguments in [&["doctor", "--provider", "digicret"][..], &["doctor", "now"]] {
        assert_eq!(scene.run(arguments).code, 2, "{arguments:?}");
    }
    assert_eq!(scene.simulator.requests().total(), 0);
}
