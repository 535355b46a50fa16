use std::collections::BTreeMap;

use serde::{Serialize, Serializer};

/// What is measured.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct What {
    /// The name in JSON.
    name: &'static str,
    /// The name in tables.
    title: &'static str,
    /// In tables. Figures in MB are bytes.
    unit: &'static str,
}

/// Milliseconds from the program's start to the first acknowledged webhook.
pub const COLD: What = What::new("cold", "cold start", "ms");
/// Processor time until then, in milliseconds.
pub const COLD_CPU: What = What::new("cold_cpu", "CPU to the first acknowledged webhook", "ms");
/// Milliseconds from the invocation to the acknowledgement, in a started function. Each figure is the median of
/// a block.
pub const WARM: What = What::new("warm", "warm acknowledgement", "ms");
/// Processor time of one webhook then, in milliseconds. Each figure is the mean of a block.
pub const WARM_CPU: What = What::new("warm_cpu", "CPU per webhook", "ms");
/// The billed milliseconds: the mean of a block, with each invocation rounded up to a millisecond as on Lambda.
pub const BILLED: What = What::new("billed", "billed per webhook", "ms");
pub const PEAK_MEMORY: What = What::new("peak_memory", "peak memory", "MB");
/// The zip with all that the program needs beside its language's runtime.
pub const ZIP: What = What::new("zip", "zip", "MB");
/// The zip without what Lambda's image for the language includes.
pub const ZIP_BESIDE_IMAGE: What =
    What::new("zip_beside_image", "zip without the SDK of Lambda's image", "MB");
/// Milliseconds for a batch of ten in the worker.
pub const BATCH: What = What::new("batch", "batch of 10, call-backs of 200 ms", "ms");
/// Events a second in one worker whose call-backs are answered at once.
pub const WORKER_RATE: What =
    What::new("worker_rate", "worker, call-backs answered at once", "events a second");
pub const WORKER_MEMORY: What =
    What::new("worker_memory", "worker: peak memory with a full batch", "MB");
/// Processor time of one event in the worker, in milliseconds.
pub const WORKER_CPU: What = What::new("worker_cpu", "worker: CPU per event", "ms");
/// Events a second that `certhooks local` acknowledges while its worker waits for the provider, in each tenth
/// of a run; likewise what it delivers of those then. Processor times are those of its own process.
pub const ACKNOWLEDGED_RATE: What = What::new(
    "acknowledged_rate",
    "`certhooks local`, acknowledged, by tenths of the run",
    "events a second",
);
pub const ACKNOWLEDGED_CPU: What =
    What::new("acknowledged_cpu", "`certhooks local`: CPU per acknowledged event", "µs");
pub const DELIVERED_RATE: What = What::new(
    "delivered_rate",
    "`certhooks local`, delivered, by tenths of the run",
    "events a second",
);
pub const DELIVERED_CPU: What =
    What::new("delivered_cpu", "`certhooks local`: CPU per delivered event", "µs");
pub const LOCAL_MEMORY: What =
    What::new("local_memory", "`certhooks local`: memory after each tenth of the deliveries", "MB");
pub const LOCAL_DISK: What =
    What::new("local_disk", "`certhooks local`: disk per event, its chain included", "bytes");

impl What {
    const fn new(name: &'static str, title: &'static str, unit: &'static str) -> Self {
        Self { name, title, unit }
    }

    /// What a figure is divided by in tables: megabytes there are 10⁶ bytes.
    pub(crate) fn unit(self) -> f64 {
        if self.unit == "MB" { 1e6 } else { 1.0 }
    }
}

impl Serialize for What {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name)
    }
}

/// One side's figures, in the order of the rounds.
#[derive(Clone, Debug, Serialize)]
pub struct Series {
    pub side: &'static str,
    pub figures: Vec<f64>,
}

/// The same figure of all sides, taken in the same rounds.
#[derive(Clone, Debug, Serialize)]
pub struct Table {
    pub what: What,
    /// The memory in MB whose CPU share limited the program; `None` is full speed.
    pub memory_mb: Option<u32>,
    pub series: Vec<Series>,
}

