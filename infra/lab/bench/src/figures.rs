use std::collections::BTreeSet;

use serde::Serialize;

/// What is measured.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum What {
    /// Milliseconds from the program's start to the first acknowledged webhook.
    Cold,
    /// Processor time until then, in milliseconds.
    ColdCpu,
    /// Milliseconds from the invocation to the acknowledgement, in a started function. Each figure is the
    /// median of a block.
    Warm,
    /// Processor time of one webhook then, in milliseconds. Each figure is the mean of a block.
    WarmCpu,
    /// The billed milliseconds: the mean of a block, with each invocation rounded up to a millisecond as on
    /// Lambda.
    Billed,
    /// Peak memory in bytes.
    PeakMemory,
    /// Bytes of the zip with all that the program needs beside its language's runtime.
    Zip,
    /// Bytes of the zip without what Lambda's image for the language includes.
    ZipBesideImage,
    /// Milliseconds for a batch of ten in the worker.
    Batch,
    /// Events a second in one worker whose call-backs are answered at once.
    WorkerRate,
    /// Peak memory of the worker with a full batch, in bytes.
    WorkerMemory,
    /// Processor time of one event in the worker, in milliseconds.
    WorkerCpu,
    /// Events a second through `certhooks local`, in each tenth of a run.
    LocalRate,
    /// Memory of `certhooks local` after each tenth, in bytes.
    LocalMemory,
}

impl What {
    fn title(self) -> &'static str {
        match self {
            Self::Cold => "cold start",
            Self::ColdCpu => "CPU to the first acknowledged webhook",
            Self::Warm => "warm acknowledgement",
            Self::WarmCpu => "CPU per webhook",
            Self::Billed => "billed per webhook",
            Self::PeakMemory => "peak memory",
            Self::Zip => "zip",
            Self::ZipBesideImage => "zip without the SDK of Lambda's image",
            Self::Batch => "batch of 10, call-backs of 200 ms",
            Self::WorkerRate => "worker, call-backs answered at once",
            Self::WorkerMemory => "worker: peak memory with a full batch",
            Self::WorkerCpu => "worker: CPU per event",
            Self::LocalRate => "`certhooks local`, by tenths of the run",
            Self::LocalMemory => "`certhooks local`: memory after each tenth",
        }
    }

    fn unit_name(self) -> &'static str {
        match self {
            Self::Cold | Self::ColdCpu | Self::Warm | Self::WarmCpu | Self::Billed => "ms",
            Self::Batch | Self::WorkerCpu => "ms",
            Self::WorkerRate | Self::LocalRate => "events a second",
            Self::PeakMemory | Self::WorkerMemory | Self::LocalMemory => "MB",
            Self::Zip | Self::ZipBesideImage => "MB",
        }
    }

    /// What a figure is divided by in tables: megabytes there are 10⁶ bytes.
    pub(crate) fn unit(self) -> f64 {
        if self.unit_name() == "MB" { 1e6 } else { 1.0 }
    }
}

/// One side's figures, in the order of the rounds.
#[derive(Clone, Debug, Serialize)]
pub struct Series {
    pub side: &'static str,
    pub figures: Vec<f64>,
    /// Why the figures are void.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub void: Option<String>,
}

/// The same figure of all sides, taken in the same rounds.
#[derive(Clone, Debug, Serialize)]
pub struct Figures {
    pub what: What,
    /// The memory in MB whose CPU share limited the program; `None` is full speed.
    pub memory_mb: Option<u32>,
    pub series: Vec<Series>,
}

