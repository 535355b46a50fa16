use std::io::{self, Write};
use std::process::ExitCode;

use serde_json::json;

use crate::display::clean;

#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(crate) enum Level {
    Ok,
    Warning,
    Wrong,
}

/// What one check found.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Finding {
    pub(crate) check: &'static str,
    pub(crate) level: Level,
    pub(crate) detail: String,
    /// The command or change that mends it; empty when nothing is to be done.
    pub(crate) mend: String,
}

impl Finding {
    pub(crate) fn ok(check: &'static str, detail: impl Into<String>) -> Self {
        Self { check, level: Level::Ok, detail: detail.into(), mend: String::new() }
    }

    pub(crate) fn warning(
        check: &'static str,
        detail: impl Into<String>,
        mend: impl Into<String>,
    ) -> Self {
        Self { check, level: Level::Warning, detail: detail.into(), mend: mend.into() }
    }

    pub(crate) fn wrong(
        check: &'static str,
        detail: impl Into<String>,
        mend: impl Into<String>,
    ) -> Self {
        Self { check, level: Level::Wrong, detail: detail.into(), mend: mend.into() }
    }
}

/// Prints each finding as it comes, since a look at the far side may take seconds.
pub(crate) struct Report {
    json: bool,
    worst: Level,
}

impl Report {
    pub(crate) fn new(json: bool) -> Self {
        Self { json, worst: Level::Ok }
    }

    /// `scope` is a provider's name, or `here`.
    ///
    /// # Errors
    /// Standard output takes no more.
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

    /// 1 when something is wrong; warnings are not.
    pub(crate) fn status(&self) -> ExitCode {
        if self.worst == Level::Wrong { ExitCode::FAILURE } else { ExitCode::SUCCESS }
    }
}

impl Level {
    fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Warning => "warning",
            Self::Wrong => "wrong",
        }
    }
}

fn line(scope: &str, finding: &Finding) -> String {
    let Finding { check, level, detail, mend } = finding;
    let mend = if mend.is_empty() { String::new() } else { format!("; mend: {mend}") };
    // Names and messages from the provider are in it.
    clean(&format!("{:<8} {scope:<11} {check:<17} {detail}{mend}", level.as_str()))
}

fn object(scope: &str, finding: &Finding) -> String {
    let Finding { check, level, detail, mend } = finding;
    let mend = Some(mend).filter(|mend| !mend.is_empty());
    json!({
        "scope": scope,
        "check": check,
        "level": level.as_str(),
        "detail": detail,
        "mend": mend,
    })
    .to_string()
}