/// All figures of a run, in the order in which they were first taken.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Figures {
    pub figures: Vec<Table>,
    /// The sides that did not do what was to be measured, with the reason. They have no figures.
    pub void: BTreeMap<&'static str, String>,
}

impl Figures {
    pub fn push(&mut self, what: What, memory_mb: Option<u32>, side: &'static str, figure: f64) {
        let is_same = |table: &Table| table.what == what && table.memory_mb == memory_mb;
        let index = self.figures.iter().position(is_same).unwrap_or_else(|| {
            self.figures.push(Table { what, memory_mb, series: Vec::new() });
            self.figures.len() - 1
        });
        let series = &mut self.figures[index].series;
        match series.iter_mut().find(|series| series.side == side) {
            Some(series) => series.figures.push(figure),
            None => series.push(Series { side, figures: vec![figure] }),
        }
    }

    /// Marks all figures of this side as void.
    pub fn mark_void(&mut self, side: &'static str, why: &anyhow::Error) {
        eprintln!("bench: {side}: void: {why:#}");
        self.void.insert(side, format!("{why:#}"));
    }

    pub fn is_void(&self, side: &str) -> bool {
        self.void.contains_key(side)
    }

    /// The figures of a side; `None` if there are none or they are void.
    pub fn of(&self, what: What, memory_mb: Option<u32>, side: &str) -> Option<&[f64]> {
        let is_same = |table: &&Table| table.what == what && table.memory_mb == memory_mb;
        let table = self.figures.iter().find(is_same).filter(|_| !self.is_void(side))?;
        let series = table.series.iter().find(|series| series.side == side)?;
        Some(&series.figures)
    }

    pub fn median(&self, what: What, memory_mb: Option<u32>, side: &str) -> Option<f64> {
        median(self.of(what, memory_mb, side)?)
    }

    /// The median of the ratios of `a` to `b`, round by round, because a disturbance of a round affects both.
    pub fn ratio(&self, what: What, memory_mb: Option<u32>, a: &str, b: &str) -> Option<f64> {
        let pairs = self.of(what, memory_mb, a)?.iter().zip(self.of(what, memory_mb, b)?);
        median(&pairs.map(|(a, b)| a / b).collect::<Vec<_>>())
    }
}

impl Table {
    /// The name in tables.
    pub(crate) fn title(&self) -> String {
        let memory = self.memory_mb.map(|mb| format!(" at {mb} MB")).unwrap_or_default();
        format!("{}{memory}, {}", self.what.title, self.what.unit)
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

#[cfg(test)]
mod tests {
    use super::{COLD, Figures, quartiles};

    #[test]
    fn quartiles_are_read_from_the_sorted_figures() {
        assert_eq!(quartiles(&[]), None);
        assert_eq!(quartiles(&[3.0]), Some([3.0, 3.0, 3.0]));
        assert_eq!(quartiles(&[5.0, 1.0, 4.0, 2.0, 3.0]), Some([2.0, 3.0, 4.0]));
    }

    #[test]
    fn a_void_side_has_no_figures() {
        let (mut figures, at) = (Figures::default(), Some(256));
        // The medians alone would give 30 / 10; the pairs say 2, 3 and 1.
        for (a, b) in [(20.0, 10.0), (30.0, 10.0), (50.0, 50.0)] {
            figures.push(COLD, at, "a", a);
            figures.push(COLD, at, "b", b);
        }
        assert_eq!(figures.ratio(COLD, at, "a", "b"), Some(2.0));
        assert_eq!(figures.ratio(COLD, None, "a", "b"), None);
        figures.mark_void("b", &anyhow::anyhow!("it answered 503"));
        assert!(figures.is_void("b") && !figures.is_void("a"));
        assert_eq!(figures.of(COLD, at, "b"), None);
        assert_eq!(figures.ratio(COLD, at, "a", "b"), None);
        assert_eq!(figures.median(COLD, at, "a"), Some(30.0));
    }
}
