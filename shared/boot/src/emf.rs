use std::io::{self, Write};

use metrics_cloudwatch_embedded::{Builder, Collector};

use crate::{Environment, describe_metrics, line};

/// The namespace when `METRICS_NAMESPACE` is unset.
const NAMESPACE: &str = "Certhooks";

/// The metrics since the last flush. Labels become dimensions.
#[derive(Clone, Copy)]
pub struct Metrics(&'static Collector);

impl Metrics {
    /// Collects from now on what the `metrics` macros count. `METRICS_NAMESPACE` separates the metrics
    /// of several stacks in one account; alarms and dashboard use it.
    ///
    /// # Errors
    /// When another recorder is installed already.
    pub fn start(environment: &Environment) -> Result<Self, String> {
        let namespace = environment.optional("METRICS_NAMESPACE").unwrap_or(NAMESPACE);
        let collector = Builder::new()
            .cloudwatch_namespace(namespace.to_owned())
            .init()
            .map_err(|error| format!("the metrics did not start: {error}"))?;
        describe_metrics();
        Ok(Self(collector))
    }

    /// Writes one line to standard output for each set of dimensions, with the fields of the invocation
    /// (<https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html>).
    pub fn flush(self) {
        if let Err(error) = self.write(io::stdout().lock()) {
            tracing::warn!(%error, "writing the metrics failed");
        }
    }

    fn write(self, mut out: impl Write) -> io::Result<()> {
        let mut lines = Vec::new();
        self.0.flush(&mut lines)?;
        for metrics in lines.split_inclusive(|byte| *byte == b'\n') {
            line::write(&mut out, metrics)?;
        }
        out.flush()
    }
}

#[cfg(test)]
mod tests {
    use metrics::{counter, histogram};
    use serde_json::{Value, json};

    use super::{Environment, Metrics};

    fn lines(metrics: Metrics) -> Vec<Value> {
        let mut written = Vec::new();
        metrics.write(&mut written).unwrap();
        let text = String::from_utf8(written).unwrap();
        let mut lines: Vec<Value> =
            text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        for line in &mut lines {
            assert!(line["_aws"]["Timestamp"].take().is_u64());
        }
        lines
    }

    #[test]
    fn one_line_for_each_set_of_dimensions() {
        let environment: Environment = [("METRICS_NAMESPACE", "Certhooks/a")].into_iter().collect();
        let metrics = Metrics::start(&environment).unwrap();
        counter!("Accepted", "provider" => "digicert").increment(2);
        counter!("Accepted", "provider" => "digicert").increment(1);
        counter!("Refused", "provider" => "digicert", "reason" => "unauthorized").increment(1);
        histogram!("Age", "provider" => "digicert").record(12.0);
        histogram!("Age", "provider" => "digicert").record(7.5);

        assert_eq!(
            lines(metrics),
            [
                json!({
                    "_aws": { "Timestamp": null, "CloudWatchMetrics": [{
                        "Namespace": "Certhooks/a",
                        "Dimensions": [["provider"]],
                        "Metrics": [
                            { "Name": "Accepted", "Unit": "Count" },
                            { "Name": "Age", "Unit": "Milliseconds" },
                        ],
                    }] },
                    "provider": "digicert",
                    "Accepted": 3,
                    "Age": [12.0, 7.5],
                }),
                json!({
                    "_aws": { "Timestamp": null, "CloudWatchMetrics": [{
                        "Namespace": "Certhooks/a",
                        "Dimensions": [["provider", "reason"]],
                        "Metrics": [{ "Name": "Refused", "Unit": "Count" }],
                    }] },
                    "provider": "digicert",
                    "reason": "unauthorized",
                    "Refused": 1,
                }),
            ]
        );
        assert_eq!(lines(metrics), [] as [Value; 0], "a metric is written once");
        assert!(Metrics::start(&environment).is_err(), "a second start would count nothing");
    }
}
