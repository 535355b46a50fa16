use serde::Serialize;

use crate::figures::{Figures, What, find};
use crate::local::LOCAL;
use crate::side::{FLOOR, NODE, OURS, PYTHON};
use crate::stats::significant;
use crate::worker::{CALL_BACK, WORKER};

const MB: f64 = 1e6;

/// A target, and what was measured.
#[derive(Clone, Debug, Serialize)]
pub struct Target {
    /// What is measured.
    pub number: String,
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
        let measured = self.measured?;
        Some(match self.bound {
            Bound::AtLeast => measured >= self.limit,
            Bound::AtMost => measured <= self.limit,
        })
    }

    /// The result in words, with the distance to the limit.
    pub fn result_text(&self) -> String {
        let (Some(is_met), Some(measured)) = (self.is_met(), self.measured) else {
            return "not measured".into();
        };
        let percent = (measured / self.limit - 1.0).abs() * 100.0;
        let side = if measured >= self.limit { "above" } else { "below" };
        format!("{}, {percent:.0} % {side}", if is_met { "met" } else { "**not met**" })
    }

    pub fn limit_text(&self) -> String {
        let sign = match self.bound {
            Bound::AtLeast => "≥",
            Bound::AtMost => "≤",
        };
        format!("{sign} {}{}", self.limit, self.unit)
    }

    pub fn measured_text(&self) -> String {
        self.measured.map_or_else(|| "–".into(), |measured| significant(measured) + self.unit)
    }
}

/// Compares the figures with the targets. `template_mb` is the memory of the functions in the template.
pub fn of(all: &[Figures], template_mb: u32) -> Vec<Target> {
    [starts(all, template_mb), sizes(all), long_runs(all)].concat()
}

fn starts(all: &[Figures], template_mb: u32) -> Vec<Target> {
    let ratios = |a, b| {
        let of = |memory| Some(find(all, What::Cold, memory)?.ratio(a, b)?.median);
        [None, Some(1024), Some(512), Some(256)].map(of)
    };
    let python = "cold start, Python to Certhooks; the lowest from 256 MB up";
    let node = "cold start, Node.js to Certhooks; the lowest from 256 MB up";
    let floor = "cold start, Certhooks to the floor; the highest from 256 MB up";
    let shipped = format!("cold start at the template's {template_mb} MB");
    let warm = find(all, What::Warm, None).and_then(|warm| warm.ratio(OURS, FLOOR));
    let warm = warm.map(|ratio| ratio.median);
    vec![
        least(python, 20.0, lowest(&ratios(PYTHON, OURS)), "×"),
        least(node, 10.0, lowest(&ratios(NODE, OURS)), "×"),
        most(floor, 1.5, highest(&ratios(OURS, FLOOR)), "×"),
        most(&shipped, 1000.0, median(all, What::Cold, OURS, Some(template_mb)), " ms"),
        most("warm acknowledgement, Certhooks to the floor", 1.15, warm, "×"),
    ]
}

fn sizes(all: &[Figures]) -> Vec<Target> {
    let megabytes = |what, side| median(all, what, side, None).map(|bytes| bytes / MB);
    let memory = "peak memory of a webhook function, 2 KiB events";
    let worker = "peak memory of the worker, full batch in flight";
    vec![
        most(memory, 16.0, megabytes(What::PeakMemory, OURS), " MB"),
        most("zip of a webhook function", 3.0, megabytes(What::Zip, OURS), " MB"),
        most(worker, 28.0, megabytes(What::WorkerMemory, WORKER), " MB"),
    ]
}

fn long_runs(all: &[Figures]) -> Vec<Target> {
    let batch = median(all, What::Batch, WORKER, None);
    let batch = batch.map(|millis| millis / (CALL_BACK.as_secs_f64() * 1e3));
    let (memory, rate) = (growth(all, What::LocalMemory), growth(all, What::LocalRate));
    vec![
        most("batch of 10, call-backs of 200 ms, to one call-back", 1.3, batch, "×"),
        most(
            "`certhooks local`: memory after the last tenth, to that after the second",
            1.2,
            memory,
            "×",
        ),
        least(
            "`certhooks local`: events a second in the last tenth, to the second",
            0.8,
            rate,
            "×",
        ),
    ]
}

fn median(all: &[Figures], what: What, side: &str, memory_mb: Option<u32>) -> Option<f64> {
    Some(find(all, what, memory_mb)?.summary(side)?.median)
}

fn least(number: &str, limit: f64, measured: Option<f64>, unit: &'static str) -> Target {
    Target { number: number.to_owned(), bound: Bound::AtLeast, limit, measured, unit }
}

fn most(number: &str, limit: f64, measured: Option<f64>, unit: &'static str) -> Target {
    Target { number: number.to_owned(), bound: Bound::AtMost, limit, measured, unit }
}

/// The lowest ratio; `None` if one is missing, since a target is not met by what was left out.
fn lowest(ratios: &[Option<f64>]) -> Option<f64> {
    let ratios: Option<Vec<f64>> = ratios.iter().copied().collect();
    ratios?.into_iter().reduce(f64::min)
}

fn highest(ratios: &[Option<f64>]) -> Option<f64> {
    let ratios: Option<Vec<f64>> = ratios.iter().copied().collect();
    ratios?.into_iter().reduce(f64::max)
}

/// The ratio of the last figure to the second one, since the first includes the start.
fn growth(all: &[Figures], what: What) -> Option<f64> {
    let figures = find(all, what, None)?.of(LOCAL)?;
    Some(figures.last()? / figures.get(1)?)
}

#[cfg(test)]
mod tests {
    use crate::figures::{Figures, What};
    use crate::side::{FLOOR, OURS};

    use super::{least, most, of};

    #[test]
    fn results_have_the_distance_to_the_limit() {
        for (target, is_met, text) in [
            (least("n", 20.0, Some(30.0), "×"), Some(true), "met, 50 % above"),
            (least("n", 20.0, Some(15.0), "×"), Some(false), "**not met**, 25 % below"),
            (most("n", 2.0, Some(2.0), "×"), Some(true), "met, 0 % above"),
            (most("n", 2.0, Some(3.0), "×"), Some(false), "**not met**, 50 % above"),
            (most("n", 2.0, None, "×"), None, "not measured"),
        ] {
            assert_eq!((target.is_met(), &*target.result_text()), (is_met, text));
        }
    }

    #[test]
    fn the_worst_share_decides_and_none_may_be_missing() {
        let mut all = Vec::new();
        for (memory, ours) in [(None, 12.0), (Some(1024), 14.0), (Some(512), 16.0)] {
            let mut figures = Figures::new(What::Cold, memory, &[OURS, FLOOR]);
            figures.push(OURS, ours);
            figures.push(FLOOR, 10.0);
            all.push(figures);
        }
        let measured = |all: &[Figures]| of(all, 256)[2].measured;
        assert_eq!(measured(&all), None);
        all.push(Figures { memory_mb: Some(256), ..all[0].clone() });
        assert_eq!(measured(&all), Some(1.6));
    }
}
