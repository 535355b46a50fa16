use std::time::Duration;

use aws_smithy_types::error::metadata::ErrorMetadata;
use ports::PortResult;
use serde_json::{Value, json};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use crate::Session;
use crate::error::port_error;
use crate::json_call::{Service, call};

const CLOUDWATCH: Service =
    Service { id: "CloudWatch", endpoint: "monitoring", target: "GraniteServiceVersion20100801" };
const OPERATION: &str = "GetMetricStatistics";
/// SQS reports to CloudWatch every minute, but up to 15 minutes late for a queue that was inactive.
const WINDOW: time::Duration = time::Duration::minutes(15);
const PERIOD: time::Duration = time::Duration::minutes(1);

/// The age of the oldest message of a queue, which SQS reports only to CloudWatch.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct QueueAge {
    pub age: Duration,
    /// When CloudWatch measured it.
    pub at: OffsetDateTime,
}

impl QueueAge {
    /// Returns the latest age of the last 15 minutes; `None` when CloudWatch has none, for example
    /// because the queue is empty. `variable` names the queue in errors.
    ///
    /// # Errors
    /// When CloudWatch cannot be reached, refuses (`cloudwatch:GetMetricStatistics`), or gives an
    /// unreadable answer.
    pub async fn read(session: &Session, variable: &str, url: &str) -> PortResult<Option<Self>> {
        let request = request(name(url), OffsetDateTime::now_utc());
        let answer = call(session, &CLOUDWATCH, OPERATION, request, latest).await;
        answer.map_err(|error| port_error(variable, OPERATION, &error))
    }
}

/// The name of a queue, which is the end of its URL.
fn name(url: &str) -> &str {
    url.rsplit('/').next().unwrap_or(url)
}

fn request(queue: &str, now: OffsetDateTime) -> Value {
    json!({
        "Namespace": "AWS/SQS",
        "MetricName": "ApproximateAgeOfOldestMessage",
        "Dimensions": [{ "Name": "QueueName", "Value": queue }],
        "StartTime": (now - WINDOW).unix_timestamp(),
        // The end is exclusive, and CloudWatch's clock may be ahead.
        "EndTime": (now + PERIOD).unix_timestamp(),
        "Period": PERIOD.whole_seconds(),
        "Statistics": ["Maximum"],
    })
}

/// Returns the latest data point. The points come in any order.
fn latest(answer: &Value) -> Result<Option<QueueAge>, ErrorMetadata> {
    let points = answer["Datapoints"].as_array().ok_or_else(|| unreadable("has no Datapoints"))?;
    let ages = points.iter().map(point).collect::<Option<Vec<_>>>();
    let ages = ages.ok_or_else(|| unreadable("has a point without time or age"))?;
    Ok(ages.into_iter().max_by_key(|age| age.at))
}

fn point(point: &Value) -> Option<QueueAge> {
    let age = Duration::try_from_secs_f64(point["Maximum"].as_f64()?).ok()?;
    Some(QueueAge { age, at: timestamp(&point["Timestamp"])? })
}

/// Parses seconds since 1970, or RFC 3339 as emulators write it.
fn timestamp(time: &Value) -> Option<OffsetDateTime> {
    match time {
        Value::String(text) => OffsetDateTime::parse(text, &Rfc3339).ok(),
        #[expect(clippy::cast_possible_truncation, reason = "whole seconds are enough")]
        number => OffsetDateTime::from_unix_timestamp(number.as_f64()? as i64).ok(),
    }
}

fn unreadable(problem: &str) -> ErrorMetadata {
    ErrorMetadata::builder().code("Unreadable").message(format!("the answer {problem}")).build()
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use time::macros::datetime;

    use super::{Duration, QueueAge, latest, name, request};

    #[test]
    fn the_latest_point_is_used() {
        let age = |age, at| Some(QueueAge { age: Duration::from_secs(age), at });
        for (points, expected) in [
            (json!([]), None),
            (
                json!([{ "Timestamp": 1_764_000_060, "Maximum": 12.0, "Unit": "Seconds" },
                       { "Timestamp": 1_764_000_120.0, "Maximum": 0.0 },
                       { "Timestamp": 1_764_000_000, "Maximum": 99.0 }]),
                age(0, datetime!(2025-11-24 16:02 UTC)),
            ),
            (
                json!([{ "Timestamp": "2026-11-22T10:00:00Z", "Maximum": 1800 }]),
                age(1800, datetime!(2026-11-22 10:00 UTC)),
            ),
        ] {
            let answer = json!({ "Datapoints": points, "Label": "ApproximateAgeOfOldestMessage" });
            assert_eq!(latest(&answer).unwrap(), expected, "{answer}");
        }
    }

    #[test]
    fn an_unreadable_answer_is_an_error() {
        for answer in [
            json!(null),
            json!({}),
            json!({ "Datapoints": "none" }),
            json!({ "Datapoints": [{ "Timestamp": 1_764_000_000 }] }),
            json!({ "Datapoints": [{ "Maximum": 3 }] }),
            json!({ "Datapoints": [{ "Timestamp": "yesterday", "Maximum": 3 }] }),
            json!({ "Datapoints": [{ "Timestamp": 1_764_000_000, "Maximum": -3 }] }),
        ] {
            assert!(latest(&answer).is_err(), "{answer}");
        }
    }

    #[test]
    fn the_request_has_the_name_of_the_queue() {
        let queue = name("https://sqs.eu-central-1.amazonaws.com/123456789012/stack-Events-1A2B");
        let request = request(queue, datetime!(2026-11-22 10:15 UTC));
        assert_eq!(request["Dimensions"][0]["Value"], "stack-Events-1A2B");
        assert_eq!(request["EndTime"].as_i64().unwrap() - 960, request["StartTime"]);
    }
}
