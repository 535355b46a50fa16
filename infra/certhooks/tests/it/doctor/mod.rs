//! `certhooks doctor`: the compiled binary, with simulated providers and `certhooks local`.

mod certspotter;
mod cloudflare;
mod digicert;
mod installation;
mod reachability;

use std::ops::Deref;

use serde_json::Value;

use crate::harness::{Local, tail};
use crate::scene::{Scene, json_lines};

/// The findings of a run of the doctor.
#[derive(Debug)]
struct Diagnosis {
    code: i32,
    findings: Vec<Value>,
}

/// All providers, with subscriptions that send to `local`.
struct Subscribed {
    scene: Scene,
    local: Local,
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
        let local = scene.local();
        let url = |route: &str| local.url(&format!("/webhooks/{route}"));
        let digicert = url("digicert");
        scene.run(&["digicert", "webhook", "subscribe", "--endpoint", &digicert]).done();
        scene.run(&["cloudflare", "subscribe", "--endpoint", &url("cloudflare")]).done();
        Self { scene, local }
    }
}

impl Scene {
    fn doctor(&self, arguments: &[&str]) -> Diagnosis {
        self.doctor_with(&[], arguments)
    }

    fn doctor_with(&self, variables: &[(&str, &str)], arguments: &[&str]) -> Diagnosis {
        let ended = self.run_with(variables, &[&["doctor", "--json"], arguments].concat());
        assert_eq!(ended.err, "", "{ended:?}");
        let findings = json_lines(&ended.out);
        for finding in &findings {
            let needs_fix = finding["level"] != "ok";
            assert_eq!(finding["fix"].is_string(), needs_fix, "{finding}");
            self.check_fix(finding["fix"].as_str().unwrap_or_default());
        }
        let has_error = findings.iter().any(|finding| finding["level"] == "error");
        assert_eq!(ended.code, i32::from(has_error), "{findings:#?}");
        Diagnosis { code: ended.code, findings }
    }

    /// A fix that begins with a program must be a shell line without a gap to fill in, each command of which exists
    /// with its options; any other is a sentence about what no command of this machine can do.
    #[track_caller]
    fn check_fix(&self, fix: &str) {
        const PROGRAMS: [&str; 5] = ["aws", "certhooks", "chmod", "df", "timedatectl"];
        if !PROGRAMS.contains(&fix.split(' ').next().unwrap()) {
            assert!(!fix.contains("&&"), "{fix}");
            return;
        }
        self.shell(&format!("set -n\n{fix}")).done();
        for command in fix.split(" && ") {
            let is_gap = |word: &str| {
                word.len() > 1 && word.bytes().all(|letter| letter.is_ascii_uppercase())
            };
            assert!(!command.split(' ').any(is_gap), "{fix}");
            if command.starts_with("certhooks ") {
                self.shell(&format!("{command} --help")).done();
            }
        }
    }

    /// Runs the command that a finding names as its fix, as it is printed.
    fn fix(&self, finding: &Value) -> String {
        self.shell(finding["fix"].as_str().unwrap()).done()
    }
}

impl Diagnosis {
    fn all(&self, scope: &str, check: &str) -> Vec<&Value> {
        let is_it = |finding: &&Value| finding["scope"] == scope && finding["check"] == check;
        self.findings.iter().filter(is_it).collect()
    }

    #[track_caller]
    fn only(&self, scope: &str, check: &str) -> &Value {
        match self.all(scope, check).as_slice() {
            [finding] => finding,
            other => panic!("{scope} {check}: {other:?} of {:#?}", self.findings),
        }
    }

    /// The only finding of a check, which must have this level and contain this text.
    #[track_caller]
    fn expect(&self, scope: &str, check: &str, level: &str, text: &str) -> &Value {
        let finding = self.only(scope, check);
        assert_eq!(finding["level"], level, "{finding}");
        assert!(finding["detail"].as_str().unwrap().contains(text), "{text}: {finding}");
        finding
    }

    /// Level, scope and check of the findings that are not ok, in order.
    fn not_ok(&self) -> Vec<String> {
        let bad = self.findings.iter().filter(|finding| finding["level"] != "ok");
        bad.map(|finding| {
            let text = |name: &str| finding[name].as_str().unwrap();
            format!("{} {} {}", text("level"), text("scope"), text("check"))
        })
        .collect()
    }
}

/// The warnings of every test: a provider on the Internet cannot reach a loopback address.
const LOOPBACK: [&str; 2] = ["warning installation dns", "warning installation tls"];

#[tokio::test(flavor = "multi_thread")]
async fn a_good_installation_has_no_errors_and_nothing_is_changed() {
    let subscribed = Subscribed::new().await;
    let (changes, base) = (subscribed.changes(), subscribed.local.url("/"));
    for arguments in [&[][..], &["--endpoint", &base]] {
        let diagnosis = subscribed.doctor(arguments);
        assert_eq!(diagnosis.not_ok(), LOOPBACK);
        for (scope, check) in [
            ("installation", "state"),
            ("installation", "queue"),
            ("installation", "dead-letters"),
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
        ] {
            assert_eq!(diagnosis.only(scope, check)["level"], "ok");
        }
    }
    let mut since = subscribed.changes();
    since.retain(|call| !call.ends_with("/webhook/test-endpoint"));
    let mut before = changes;
    before.retain(|call| !call.ends_with("/webhook/test-endpoint"));
    assert_eq!(since, before, "the doctor changes nothing");
    subscribed.local.settle();
    assert!(tail(subscribed.local.state.path()).is_empty(), "a test message became an event");
}

#[tokio::test(flavor = "multi_thread")]
async fn each_finding_is_a_line_of_text() {
    let subscribed = Subscribed::new().await;
    subscribed.run(&["digicert", "webhook", "deactivate"]).done();
    let ended = subscribed.run(&["doctor", "--provider", "digicert"]);
    assert_eq!((ended.code, ended.err.as_str()), (1, ""));
    let state = subscribed.state.path().display();
    let line = format!(
        "error    digicert      status             inactive: CertCentral sends nothing; fix: certhooks \
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
        (&["doctor", "--endpoint", "hooks.example.com"], "--endpoint: not a valid URL"),
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
