//! Checks a PEM chain offline, exactly as the worker would.

use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use certificate::{PathEnd, Purpose, Question, Report, TrustAnchors, validate};
use clap::Args;
use envelope::{Certificate, CheckResult, Verdict, rfc3339};
use serde_json::json;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use crate::display::clean;
use crate::error::{CommandError, CommandResult};
use crate::output::say;

/// Checks a PEM chain offline, exactly as the worker would
///
/// FILE holds the leaf and any other certificates, in any order. Without --trust the trust anchors are
/// Mozilla's, with it only those of the file.
#[derive(Args, Debug)]
#[command(after_help = "Examples:\n  certhooks inspect chain.pem --name www.example.com\n  \
    certhooks inspect chain.pem --trust roots.pem --at 2027-01-01T00:00:00Z\n  \
    openssl s_client -connect www.example.com:443 -showcerts </dev/null | certhooks inspect - --json\n\n\
    Exit status: 0 ok; 1 failed; 2 wrong usage; 3 no certificate in it; 4 unknown.")]
pub(crate) struct Inspect {
    /// PEM file; - for standard input
    #[arg(value_name = "FILE")]
    pub(crate) file: PathBuf,
    /// PEM file of trust anchors, in place of Mozilla's
    #[arg(long, value_name = "ROOTS.pem")]
    pub(crate) trust: Option<PathBuf>,
    /// DNS name, IP address or mailbox that the leaf must cover
    #[arg(long = "name", value_name = "NAME")]
    pub(crate) names: Vec<String>,
    /// Time of the check, RFC 3339 [default: now]
    #[arg(long, value_name = "TIME", value_parser = time_of)]
    pub(crate) at: Option<OffsetDateTime>,
    /// Purpose of the leaf [default: by its extended key usage]
    #[arg(long, value_name = "server|client|email|code", value_parser = purpose_of)]
    pub(crate) purpose: Option<Purpose>,
    /// Print one JSON object: certificates, pem_chain, verdict, checks
    #[arg(long)]
    pub(crate) json: bool,
}

pub(crate) fn run(arguments: &Inspect) -> ExitCode {
    let at = arguments.at.unwrap_or_else(OffsetDateTime::now_utc);
    let report = match report(arguments, at) {
        Ok(report) => report,
        Err(error) => return error.report(arguments.json),
    };
    if arguments.json {
        let Report { certificates, pem_chain, verdict, checks, .. } = &report;
        say!(
            "{}",
            json!({
                "certificates": certificates,
                "pem_chain": pem_chain,
                "verdict": verdict,
                "checks": checks,
            })
        );
    } else {
        show(&report, at);
    }
    ExitCode::from(match report.verdict {
        Verdict::Ok => 0,
        Verdict::Failed => 1,
        Verdict::Unknown | Verdict::Unchecked => 4,
    })
}

fn report(arguments: &Inspect, at: OffsetDateTime) -> CommandResult<Report> {
    let anchors = match &arguments.trust {
        None => TrustAnchors::mozilla(),
        Some(path) => TrustAnchors::from_pem(&read(path)?)
            .map_err(|error| CommandError::usage(format!("--trust {}: {error}", path.display())))?,
    };
    let question =
        Question { anchors: &anchors, purpose: arguments.purpose, names: &arguments.names, at };
    let path = &arguments.file;
    validate(&read(path)?, &question)
        .map_err(|error| CommandError::not_found(format!("{}: {error}", path.display())))
}

fn read(path: &Path) -> CommandResult<Vec<u8>> {
    let unreadable = |error| CommandError::usage(format!("{}: {error}", path.display()));
    if path != Path::new("-") {
        return std::fs::read(path).map_err(unreadable);
    }
    let mut bytes = Vec::new();
    std::io::stdin().read_to_end(&mut bytes).map_err(unreadable)?;
    Ok(bytes)
}

/// The chain as a tree, leaf first, then a line for each check that concerns it.
fn show(report: &Report, at: OffsetDateTime) {
    say!("{} at {}", word(report.verdict), rfc3339(at));
    say!("");
    let length = report.certificates.len();
    for (depth, certificate) in report.certificates.iter().enumerate() {
        let is_last = depth + 1 == length;
        let role = match &report.end {
            PathEnd::Anchor { is_included: true, .. } if is_last => ", trust anchor",
            PathEnd::SelfSigned if is_last => ", self-signed",
            _ => "",
        };
        say!(
            "{}{}{role}",
            branch(depth),
            clean(certificate.subject.as_deref().unwrap_or_default())
        );
        say!("{}{}", indent(depth), validity(certificate, at));
    }
    match &report.end {
        PathEnd::Anchor { name, is_included: false } => {
            say!("{}{}, trust anchor, not in the file", branch(length), clean(name));
        }
        PathEnd::IssuerMissing => say!("{}issuer missing", branch(length)),
        PathEnd::Anchor { .. } | PathEnd::SelfSigned => {}
    }
    say!("");
    for (name, check) in report.checks.iter() {
        let result = match check.result {
            CheckResult::NotApplicable => continue,
            CheckResult::Ok => "ok",
            CheckResult::Unknown => "unknown",
            CheckResult::Failed => "failed",
        };
        say!("{result:<8} {name:<14} {}: {}", check.code, clean(&check.detail));
    }
}

fn word(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Ok => "ok",
        Verdict::Failed => "failed",
        Verdict::Unknown => "unknown",
        Verdict::Unchecked => "unchecked",
    }
}

fn branch(depth: usize) -> String {
    match depth.checked_sub(1) {
        None => String::new(),
        Some(above) => format!("{}└─ ", indent(above)),
    }
}

fn indent(depth: usize) -> String {
    "   ".repeat(depth)
}

/// How long it is still valid.
fn validity(certificate: &Certificate, at: OffsetDateTime) -> String {
    let time = |text: &Option<String>| OffsetDateTime::parse(text.as_deref()?, &Rfc3339).ok();
    let (Some(start), Some(end)) = (time(&certificate.not_before), time(&certificate.not_after))
    else {
        return String::new();
    };
    let days = (end - at).whole_days();
    match (at < start, at > end) {
        (true, _) => format!("not valid before {}", rfc3339(start)),
        (_, true) => format!("expired on {}", rfc3339(end)),
        _ => format!("{days} days left, until {}", rfc3339(end)),
    }
}

fn purpose_of(text: &str) -> Result<Purpose, String> {
    match text {
        "server" => Ok(Purpose::Server),
        "client" => Ok(Purpose::Client),
        "email" => Ok(Purpose::Email),
        "code" => Ok(Purpose::Code),
        _ => Err("must be server, client, email or code".to_owned()),
    }
}

fn time_of(text: &str) -> Result<OffsetDateTime, String> {
    OffsetDateTime::parse(text, &Rfc3339)
        .map_err(|error| format!("{error}; such as 2027-01-01T00:00:00Z"))
}
