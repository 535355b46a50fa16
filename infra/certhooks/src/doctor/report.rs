use std::io::{self, Write};
use std::process::ExitCode;

use serde_json::json;

use crate::display::{clean, for_terminal};
use crate::doctor::Context;
use crate::installation::BoxFuture;

#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(crate) enum Level {
    Ok,
    Warning,
    Error,
}

/// The result of one check.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Finding {
    pub(crate) level: Level,
    pub(crate) detail: String,
    /// The command or change that fixes it; empty when nothing is to be done.
    pub(crate) fix: String,
}

/// A table of checks: the name of each, and what it finds about a subject; `None` where it has nothing
/// to say.
pub(crate) type Checks<S> = &'static [(&'static str, Check<S>)];
pub(crate) type Check<S> = for<'a> fn(&'a Context, &'a S) -> BoxFuture<'a, Option<Finding>>;

impl Finding {
    pub(crate) fn ok(detail: impl Into<String>) -> Self {
        Self { level: Level::Ok, detail: detail.into(), fix: String::new() }
    }

    pub(crate) fn warning(detail: impl Into<String>, fix: impl Into<String>) -> Self {
        Self { level: Level::Warning, detail: detail.into(), fix: fix.into() }
    }

    pub(crate) fn error(detail: impl Into<String>, fix: impl Into<String>) -> Self {
        Self { level: Level::Error, detail: detail.into(), fix: fix.into() }
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

    /// Runs a table of checks, one after the other.
    ///
    /// # Errors
    /// Standard output cannot be written to.
    pub(crate) async fn run<S>(
        &mut self,
        scope: &str,
        checks: Checks<S>,
        context: &Context,
        subject: &S,
    ) -> io::Result<()> {
        for (name, check) in checks {
            if let Some(finding) = check(context, subject).await {
                self.add(scope, name, finding)?;
            }
        }
        Ok(())
    }

    /// Prints a finding. `scope` is a provider's name, or `installation` for that and its address.
    ///
    /// # Errors
    /// Standard output cannot be written to.
    pub(crate) fn add(&mut self, scope: &str, check: &str, finding: Finding) -> io::Result<()> {
        let Finding { level, detail, fix } = finding;
        self.worst = self.worst.max(level);
        let name = level.as_str();
        let line = if self.json {
            let fix = Some(fix).filter(|fix| !fix.is_empty());
            json!({ "scope": scope, "check": check, "level": name, "detail": detail, "fix": fix })
                .to_string()
        } else {
            let fix = if fix.is_empty() { String::new() } else { format!("; fix: {fix}") };
            // The detail may hold names and messages from the provider, and these control characters.
            clean(&format!("{name:<8} {scope:<12} {check:<17} {detail}{fix}"))
        };
        let mut out = io::stdout().lock();
        writeln!(out, "{}", for_terminal(&line))?;
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
