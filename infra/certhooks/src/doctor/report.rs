use std::io::{self, Write};
use std::process::ExitCode;

use serde_json::json;

use crate::display::for_terminal;
use crate::doctor::Context;
use crate::installation::BoxFuture;
use crate::table::{Column, Emphasis, Table};

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
    table: Table,
}

/// The columns of findings; what was found stands behind or below them.
const COLUMNS: [Column; 3] = [
    Column { title: "level", width: 7, least: 7 },
    Column { title: "scope", width: 12, least: 12 },
    Column { title: "check", width: 17, least: 14 },
];

impl Report {
    pub(crate) fn new(json: bool) -> Self {
        Self { json, worst: Level::Ok, table: Table::new(&COLUMNS) }
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
        let mut out = io::stdout().lock();
        if self.json {
            let fix = Some(fix).filter(|fix| !fix.is_empty());
            let value = json!({
                "scope": scope, "check": check, "level": name, "detail": detail, "fix": fix,
            });
            writeln!(out, "{}", for_terminal(&value.to_string()))?;
        } else {
            let fix = if fix.is_empty() { fix } else { format!("; fix: {fix}") };
            let row =
                self.table.row(level.emphasis(), &[name, scope, check], &format!("{detail}{fix}"));
            writeln!(out, "{row}")?;
        }
        out.flush()
    }

    /// 1 when there is an error; warnings do not count.
    pub(crate) fn status(&self) -> ExitCode {
        if self.worst == Level::Error { ExitCode::FAILURE } else { ExitCode::SUCCESS }
    }
}

impl Level {
    fn emphasis(self) -> Emphasis {
        match self {
            Self::Ok => Emphasis::Good,
            Self::Warning => Emphasis::Warning,
            Self::Error => Emphasis::Error,
        }
    }

    fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Warning => "warning",
            Self::Error => "error",
        }
    }
}
