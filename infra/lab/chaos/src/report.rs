use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::path::Path;

use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// The result of a scenario.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(default)]
pub struct Row {
    pub scenario: String,
    /// Setting `CHAOS_SEED` to this repeats the run as far as timing allows.
    pub seed: u64,
    pub faults: u64,
    pub kills: u64,
    /// The number of distinct ids that were acknowledged with 200.
    pub events: u64,
    /// The number of those that were not delivered.
    pub lost: u64,
    /// The number of deliveries beyond the first of each id.
    pub repeated: u64,
    /// The number of repeats that the contract does not explain, and of ids that nobody sent.
    pub unexplained: u64,
    /// The number of secrets found where none may be.
    pub leaked: u64,
    /// Why the scenario did not finish; empty if it did.
    pub failure: String,
    pub seconds: u64,
    /// How often each fault was injected, and how often a kill happened at each boundary.
    pub at: BTreeMap<String, u64>,
    /// Further measurements.
    pub measured: BTreeMap<String, Value>,
}

impl Row {
    pub fn new(scenario: &str, seed: u64) -> Self {
        Self { scenario: scenario.to_owned(), seed, ..Self::default() }
    }

    /// A scenario that did not run to its end.
    pub fn failed(scenario: &str, failure: String) -> Self {
        Self { failure, ..Self::new(scenario, 0) }
    }

    /// Compares acknowledged ids with the number of deliveries of each id. A search makes several events of one,
    /// with ids like `ID/SHA-256`.
    #[must_use]
    pub(crate) fn compared(
        self,
        accepted: &BTreeSet<String>,
        delivered: &BTreeMap<String, u64>,
    ) -> Self {
        let stem = |id: &String| id.split('/').next().unwrap_or_default().to_owned();
        let stems: BTreeSet<String> = delivered.keys().map(stem).collect();
        Self {
            events: accepted.len() as u64,
            lost: accepted.difference(&stems).count() as u64,
            repeated: delivered.values().map(|count| count - 1).sum(),
            unexplained: stems.difference(accepted).count() as u64,
            ..self
        }
    }

    /// Adds a further measurement.
    pub(crate) fn measure(&mut self, name: &str, value: impl Into<Value>) {
        self.measured.insert(name.to_owned(), value.into());
    }

    /// Whether the contract was kept.
    pub fn is_good(&self) -> bool {
        self.failure.is_empty()
            && self.events > 0
            && self.lost + self.unexplained + self.leaked == 0
    }
}

/// The table that the handbook quotes, followed by the boundaries and measurements.
pub fn markdown(rows: &[Row], command: &str) -> String {
    let mut text = format!("Made by `{command}`.\n\n");
    text += "| scenario | faults injected | kills | events | lost | repeated | unexplained duplicates | leaked | s |\n";
    text += "| --- | --: | --: | --: | --: | --: | --: | --: | --: |\n";
    for row in rows {
        let Row { scenario, faults, kills, events, lost, repeated, unexplained, leaked, .. } = row;
        let numbers = [faults, kills, events, lost, repeated, unexplained, leaked, &row.seconds];
        let numbers = numbers.map(|number| thousands(*number)).join(" | ");
        let mark = if row.failure.is_empty() { "" } else { " **FAILED**" };
        // Writing to a string does not fail; likewise below.
        let _ = writeln!(text, "| {scenario}{mark} | {numbers} |");
    }
    for row in rows {
        let _ = write!(text, "\n**{}** (seed {})", row.scenario, row.seed);
        if !row.at.is_empty() {
            let at: Vec<_> = row.at.iter().map(|(name, count)| format!("{name} {count}")).collect();
            let _ = write!(text, ": {}", at.join(", "));
        }
        text.push('\n');
        if !row.failure.is_empty() {
            let _ = writeln!(text, "- failed: {}", row.failure);
        }
        for (name, value) in &row.measured {
            let _ = writeln!(text, "- {name}: {value}");
        }
    }
    text
}

/// Writes `results.json` and `results.md` to `folder`.
///
/// # Errors
/// The folder cannot be written.
pub fn write(rows: &[Row], command: &str, folder: &Path) -> Result<()> {
    let name = || folder.display().to_string();
    std::fs::create_dir_all(folder).with_context(name)?;
    let json = serde_json::to_string_pretty(rows)? + "\n";
    std::fs::write(folder.join("results.json"), json).with_context(name)?;
    std::fs::write(folder.join("results.md"), markdown(rows, command)).with_context(name)
}

/// Reads the rows of another program. If it did not run, there is one row that says so.
///
/// # Errors
/// The file cannot be read, or does not hold rows.
pub fn read(file: &Path) -> Result<Vec<Row>> {
    let name = || file.display().to_string();
    match std::fs::read(file) {
        Ok(bytes) => serde_json::from_slice(&bytes).with_context(name),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            Ok(vec![Row::failed(&name(), "it did not run: this file is missing".to_owned())])
        }
        Err(error) => Err(error).with_context(name),
    }
}

fn thousands(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_of_rows() {
        let good = Row {
            kills: 1_234_567,
            events: 100,
            seconds: 12,
            at: BTreeMap::from([("after claim".to_owned(), 3), ("after record".to_owned(), 4)]),
            measured: BTreeMap::from([("peak_kib".to_owned(), 9.into())]),
            ..Row::new("crash", 7)
        };
        let failed = Row { failure: "no boundary".into(), ..Row::new("load", 7) };
        assert!(!failed.is_good());
        insta::assert_snapshot!(markdown(&[good, failed], "make chaos"), @r"
        Made by `make chaos`.

        | scenario | faults injected | kills | events | lost | repeated | unexplained duplicates | leaked | s |
        | --- | --: | --: | --: | --: | --: | --: | --: | --: |
        | crash | 0 | 1,234,567 | 100 | 0 | 0 | 0 | 0 | 12 |
        | load **FAILED** | 0 | 0 | 0 | 0 | 0 | 0 | 0 | 0 |

        **crash** (seed 7): after claim 3, after record 4
        - peak_kib: 9

        **load** (seed 7)
        - failed: no boundary
        ");
    }

    #[test]
    fn lost_unknown_and_repeated_events_are_counted() {
        let accepted = ["a", "b", "m"].map(str::to_owned).into();
        let delivered = [("a", 3), ("m/1", 1), ("m/2", 1), ("z", 1)];
        let delivered = delivered.map(|(id, count)| (id.to_owned(), count)).into();
        let row = Row::default().compared(&accepted, &delivered);
        assert_eq!((row.events, row.lost, row.unexplained, row.repeated), (3, 1, 1, 2));
    }

    #[test]
    fn a_program_that_did_not_run_is_a_failure() {
        let rows = read(Path::new("/no/such/file.json")).unwrap();
        assert!(!rows.is_empty() && rows.iter().all(|row| !row.is_good()), "{rows:?}");
    }

    #[test]
    fn a_row_is_good_only_if_events_were_sent() {
        assert!(!Row::new("empty", 1).is_good());
        assert!(Row { events: 1, repeated: 3, ..Row::default() }.is_good());
        assert!(!Row { events: 1, lost: 1, ..Row::default() }.is_good());
        assert!(!Row { events: 1, leaked: 1, ..Row::default() }.is_good());
    }
}
