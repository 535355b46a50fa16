use std::io::{self, Write};
use std::process::ExitCode;

use serde_json::json;

use crate::display::clean;

#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(crate) enum Level {
    Ok,
    Warning,
    Error,
}

/// The result of one check.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Finding {
    pub(crate) check: &'static str,
    pub(crate) level: Level,
    pub(crate) detail: String,
    /// The command or change that fixes it; empty when nothing is to be done.
    pub(crate) fix: String,
}

impl Finding {
    pub(crate) fn ok(check: &'static str, detail: impl Into<String>) -> Self {
        Self { check, level: Level::Ok, detail: detail.into(), fix: String::new() }
    }

    pub(crate) fn warning(
        check: &'static str,
        detail: impl Into<String>,
        fix: impl Into<String>,
    ) -> Self {
        Self { check, level: Level::Warning, detail: detail.into(), fix: fix.into() }
    }

    pub(crate) fn error(
        check: &'static str,
        detail: impl Into<String>,
        fix: impl Into<String>,
    ) -> Self {
        Self { check, level: Level::Error, detail: detail.into(), fix: fix.into() }
    }
}

/// Prints each finding as it is made, since a check of a provider may take seconds.
pub(crate) struct Report {
    json: bool,
    worst: Level,
}

impl Report {
    pub(crate) fn new(json: bool) -> Self {
        Self { json, worst: Level::Ok }
    }

    /// Prints findings. `scope` is a provider's name, or `here` for the installation and its address.
    ///
    /// # Errors
    /// Standard output cannot be written to.
    pub(crate) fn add(
        &mut self,
        scope: &str,
        findings: impl IntoIterator<Item = Finding>,
    ) -> io::Result<()> {
        let mut out = io::stdout().lock();
        for finding in findings {
            self.worst = self.worst.max(finding.level);
            let line = if self.json { object(scope, &finding) } else { line(scope, &finding) };
            writeln!(out, "{line}")?;
        }
        out.flush()
    }

    /// 1 when there is an error; warnings do not count.
    pub(crate) fn status(&self) -> ExitCode {
        if self.worst == Level::Error { ExitCode::FAILURE } else { ExitCode::SUCCESS }
    }
}

impl Level {
    fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Warning => "warning",
            Self::Error => "error",
        }
    }
}

fn line(scope: &str, finding: &Finding) -> String {
    let Finding { check, level, detail, fix } = finding;
    let fix = if fix.is_empty() { String::new() } else { format!("; fix: {fix}") };
    // The detail may hold names and messages from the provider, and these control characters.
    clean(&format!("{:<8} {scope:<11} {check:<17} {detail}{fix}", level.as_str()))
}

fn object(scope: &str, finding: &Finding) -> String {
    let Finding { check, level, detail, fix } = finding;
    let fix = Some(fix).filter(|fix| !fix.is_empty());
    json!({
        "scope": scope,
        "check": check,
        "level": level.as_str(),
        "detail": detail,
        "fix": fix,
    })
    .to_string()
}
