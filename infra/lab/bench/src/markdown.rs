//! The results as tables, for the README.

use crate::figures::{Figures, quartiles};
use crate::results::Results;
use crate::side::Side;
use crate::targets::{Bound, Target};

/// The cell of a figure that was not measured or is void.
const NONE: &str = "–";

/// How it was measured, the targets, and all figures.
pub fn render(results: &Results, sides: &[Side]) -> String {
    let (compared, own): (Vec<_>, Vec<_>) =
        results.figures.iter().partition(|figures| figures.series.len() > 1);
    let parts = [
        ("How it was measured", results.method.text()),
        ("Targets", targets(&results.targets)),
        ("Webhook functions", comparison(&compared, sides)),
        ("Worker and `certhooks local`", lines(&own)),
    ];
    parts.iter().map(|(title, text)| format!("### {title}\n\n{text}\n")).collect()
}

fn targets(targets: &[Target]) -> String {
    let row = |target: &Target| {
        let sign = match target.bound {
            Bound::AtLeast => "≥",
            Bound::AtMost => "≤",
        };
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
    table(&["", "target", "measured", ""], targets.iter().map(row))
}

/// A row for each figure, with a column for each side.
fn comparison(all: &[&Figures], sides: &[Side]) -> String {
    let head: Vec<_> = std::iter::once("").chain(sides.iter().map(|side| side.title)).collect();
    let row = |figures: &&Figures| {
        let cells = sides.iter().map(|side| cell(figures, side.name));
        std::iter::once(figures.title()).chain(cells).collect()
    };
    table(&head, all.iter().map(row))
}

/// A row for each figure of one program.
fn lines(all: &[&Figures]) -> String {
    let row = |figures: &&Figures| {
        let cells = figures.series.iter().map(|series| cell(figures, series.side));
        std::iter::once(figures.title()).chain(cells).collect()
    };
    table(&["", ""], all.iter().map(row))
}

/// The median, with the quartiles in brackets.
fn cell(figures: &Figures, side: &str) -> String {
    let Some(all) = figures.of(side).and_then(quartiles) else { return NONE.to_owned() };
    let [low, median, high] = all.map(|figure| significant(figure / figures.what.unit()));
    if low == high { median } else { format!("{median} ({low}–{high})") }
}

/// All columns except the first are right-aligned.
fn table(head: &[&str], rows: impl Iterator<Item = Vec<String>>) -> String {
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
    use crate::figures::{Figures, What};
    use crate::side::{FLOOR, OURS, Side};

    use super::{comparison, lines};

    #[test]
    fn each_figure_is_a_row_and_a_void_one_has_no_number() {
        let mut cold = Figures::new(What::Cold, Some(256), &[OURS, FLOOR]);
        for millis in [12.0, 123.4, 0.056, 1.0, 2.5] {
            cold.push(OURS, millis);
            cold.push(FLOOR, millis);
        }
        cold.mark_void(FLOOR, "why");
        let sides = [Side::ours("a"), Side::floor("b")];
        let expected = "| cold start at 256 MB, ms | 2.50 (1.00–12.0) | – |\n";
        let text = comparison(&[&cold], &sides);
        assert!(text.ends_with(expected), "{text}");

        let mut zip = Figures::new(What::Zip, None, &[OURS]);
        zip.push(OURS, 2_300_000.0);
        assert_eq!(lines(&[&zip]), "|  |  |\n| --- | ---: |\n| zip, MB | 2.30 |\n");
    }
}
