use serde::Serialize;

use crate::figures::{
    self, ACKNOWLEDGED_RATE, COLD, DELIVERED_RATE, Figures, LOCAL_DISK, LOCAL_MEMORY, WARM, What,
};
use crate::local::LOCAL;
use crate::side::{FLOOR, NODE, OURS, PYTHON};
use crate::worker::{CALL_BACK, WORKER};

pub const AT_LEAST: &str = "at_least";
const AT_MOST: &str = "at_most";

/// A target, and what was measured.
#[derive(Clone, Debug, Serialize)]
pub struct Target {
    /// What is measured.
    pub name: String,
    /// [`AT_LEAST`] or `at_most`.
    pub bound: &'static str,
    pub limit: f64,
    /// `None` if it was not measured, or the figure is void.
    pub measured: Option<f64>,
    pub unit: &'static str,
}

impl Target {
    /// Whether the target is met; `None` if it was not measured.
    pub fn is_met(&self) -> Option<bool> {
        self.measured.map(|measured| match self.bound {
            AT_LEAST => measured >= self.limit,
            _ => measured <= self.limit,
        })
    }
}

/// Compares the figures with the targets. `template_mb` is the memory of the functions in the template.
pub fn of(all: &Figures, template_mb: u32) -> Vec<Target> {
    // A ratio of cold starts at each memory from 256 MB up. A target is not met by what was left out, so none
    // may be missing.
    let cold = |a, b, worse: fn(f64, f64) -> f64| -> Option<f64> {
        let ratio = |memory| all.ratio(COLD, memory, a, b);
        let ratios = [None, Some(1024), Some(512), Some(256)].map(ratio);
        ratios.into_iter().collect::<Option<Vec<_>>>()?.into_iter().reduce(worse)
    };
    let megabytes = |what, side| all.median(what, None, side).map(|bytes| bytes / what.unit());
    let batch = all.median(figures::BATCH, None, WORKER);
    // The last figure to the second, since the first includes the start.
    let growth = |what: What| {
        let figures = all.of(what, None, LOCAL)?;
        Some(figures.last()? / figures.get(1)?)
    };
    let rows = [
        (
            "cold start, Python to Certhooks; the lowest from 256 MB up",
            (AT_LEAST, 40.0, "×"),
            cold(PYTHON, OURS, f64::min),
        ),
        (
            "cold start, Node.js to Certhooks; the lowest from 256 MB up",
            (AT_LEAST, 20.0, "×"),
            cold(NODE, OURS, f64::min),
        ),
        (
            "cold start, Certhooks to the floor; the highest from 256 MB up",
            (AT_MOST, 1.1, "×"),
            cold(OURS, FLOOR, f64::max),
        ),
        (
            &format!("cold start at the template's {template_mb} MB"),
            (AT_MOST, 1000.0, " ms"),
            all.median(COLD, Some(template_mb), OURS),
        ),
        (
            "warm acknowledgement, Certhooks to the floor",
            (AT_MOST, 1.1, "×"),
            all.ratio(WARM, None, OURS, FLOOR),
        ),
        (
            "peak memory of a webhook function, 2 KiB events",
            (AT_MOST, 8.0, " MB"),
            megabytes(figures::PEAK_MEMORY, OURS),
        ),
        ("zip of a webhook function", (AT_MOST, 2.2, " MB"), megabytes(figures::ZIP, OURS)),
        (
            "peak memory of the worker, full batch in flight",
            (AT_MOST, 16.0, " MB"),
            megabytes(figures::WORKER_MEMORY, WORKER),
        ),
        (
            "batch of 10, call-backs of 200 ms, to one call-back",
            (AT_MOST, 1.1, "×"),
            batch.map(|millis| millis / (CALL_BACK.as_secs_f64() * 1e3)),
        ),
        (
            "`certhooks local`: acknowledged a second",
            (AT_LEAST, 5000.0, ""),
            all.median(ACKNOWLEDGED_RATE, None, LOCAL),
        ),
        (
            "`certhooks local`: delivered a second",
            (AT_LEAST, 2500.0, ""),
            all.median(DELIVERED_RATE, None, LOCAL),
        ),
        (
            "`certhooks local`: disk per event",
            (AT_MOST, 5000.0, " bytes"),
            all.median(LOCAL_DISK, None, LOCAL),
        ),
        (
            "`certhooks local`: memory after the last tenth, to that after the second",
            (AT_MOST, 1.2, "×"),
            growth(LOCAL_MEMORY),
        ),
        (
            "`certhooks local`: delivered in the last tenth, to the second",
            (AT_LEAST, 0.8, "×"),
            growth(DELIVERED_RATE),
        ),
    ];
    let target = |(name, (bound, limit, unit), measured)| Target {
        name: str::to_owned(name),
        bound,
        limit,
        measured,
        unit,
    };
    rows.map(target).into()
}

#[cfg(test)]
mod tests {
    use crate::figures::{COLD, Figures};
    use crate::side::{FLOOR, OURS};

    use super::of;

    #[test]
    fn the_worst_share_decides_and_none_may_be_missing() {
        let mut all = Figures::default();
        let add = |all: &mut Figures, memory, ours| {
            all.push(COLD, memory, OURS, ours);
            all.push(COLD, memory, FLOOR, 10.0);
        };
        for (memory, ours) in [(None, 12.0), (Some(1024), 14.0), (Some(512), 16.0)] {
            add(&mut all, memory, ours);
        }
        let floor = |all: &Figures| of(all, 256).swap_remove(2);
        assert_eq!((floor(&all).measured, floor(&all).is_met()), (None, None));
        add(&mut all, Some(256), 12.0);
        assert_eq!((floor(&all).measured, floor(&all).is_met()), (Some(1.6), Some(false)));
    }
}
