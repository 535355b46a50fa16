//! Measures path validation against the public suite x509-limbo, beside `openssl verify` and Go's
//! crypto/x509: `cargo run --release -p certificate --example limbo -- path/to/limbo.json [go.tsv]`, where
//! `infra/lab/limbo/main.go` wrote the second file. The suite is not part of the repository;
//! github.com/C2SP/x509-limbo publishes it.
#![allow(clippy::unwrap_used, reason = "a measurement fails by panicking")]

use std::collections::{BTreeMap, HashMap};
use std::fs;
use std::process::Command;
use std::time::{Duration, Instant};

use certificate::{Purpose, Question, Report, TrustAnchors, validate};
use envelope::{CheckResult, Verdict};
use serde::Deserialize;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

#[derive(Deserialize)]
struct Suite {
    testcases: Vec<Case>,
}

#[derive(Deserialize)]
struct Case {
    id: String,
    features: Option<Vec<String>>,
    validation_kind: String,
    trusted_certs: Vec<String>,
    untrusted_intermediates: Vec<String>,
    peer_certificate: String,
    validation_time: Option<String>,
    expected_result: String,
    expected_peer_name: Option<PeerName>,
}

#[derive(Deserialize)]
struct PeerName {
    kind: String,
    value: String,
}

#[derive(Default)]
struct Count {
    /// By what the suite expects and what is answered here, by OpenSSL and by Go.
    answers: BTreeMap<[&'static str; 4], usize>,
    slowest: (Duration, String),
}

impl Count {
    fn of(&self, is_meant: impl Fn([&str; 4]) -> bool) -> usize {
        self.answers.iter().filter(|(key, _)| is_meant(**key)).map(|(_, count)| count).sum()
    }
}

fn main() {
    let mut arguments = std::env::args().skip(1);
    let Some(path) = arguments.next() else {
        return eprintln!("usage: limbo path/to/limbo.json [path/to/go.tsv]");
    };
    let suite: Suite = serde_json::from_slice(&fs::read(path).unwrap()).unwrap();
    let go = arguments.next().map(|path| fs::read_to_string(path).unwrap()).unwrap_or_default();
    let go: HashMap<&str, &str> = go.lines().filter_map(|line| line.split_once('\t')).collect();
    let mut count = Count::default();
    for case in suite.testcases.iter().filter(|case| is_applicable(case)) {
        measure(case, go.get(case.id.as_str()).copied(), &mut count);
    }
    println!("\n| suite | here | OpenSSL | Go | cases |\n| --- | --- | --- | --- | --: |");
    for ([suite, here, openssl, go], cases) in &count.answers {
        println!("| {suite} | {here} | {openssl} | {go} | {cases} |");
    }
    let wrongly_ok = count.of(|[suite, here, others @ ..]| {
        suite == "to fail" && here == "ok" && others.contains(&"refuses")
    });
    let wrongly_failed = count.of(|[suite, here, openssl, _]| {
        suite == "to succeed" && here == "failed" && openssl == "accepts"
    });
    println!("\nto fail, refused by OpenSSL or Go, and `ok`: {wrongly_ok}");
    println!("to succeed, accepted by OpenSSL, and `failed`: {wrongly_failed}");
    println!("slowest: {:?}, {}", count.slowest.0, count.slowest.1);
}

fn is_applicable(case: &Case) -> bool {
    let features = case.features.as_deref().unwrap_or_default();
    !features.iter().any(|feature| feature == "has-crl" || feature == "max-chain-depth")
}

/// Counts a case, and prints it where the suite expects something else, or with `LIMBO_ALL` set.
fn measure(case: &Case, go: Option<&str>, count: &mut Count) {
    let started = Instant::now();
    let report = ask(case);
    let elapsed = started.elapsed();
    if elapsed > count.slowest.0 {
        count.slowest = (elapsed, case.id.clone());
    }
    let suite = if case.expected_result == "SUCCESS" { "to succeed" } else { "to fail" };
    let here = match report.as_ref().map(|report| report.verdict) {
        Some(Verdict::Ok) => "ok",
        Some(Verdict::Unknown) => "unknown",
        Some(Verdict::Failed | Verdict::Unchecked) | None => "failed",
    };
    let openssl = openssl(case);
    let openssl_answer = if openssl == "OK" { "accepts" } else { "refuses" };
    let go_answer = match go.map(|answer| answer.starts_with("accepts")) {
        Some(true) => "accepts",
        Some(false) => "refuses",
        None => "not asked",
    };
    *count.answers.entry([suite, here, openssl_answer, go_answer]).or_default() += 1;
    let is_expected =
        matches!((suite, here), ("to succeed", "ok") | ("to fail", "failed" | "unknown"));
    if !is_expected || std::env::var_os("LIMBO_ALL").is_some() {
        let reasons = reasons(report.as_ref());
        let go = go.unwrap_or("not asked").replace('\t', " ");
        println!("{} {suite}: {here}{reasons} | openssl: {openssl} | go: {go}", case.id);
    }
}

fn ask(case: &Case) -> Option<Report> {
    let anchors = TrustAnchors::from_pem(case.trusted_certs.join("\n").as_bytes()).ok()?;
    let names: Vec<String> =
        case.expected_peer_name.iter().map(|name| name.value.clone()).collect();
    let purpose = if case.validation_kind == "SERVER" { Purpose::Server } else { Purpose::Client };
    let question = Question {
        anchors: &anchors,
        purpose: Some(purpose),
        names: &names,
        at: time_of(case).unwrap_or_else(OffsetDateTime::now_utc),
    };
    let bundle = format!("{}\n{}", case.peer_certificate, case.untrusted_intermediates.join("\n"));
    validate(bundle.as_bytes(), &question).ok()
}

fn time_of(case: &Case) -> Option<OffsetDateTime> {
    OffsetDateTime::parse(case.validation_time.as_deref()?, &Rfc3339).ok()
}

/// The checks that are neither `ok` nor not applicable.
fn reasons(report: Option<&Report>) -> String {
    let Some(report) = report else { return " (nothing readable)".to_owned() };
    report
        .checks
        .iter()
        .filter(|(_, check)| check.result >= CheckResult::Unknown)
        .map(|(name, check)| format!(" {name}={}", check.code))
        .collect()
}

/// What `openssl verify` says, in its own words.
fn openssl(case: &Case) -> String {
    let folder = std::env::temp_dir().join(format!("limbo-{}", std::process::id()));
    fs::create_dir_all(&folder).unwrap();
    let file = |name: &str, text: String| {
        let path = folder.join(name);
        fs::write(&path, text).unwrap();
        path
    };
    let anchors = file("anchors.pem", case.trusted_certs.join("\n"));
    let leaf = file("leaf.pem", case.peer_certificate.clone());
    let mut command = Command::new("openssl");
    command.arg("verify").arg("-CAfile").arg(anchors).args(["-no-CApath", "-no-CAstore"]);
    if !case.untrusted_intermediates.is_empty() {
        command.arg("-untrusted").arg(file("others.pem", case.untrusted_intermediates.join("\n")));
    }
    let purpose = if case.validation_kind == "SERVER" { "sslserver" } else { "sslclient" };
    command.args(["-purpose", purpose]);
    if let Some(name) = &case.expected_peer_name {
        let option = if name.kind == "IP" { "-verify_ip" } else { "-verify_hostname" };
        command.args([option, &name.value]);
    }
    if let Some(time) = time_of(case) {
        command.args(["-attime", &time.unix_timestamp().to_string()]);
    }
    let output = command.arg(leaf).output().unwrap();
    let _ = fs::remove_dir_all(&folder);
    if output.status.success() {
        return "OK".to_owned();
    }
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    text.lines().find(|line| line.contains("error")).unwrap_or("refused").to_owned()
}
