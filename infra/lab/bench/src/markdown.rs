//! Tables for the README, from the figures.

use crate::cost::Cost;
use crate::figures::{Figures, What, find};
use crate::local::LOCAL;
use crate::quota::MEMORIES;
use crate::results::Results;
use crate::side::Side;
use crate::stats::{Summary, significant};
use crate::targets::Target;
use crate::worker::{BATCH, WORKER};

/// The cell of a figure that was not measured or is void.
const NONE: &str = "–";

/// All tables, with their headings.
pub fn render(results: &Results, sides: &[Side]) -> String {
    let all = &results.figures[..];
    let parts = [
        ("How it was measured", results.method.text()),
        ("Targets", targets(&results.targets)),
        ("Cold start", cold(all, sides)),
        ("Warm, memory, size", warm(all, sides)),
        ("Worker and `certhooks local`", worker(all)),
        ("Cost of a million webhooks, USD (arm64, in brackets x86)", cost(&results.costs, sides)),
    ];
    parts.iter().map(|(title, text)| format!("### {title}\n\n{text}\n")).collect()
}

fn targets(targets: &[Target]) -> String {
    let row = |target: &Target| {
        vec![
            target.number.clone(),
            target.limit_text(),
            target.measured_text(),
            target.result_text(),
        ]
    };
    table(&["", "target", "measured", ""], &targets.iter().map(row).collect::<Vec<_>>())
}

fn cold(all: &[Figures], sides: &[Side]) -> String {
    let speeds: Vec<_> =
        std::iter::once(None).chain(MEMORIES.iter().rev().copied().map(Some)).collect();
    let rows = |cell: &dyn Fn(&Figures, &Side) -> String| {
        let row = |side: &Side| {
            let cells = speeds.iter().map(|memory| {
                find(all, What::Cold, *memory).map_or(NONE.into(), |figures| cell(figures, side))
            });
            std::iter::once(side.title.to_owned()).chain(cells).collect()
        };
        sides.iter().map(row).collect::<Vec<_>>()
    };
    let ours = sides.first().map_or("", |side| side.name);
    let head = |first| [first, "full speed", "1024 MB", "512 MB", "256 MB", "128 MB"];
    let millis = rows(&|figures, side| spread(figures.summary(side.name)));
    let ratios = rows(&|figures, side| spread(figures.ratio(side.name, ours)));
    format!(
        "{}\n{}",
        table(&head("ms to the first acknowledged webhook"), &millis),
        table(&head("ratio to Certhooks, pair by pair"), &ratios)
    )
}

fn warm(all: &[Figures], sides: &[Side]) -> String {
    let ours = sides.first().map_or("", |side| side.name);
    let row = |side: &Side| {
        let summary = |what| find(all, what, None).and_then(|figures| figures.summary(side.name));
        let megabytes = |what| summary(what).map_or(NONE.into(), |it: Summary| decimal(it.median));
        let ratio = find(all, What::Warm, None).and_then(|warm| warm.ratio(side.name, ours));
        vec![
            side.title.to_owned(),
            spread(summary(What::Warm)),
            spread(ratio),
            spread(summary(What::WarmCpu)),
            spread(summary(What::ColdCpu)),
            megabytes(What::PeakMemory),
            megabytes(What::Zip),
            megabytes(What::ZipBesideImage),
        ]
    };
    let head = [
        "",
        "warm, ms",
        "ratio to Certhooks",
        "CPU per event, ms",
        "CPU to the first webhook, ms",
        "peak memory, MB",
        "zip, MB",
        "zip without the SDK of Lambda's image, MB",
    ];
    table(&head, &sides.iter().map(row).collect::<Vec<_>>())
}

fn worker(all: &[Figures]) -> String {
    let rows = [
        (format!("batch of {BATCH}, call-backs of 200 ms: ms"), What::Batch, WORKER, 1.0),
        (
            "worker, call-backs answered at once: events a second".into(),
            What::WorkerRate,
            "worker",
            1.0,
        ),
        ("worker: CPU per event, ms".into(), What::WorkerCpu, WORKER, 1.0),
        ("worker: peak memory with a full batch, MB".into(), What::WorkerMemory, WORKER, 1e6),
        (
            "`certhooks local`: events a second, by tenths of the run".into(),
            What::LocalRate,
            "local",
            1.0,
        ),
        ("`certhooks local`: memory after each tenth, MB".into(), What::LocalMemory, LOCAL, 1e6),
    ];
    let rows = rows.map(|(name, what, side, unit)| {
        let figures = find(all, what, None).and_then(|figures| figures.of(side));
        let scaled: Vec<f64> = figures.unwrap_or_default().iter().map(|it| it / unit).collect();
        vec![name, spread(Summary::of(&scaled))]
    });
    table(&["", ""], &rows)
}

fn cost(costs: &[Cost], sides: &[Side]) -> String {
    let pair = |arm64: f64, x86: f64| format!("{arm64:.2} ({x86:.2})");
    let row = |side: &Side| {
        let of = |memory: &u32| {
            costs.iter().find(|cost| cost.side == side.name && cost.memory_mb == *memory)
        };
        let cells = |cell: &dyn Fn(&Cost) -> String| {
            MEMORIES.iter().map(|memory| of(memory).map_or(NONE.into(), cell)).collect::<Vec<_>>()
        };
        let warm = cells(&|cost| pair(cost.warm_arm64, cost.warm_x86));
        let cold = cells(&|cost| pair(cost.cold_arm64, cost.cold_x86));
        [vec![side.title.to_owned()], warm, cold].concat()
    };
    let head = [
        "",
        "128 MB",
        "256 MB",
        "512 MB",
        "1024 MB",
        "all cold: 128 MB",
        "256 MB",
        "512 MB",
        "1024 MB",
    ];
    table(&head, &sides.iter().map(row).collect::<Vec<_>>())
}

/// A table with a head. All columns except the first are right-aligned.
fn table(head: &[&str], rows: &[Vec<String>]) -> String {
    let line = |cells: &[String]| format!("| {} |\n", cells.join(" | "));
    let align = std::iter::once("---").chain(head.iter().skip(1).map(|_| "---:"));
    let align: Vec<_> = align.map(str::to_owned).collect();
    let head: Vec<_> = head.iter().map(|&cell| cell.to_owned()).collect();
    rows.iter().fold(line(&head) + &line(&align), |text, row| text + &line(row))
}

/// The median, with the quartiles in brackets.
fn spread(summary: Option<Summary>) -> String {
    summary.map_or_else(
        || NONE.to_owned(),
        |it| {
            let [low, middle, high] =
                [it.lower_quartile, it.median, it.upper_quartile].map(significant);
            if low == high { middle } else { format!("{middle} ({low}–{high})") }
        },
    )
}

/// Bytes in megabytes (10⁶ bytes).
fn decimal(bytes: f64) -> String {
    significant(bytes / 1e6)
}

#[cfg(test)]
mod tests {
    use crate::stats::Summary;

    use super::{spread, table};

    #[test]
    fn figures_and_tables_are_formatted() {
        assert_eq!(spread(Summary::of(&[1.0, 2.0, 3.0])), "2.00 (1.50–2.50)");
        assert_eq!(spread(Summary::of(&[2.0])), "2.00");
        assert_eq!(spread(None), "–");
        let cells = vec![vec!["x".to_owned(), "1".to_owned()]];
        assert_eq!(table(&["a", "b"], &cells), "| a | b |\n| --- | ---: |\n| x | 1 |\n");
    }
}
