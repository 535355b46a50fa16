use std::fmt::Write;

use crate::figures::{Figures, What, find};
use crate::quota::MEMORIES;
use crate::side::Side;
use crate::stats::Summary;

/// Nothing was measured, or it is void.
const NONE: &str = "–";

/// Rows of cells below a head; all columns but the first are right-aligned.
pub(crate) fn table(head: &[String], rows: &[Vec<String>]) -> String {
    let line = |cells: &[String]| format!("| {} |\n", cells.join(" | "));
    let align = std::iter::once("---").chain(head.iter().skip(1).map(|_| "---:"));
    let align: Vec<_> = align.map(str::to_owned).collect();
    rows.iter().fold(line(head) + &line(&align), |text, row| text + &line(row))
}

/// Median, and in brackets the quartiles.
pub(crate) fn spread(summary: Option<Summary>) -> String {
    summary.map_or_else(
        || NONE.to_owned(),
        |it| {
            let [low, middle, high] =
                [it.lower_quartile, it.median, it.upper_quartile].map(significant);
            format!("{middle} ({low}–{high})")
        },
    )
}

/// With two or three digits that say something.
pub(crate) fn significant(figure: f64) -> String {
    let decimals = match figure.abs() {
        size if size >= 100.0 => 0,
        size if size >= 10.0 => 1,
        _ => 2,
    };
    format!("{figure:.decimals$}")
}

/// Cold starts of all sides, and under them how many times ours the others take.
pub fn cold(all: &[Figures], sides: &[Side]) -> String {
    let settings: Vec<_> =
        std::iter::once(None).chain(MEMORIES.iter().rev().copied().map(Some)).collect();
    let name =
        |memory: &Option<u32>| memory.map_or("full speed".to_owned(), |mb| format!("{mb} MB"));
    let head = |first: &str| {
        std::iter::once(first.to_owned()).chain(settings.iter().map(name)).collect::<Vec<_>>()
    };
    let rows = |cell: &dyn Fn(&Figures, &Side) -> String| {
        let row = |side: &Side| {
            let cells = settings.iter().map(|memory| {
                find(all, What::Cold, *memory)
                    .map_or(NONE.to_owned(), |figures| cell(figures, side))
            });
            std::iter::once(side.title.to_owned()).chain(cells).collect()
        };
        sides.iter().map(row).collect::<Vec<_>>()
    };
    let mut text = table(
        &head("start to first acknowledged webhook, ms"),
        &rows(&|figures, side| spread(figures.summary(side.name))),
    );
    let _ = writeln!(text);
    let ours = sides.first().map_or("", |side| side.name);
    text += &table(
        &head("the same, as multiples of Certhooks"),
        &rows(&|figures, side| spread(figures.ratio(side.name, ours))),
    );
    text
}