impl Figures {
    pub fn new(what: What, memory_mb: Option<u32>, sides: &[&'static str]) -> Self {
        let series = |side: &&'static str| Series { side, figures: Vec::new(), void: None };
        Self { what, memory_mb, series: sides.iter().map(series).collect() }
    }

    /// The figures of a program that did not do what was to be measured.
    pub fn void(what: What, side: &'static str, why: &str) -> Self {
        let mut figures = Self::new(what, None, &[side]);
        figures.mark_void(side, why);
        figures
    }

    pub fn push(&mut self, side: &str, figure: f64) {
        self.change(side, |series| series.figures.push(figure));
    }

    /// Marks all figures of this side as void.
    pub fn mark_void(&mut self, side: &str, why: &str) {
        self.change(side, |series| series.void = Some(why.to_owned()));
    }

    pub fn is_void(&self, side: &str) -> bool {
        self.series.iter().any(|series| series.side == side && series.void.is_some())
    }

    /// The figures of a side; `None` if there are none or they are void.
    pub fn of(&self, side: &str) -> Option<&[f64]> {
        let series = self.series.iter().find(|series| series.side == side)?;
        (series.void.is_none() && !series.figures.is_empty()).then_some(&series.figures[..])
    }

    pub fn median(&self, side: &str) -> Option<f64> {
        median(self.of(side)?)
    }

    /// The median of the ratios of `a` to `b`, round by round, because a disturbance of a round affects both.
    pub fn median_ratio(&self, a: &str, b: &str) -> Option<f64> {
        let ratios: Vec<f64> = self.of(a)?.iter().zip(self.of(b)?).map(|(a, b)| a / b).collect();
        median(&ratios)
    }

    /// The name in tables.
    pub(crate) fn title(&self) -> String {
        let memory = self.memory_mb.map(|mb| format!(" at {mb} MB")).unwrap_or_default();
        format!("{}{memory}, {}", self.what.title(), self.what.unit_name())
    }

    fn change(&mut self, side: &str, change: impl FnOnce(&mut Series)) {
        if let Some(series) = self.series.iter_mut().find(|series| series.side == side) {
            change(series);
        }
    }
}

/// The quartiles, with the median in the middle: figures of the sorted list, nothing between them.
pub(crate) fn quartiles(figures: &[f64]) -> Option<[f64; 3]> {
    let mut sorted = figures.to_vec();
    sorted.sort_by(f64::total_cmp);
    let last = sorted.len().checked_sub(1)?;
    Some([last / 4, last / 2, last - last / 4].map(|place| sorted[place]))
}

pub(crate) fn median(figures: &[f64]) -> Option<f64> {
    quartiles(figures).map(|[_, median, _]| median)
}

/// The sides that have a void figure.
pub fn void_sides(all: &[Figures]) -> BTreeSet<&'static str> {
    let series = all.iter().flat_map(|figures| &figures.series);
    series.filter(|series| series.void.is_some()).map(|series| series.side).collect()
}

/// The figures of one kind at one memory.
pub fn find(all: &[Figures], what: What, memory_mb: Option<u32>) -> Option<&Figures> {
    all.iter().find(|figures| figures.what == what && figures.memory_mb == memory_mb)
}

#[cfg(test)]
mod tests {
    use super::{Figures, What, find, quartiles, void_sides};

    #[test]
    fn quartiles_are_read_from_the_sorted_figures() {
        assert_eq!(quartiles(&[]), None);
        assert_eq!(quartiles(&[3.0]), Some([3.0, 3.0, 3.0]));
        assert_eq!(quartiles(&[5.0, 1.0, 4.0, 2.0, 3.0]), Some([2.0, 3.0, 4.0]));
    }

    #[test]
    fn a_void_side_has_no_figures() {
        let mut figures = Figures::new(What::Cold, Some(256), &["a", "b"]);
        // The medians alone would give 30 / 10; the pairs say 2, 3 and 1.
        for (a, b) in [(20.0, 10.0), (30.0, 10.0), (50.0, 50.0)] {
            figures.push("a", a);
            figures.push("b", b);
        }
        assert_eq!(figures.median_ratio("a", "b"), Some(2.0));
        figures.mark_void("b", "it answered 503");
        assert!(figures.is_void("b") && !figures.is_void("a"));
        assert_eq!(figures.of("b"), None);
        assert_eq!(figures.median_ratio("a", "b"), None);
        assert_eq!(figures.median("a"), Some(30.0));

        let all = [figures, Figures::void(What::Batch, "worker", "it did not start")];
        assert_eq!(void_sides(&all).into_iter().collect::<Vec<_>>(), ["b", "worker"]);
        assert!(find(&all, What::Cold, Some(256)).is_some());
        assert!(find(&all, What::Cold, None).is_none());
    }
}
