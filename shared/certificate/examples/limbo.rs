//! Measures path validation against the public suite x509-limbo, beside `openssl verify`:
//! `cargo run --release -p certificate --example limbo -- path/to/limbo.json`. The suite is not part of
//! the repository; github.com/C2SP/x509-limbo publishes it.
#![allow(clippy::unwrap_used, reason = "a measurement fails by panicking")]

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
    agreed: usize,
    failed_wrongly: usize,
    ok_wrongly: usize,
    unknown_success: usize,
    unknown_failure: usize,
    left_out: usize,
    slowest: (Duration, String),
}

fn main() {
    let Some(path) = std::env::args().nth(1) else {
        return eprintln!("usage: limbo path/to/limbo.json");
    };
    let suite: Suite = serde_json::from_slice(&fs::read(path).unwrap()).unwrap();
    let mut count = Count::default();
    for case in &suite.testcases {
        match is_applicable(case) {
            true => measure(case, &mut count),
            false => count.left_out += 1,
        }
    }
    let Count { agreed, failed_wrongly, ok_wrongly, unknown_success, unknown_failure, .. } = count;
    println!("\n| cases | |\n| --- | --: |");
    println!("| as the suite expects | {agreed} |");
    println!("| of these, to fail and `unknown` | {unknown_failure} |");
    println!("| to succeed, and `failed` | {failed_wrongly} |");
    println!("| to succeed, and `unknown` | {unknown_success} |");
    println!("| to fail, and `ok` | {ok_wrongly} |");
    println!("| left out (revocation lists, maximum depth) | {} |", count.left_out);
    println!("\nslowest: {:?}, {}", count.slowest.0, count.slowest.1);
}

fn is_applicable(case: &Case) -> bool {
    let features = case.features.as_deref().unwrap_or_default();
    !features.iter().any(|feature| feature == "has-crl" || feature == "max-chain-depth")
}

fn measure(case: &Case, count: &mut Count) {
    let started = Instant::now();
    let report = ask(case);
    let elapsed = started.elapsed();
    if elapsed > count.slowest.0 {
        count.slowest = (elapsed, case.id.clone());
    }
    let is_success = case.expected_result == "SUCCESS";
    let verdict = report.as_ref().map_or(Verdict::Unchecked, |report| report.verdict);
    match (is_success, verdict) {
        (true, Verdict::Ok) | (false, Verdict::Failed | Verdict::Unchecked) => count.agreed += 1,
        (false, Verdict::Unknown) => {
            count.agreed += 1;
            count.unknown_failure += 1;
        }
        (true, Verdict::Unknown) => count.unknown_success += 1,
        (true, _) => count.failed_wrongly += 1,
        (false, Verdict::Ok) => count.ok_wrongly += 1,
    }
    let is_expected = matches!(
        (is_success, verdict),
        (true, Verdict::Ok) | (false, Verdict::Failed | Verdict::Unknown | Verdict::Unchecked)
    );
    if !is_expected || std::env::var_os("LIMBO_ALL").is_some() {
        println!(
            "{} expected {}: {verdict:?}{} | openssl: {}",
            case.id,
            case.expected_result,
            reasons(report.as_ref()),
            openssl(case)
        );
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
    let Ok(output) = command.arg(leaf).output() else { return "not installed".to_owned() };
    let _ = fs::remove_dir_all(&folder);
    if output.status.success() {
        return "OK".to_owned();
    }
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    text.lines().find(|line| line.contains("error")).unwrap_or("refused").to_owned()
}
