use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use anyhow::Context;
use metrics::{
    Counter, CounterFn, Gauge, GaugeFn, Histogram, HistogramFn, Key, KeyName, Label, Metadata,
    SharedString, Unit,
};
use prometheus::core::Collector;
use prometheus::{
    GaugeVec, HistogramOpts, HistogramVec, IntCounterVec, Opts, Registry, TextEncoder,
};

/// The limits of the buckets of a duration, in milliseconds: up to a day.
const BUCKETS: [f64; 14] =
    [5.0, 10.0, 25.0, 50.0, 100.0, 250.0, 500.0, 1e3, 2.5e3, 5e3, 1e4, 6e4, 3.6e6, 8.64e7];

/// What the `metrics` macros have counted in this process, for Prometheus.
#[derive(Clone)]
pub(crate) struct Metrics(Registry);

impl Metrics {
    /// Counts from now on.
    ///
    /// # Errors
    /// When another recorder is installed already.
    pub(crate) fn start() -> anyhow::Result<Self> {
        let recorder = Recorder::default();
        let metrics = Self(recorder.registry.clone());
        metrics::set_global_recorder(recorder).ok().context("the metrics did not start")?;
        boot::describe_metrics();
        Ok(metrics)
    }

    /// The text format of Prometheus.
    ///
    /// # Errors
    /// When a metric cannot be written.
    pub(crate) fn text(&self) -> prometheus::Result<String> {
        TextEncoder::new().encode_to_string(&self.0.gather())
    }
}

/// Hands what is counted to the library of Prometheus. A metric has the name that it has in CloudWatch, and
/// the dimensions there are its labels.
#[derive(Default)]
struct Recorder {
    registry: Registry,
    help: Mutex<BTreeMap<String, String>>,
    counters: Families<IntCounterVec>,
    gauges: Families<GaugeVec>,
    histograms: Families<HistogramVec>,
}

/// The metrics of each name, with all their labels.
type Families<V> = Mutex<BTreeMap<String, V>>;

impl Recorder {
    fn describe(&self, name: &KeyName, help: &SharedString) {
        lock(&self.help).insert(name.as_str().to_owned(), help.to_string());
    }

    /// The metrics with the name of `key`, which are made for the first of them.
    fn family<V: Collector + Clone + 'static>(
        &self,
        families: &Families<V>,
        key: &Key,
        make: impl FnOnce(Opts, &[&str]) -> prometheus::Result<V>,
    ) -> prometheus::Result<V> {
        let mut families = lock(families);
        if let Some(family) = families.get(key.name()) {
            return Ok(family.clone());
        }
        let help = lock(&self.help).get(key.name()).cloned();
        let labels: Vec<_> = key.labels().map(Label::key).collect();
        let family =
            make(Opts::new(key.name(), help.unwrap_or_else(|| key.name().to_owned())), &labels)?;
        self.registry.register(Box::new(family.clone()))?;
        families.insert(key.name().to_owned(), family.clone());
        Ok(family)
    }
}

fn values(key: &Key) -> Vec<&str> {
    key.labels().map(Label::value).collect()
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A metric that the library refuses, because its labels differ from those of its first use, counts nothing.
impl metrics::Recorder for Recorder {
    fn describe_counter(&self, name: KeyName, _unit: Option<Unit>, help: SharedString) {
        self.describe(&name, &help);
    }

    fn describe_gauge(&self, name: KeyName, _unit: Option<Unit>, help: SharedString) {
        self.describe(&name, &help);
    }

    fn describe_histogram(&self, name: KeyName, _unit: Option<Unit>, help: SharedString) {
        self.describe(&name, &help);
    }

    fn register_counter(&self, key: &Key, _: &Metadata<'_>) -> Counter {
        let family = self.family(&self.counters, key, IntCounterVec::new);
        family
            .and_then(|family| family.get_metric_with_label_values(&values(key)))
            .map_or_else(|_| Counter::noop(), |counter| Counter::from_arc(Arc::new(Own(counter))))
    }

    fn register_gauge(&self, key: &Key, _: &Metadata<'_>) -> Gauge {
        let family = self.family(&self.gauges, key, GaugeVec::new);
        family
            .and_then(|family| family.get_metric_with_label_values(&values(key)))
            .map_or_else(|_| Gauge::noop(), |gauge| Gauge::from_arc(Arc::new(Own(gauge))))
    }

    fn register_histogram(&self, key: &Key, _: &Metadata<'_>) -> Histogram {
        let make = |options: Opts, labels: &[&str]| {
            HistogramVec::new(HistogramOpts::from(options).buckets(BUCKETS.to_vec()), labels)
        };
        self.family(&self.histograms, key, make)
            .and_then(|family| family.get_metric_with_label_values(&values(key)))
            .map_or_else(|_| Histogram::noop(), |it| Histogram::from_arc(Arc::new(Own(it))))
    }
}

/// A metric of the library, as the facade drives it.
struct Own<M>(M);

impl CounterFn for Own<prometheus::IntCounter> {
    fn increment(&self, value: u64) {
        self.0.inc_by(value);
    }

    fn absolute(&self, value: u64) {
        self.0.inc_by(value.saturating_sub(self.0.get()));
    }
}

impl GaugeFn for Own<prometheus::Gauge> {
    fn increment(&self, value: f64) {
        self.0.add(value);
    }

    fn decrement(&self, value: f64) {
        self.0.sub(value);
    }

    fn set(&self, value: f64) {
        self.0.set(value);
    }
}

impl HistogramFn for Own<prometheus::Histogram> {
    fn record(&self, value: f64) {
        self.0.observe(value);
    }
}
