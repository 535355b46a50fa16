use serde::Serialize;

use crate::figures::{Figures, What, find};
use crate::local::LOCAL;
use crate::side::{FLOOR, NODE, OURS, PYTHON};
use crate::worker::{CALL_BACK, WORKER};

const MB: f64 = 1e6;

/// A target, and what was measured.
#[derive(Clone, Debug, Serialize)]
pub struct Target {
    /// What is measured.
    pub name: String,
    pub bound: Bound,
    pub limit: f64,
    /// `None` if it was not measured, or the figure is void.
    pub measured: Option<f64>,
    pub unit: &'static str,
}

#[derive(Clone, Copy, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Bound {
    AtLeast,
    AtMost,
}

impl Target {
    /// Whether the target is met; `None` if it was not measured.
    pub fn is_met(&self) -> Option<bool> {
        self.measured.map(|measured| match self.bound {
            Bound::AtLeast => measured >= self.limit,
            Bound::AtMost => measured <= self.limit,
        })
    }
}

/// Compares the figures with the targets. `template_mb` is the memory of the functions in the template.
pub fn of(all: &[Figures], template_mb: u32) -> Vec<Target> {
    // A ratio of cold starts at each memory from 256 MB up. A target is not met by what was left out, so none
    // may be missing.
    let cold = |a, b| -> Option<Vec<f64>> {
        let ratio = |memory| find(all, What::Cold, memory)?.median_ratio(a, b);
        [None, Some(1024), Some(512), Some(256)].into_iter().map(ratio).collect()
    };
    let lowest = |ratios: Vec<f64>| ratios.into_iter().reduce(f64::min);
    let highest = |ratios: Vec<f64>| ratios.into_iter().reduce(f64::max);
    let median = |what, side, memory_mb| find(all, what, memory_mb)?.median(side);
    let megabytes = |what, side| median(what, side, None).map(|bytes| bytes / MB);
    let warm = find(all, What::Warm, None).and_then(|warm| warm.median_ratio(OURS, FLOOR));
    let call_back = CALL_BACK.as_secs_f64() * 1e3;
    // The last figure to the second, since the first includes the start.
    let growth = |what| {
        let figures = find(all, what, None)?.of(LOCAL)?;
        Some(figures.last()? / figures.get(1)?)
    };
    vec![
        least(
            "cold start, Python to Certhooks; the lowest from 256 MB up",
            20.0,
            cold(PYTHON, OURS).and_then(lowest),
            "×",
        ),
        least(
            "cold start, Node.js to Certhooks; the lowest from 256 MB up",
            10.0,
            cold(NODE, OURS).and_then(lowest),
            "×",
        ),
        most(
            "cold start, Certhooks to the floor; the highest from 256 MB up",
            1.5,
            cold(OURS, FLOOR).and_then(highest),
            "×",
        ),
        most(
            &format!("cold start at the template's {template_mb} MB"),
            1000.0,
            median(What::Cold, OURS, Some(template_mb)),
            " ms",
        ),
        most("warm acknowledgement, Certhooks to the floor", 1.15, warm, "×"),
        most(
            "peak memory of a webhook function, 2 KiB events",
            16.0,
            megabytes(What::PeakMemory, OURS),
            " MB",
        ),
        most("zip of a webhook function", 3.0, megabytes(What::Zip, OURS), " MB"),
        most(
            "peak memory of the worker, full batch in flight",
            28.0,
            megabytes(What::WorkerMemory, WORKER),
            " MB",
        ),
        most(
            "batch of 10, call-backs of 200 ms, to one call-back",
            1.3,
            median(What::Batch, WORKER, None).map(|millis| millis / call_back),
            "×",
        ),
        most(
            "`certhooks local`: memory after the last tenth, to that after the second",
            1.2,
            growth(What::LocalMemory),
            "×",
        ),
        least(
            "`certhooks local`: events a second in the last tenth, to the second",
            0.8,
            growth(What::LocalRate),
            "×",
        ),
    ]
}

fn least(name: &str, limit: f64, measured: Option<f64>, unit: &'static str) -> Target {
    Target { name: name.to_owned(), bound: Bound::AtLeast, limit, measured, unit }
}

fn most(name: &str, limit: f64, measured: Option<f64>, unit: &'static str) -> Target {
    Target { name: name.to_owned(), bound: Bound::AtMost, limit, measured, unit }
}

#[cfg(test)]
mod tests {
    use crate::figures::{Figures, What};
    use crate::side::{FLOOR, OURS};

    use super::of;

    #[test]
    fn the_worst_share_decides_and_none_may_be_missing() {
        let mut all = Vec::new();
        for (memory, ours) in [(None, 12.0), (Some(1024), 14.0), (Some(512), 16.0)] {
            let mut figures = Figures::new(What::Cold, memory, &[OURS, FLOOR]);
            figures.push(OURS, ours);
            figures.push(FLOOR, 10.0);
            all.push(figures);
        }
        let floor = |all: &[Figures]| of(all, 256).swap_remove(2);
        assert_eq!((floor(&all).measured, floor(&all).is_met()), (None, None));
        all.push(Figures { memory_mb: Some(256), ..all[0].clone() });
        assert_eq!((floor(&all).measured, floor(&all).is_met()), (Some(1.6), Some(false)));
    }
}
