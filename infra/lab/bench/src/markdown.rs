//! The results as tables, for the handbook.

use crate::figures::{Figures, Table, quartiles};
use crate::results::Results;
use crate::side::Side;
use crate::targets::{AT_LEAST, Target};

/// The cell of a figure that was not measured or is void.
const NONE: &str = "–";

/// How it was measured, the targets, and all figures.
pub fn render(results: &Results, sides: &[Side]) -> String {
    let all = &results.figures;
    let (compared, own): (Vec<_>, Vec<_>) =
        all.figures.iter().partition(|table| sides.iter().any(|side| is_of(table, side.name)));
    let names: Vec<_> = sides.iter().map(|side| (side.name, side.title)).collect();
    let parts = [
        ("How it was measured", results.method.text()),
        ("Targets", targets(&results.targets)),
        ("Webhook functions", comparison(all, &compared, &names)),
        ("Worker and `certhooks local`", lines(all, &own)),
    ];
    parts.iter().map(|(title, text)| format!("### {title}\n\n{text}\n")).collect()
}

fn is_of(table: &Table, side: &str) -> bool {
    table.series.iter().any(|series| series.side == side)
}

fn targets(targets: &[Target]) -> String {
    let row = |target: &Target| {
        let sign = if target.bound == AT_LEAST { "≥" } else { "≤" };
        let measured = target.measured.map(|measured| significant(measured) + target.unit);
        let result = match target.is_met() {
            Some(true) => "met",
            Some(false) => "**not met**",
            None => "not measured",
        };
        vec![
            target.name.clone(),
            format!("{sign} {}{}", target.limit, target.unit),
            measured.unwrap_or_else(|| NONE.to_owned()),
            result.to_owned(),
        ]
    };
    rows(&["", "target", "measured", ""], targets.iter().map(row))
}

/// A row for each figure, with a column for each side, which has a name and a title.
fn comparison(all: &Figures, tables: &[&Table], sides: &[(&'static str, &str)]) -> String {
    let head: Vec<_> = std::iter::once("").chain(sides.iter().map(|(_, title)| *title)).collect();
    let row = |table: &&Table| {
        let cells = sides.iter().map(|(side, _)| cell(all, table, side));
        std::iter::once(table.title()).chain(cells).collect()
    };
    rows(&head, tables.iter().map(row))
}

/// A row for each figure of one program.
fn lines(all: &Figures, tables: &[&Table]) -> String {
    let row = |table: &&Table| {
        let cells = table.series.iter().map(|series| cell(all, table, series.side));
        std::iter::once(table.title()).chain(cells).collect()
    };
    rows(&["", ""], tables.iter().map(row))
}

/// The median, with the quartiles in brackets.
fn cell(all: &Figures, table: &Table, side: &str) -> String {
    let figures = all.of(table.what, table.memory_mb, side).and_then(quartiles);
    let Some(figures) = figures else { return NONE.to_owned() };
    let [low, median, high] = figures.map(|figure| significant(figure / table.what.unit()));
    if low == high { median } else { format!("{median} ({low}–{high})") }
}

/// All columns except the first are right-aligned.
fn rows(head: &[&str], rows: impl Iterator<Item = Vec<String>>) -> String {
    let align = std::iter::once("---").chain(head.iter().skip(1).map(|_| "---:"));
    let mut text = format!("| {} |\n", head.join(" | "));
    text += &format!("| {} |\n", align.collect::<Vec<_>>().join(" | "));
    text.extend(rows.map(|row| format!("| {} |\n", row.join(" | "))));
    text
}

/// The figure with two or three significant digits.
fn significant(figure: f64) -> String {
    let decimals = match figure.abs() {
        size if size >= 100.0 => 0,
        size if size >= 10.0 => 1,
        size if size >= 0.1 => 2,
        _ => 3,
    };
    format!("{figure:.decimals$}")
}

#[cfg(test)]
mod tests {
    use anyhow::anyhow;

    use crate::figures::{COLD, Figures, Table, ZIP};

    use super::{comparison, lines};

    #[test]
    fn each_figure_is_a_row_and_a_void_one_has_no_number() {
        let mut all = Figures::default();
        for millis in [12.0, 123.4, 0.056, 1.0, 2.5] {
            all.push(COLD, Some(256), "a", millis);
            all.push(COLD, Some(256), "b", millis);
        }
        all.push(ZIP, None, "a", 2_300_000.0);
        all.mark_void("b", &anyhow!("why"));
        let tables: Vec<&Table> = all.figures.iter().collect();
        let expected = "| cold start at 256 MB, ms | 2.50 (1.00–12.0) | – |\n";
        let text = comparison(&all, &tables[..1], &[("a", "A"), ("b", "B")]);
        assert!(text.ends_with(expected), "{text}");
        assert_eq!(lines(&all, &tables[1..]), "|  |  |\n| --- | ---: |\n| zip, MB | 2.30 |\n");
    }
}
