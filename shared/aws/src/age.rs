use std::time::Duration;

use aws_smithy_types::error::metadata::ErrorMetadata;
use ports::PortResult;
use serde_json::{Value, json};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use crate::Session;
use crate::fault::fault;
use crate::json_call::{Service, call};

const CLOUDWATCH: Service =
    Service { id: "CloudWatch", endpoint: "monitoring", target: "GraniteServiceVersion20100801" };
const OPERATION: &str = "GetMetricStatistics";
/// SQS tells CloudWatch once a minute of a queue in use, and up to 15 minutes late of one that wakes.
const WINDOW: time::Duration = time::Duration::minutes(15);
const PERIOD: time::Duration = time::Duration::minutes(1);

/// How long the oldest message of a queue waits; SQS tells it to CloudWatch only.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct QueueAge {
    pub age: Duration,
    /// When that was so.
    pub at: OffsetDateTime,
}

impl QueueAge {
    /// The latest of the last 15 minutes; none where CloudWatch has none, as of a queue that is empty.
    /// `called` names the queue in errors.
    ///
    /// # Errors
    /// There is no way to CloudWatch, it refuses (`cloudwatch:GetMetricStatistics`), or its answer is
    /// none.
    pub async fn read(session: &Session, called: &str, url: &str) -> PortResult<Option<Self>> {
        let question = question(name(url), OffsetDateTime::now_utc());
        let answer = call(session, &CLOUDWATCH, OPERATION, question, latest).await;
        answer.map_err(|error| fault(called, OPERATION, &error))
    }
}

/// A queue's URL ends with its name.
fn name(url: &str) -> &str {
    url.rsplit('/').next().unwrap_or(url)
}

fn question(queue: &str, now: OffsetDateTime) -> Value {
    json!({
        "Namespace": "AWS/SQS",
        "MetricName": "ApproximateAgeOfOldestMessage",
        "Dimensions": [{ "Name": "QueueName", "Value": queue }],
        "StartTime": (now - WINDOW).unix_timestamp(),
        // It is not part of the range, and the clock of the other side may be ahead.
        "EndTime": (now + PERIOD).unix_timestamp(),
        "Period": PERIOD.whole_seconds(),
        "Statistics": ["Maximum"],
    })
}

/// Points come in any order.
fn latest(answer: &Value) -> Result<Option<QueueAge>, ErrorMetadata> {
    let points = answer["Datapoints"].as_array().ok_or_else(|| unreadable("has no Datapoints"))?;
    let ages = points.iter().map(point).collect::<Option<Vec<_>>>();
    let ages = ages.ok_or_else(|| unreadable("has a point without time or age"))?;
    Ok(ages.into_iter().max_by_key(|age| age.at))
}

fn point(point: &Value) -> Option<QueueAge> {
    let age = Duration::try_from_secs_f64(point["Maximum"].as_f64()?).ok()?;
    Some(QueueAge { age, at: moment(&point["Timestamp"])? })
}

/// Seconds since 1970, or RFC 3339 text as emulators write it.
fn moment(time: &Value) -> Option<OffsetDateTime> {
    match time {
        Value::String(text) => OffsetDateTime::parse(text, &Rfc3339).ok(),
        #[expect(clippy::cast_possible_truncation, reason = "whole seconds are enough")]
        number => OffsetDateTime::from_unix_timestamp(number.as_f64()? as i64).ok(),
    }
}

fn unreadable(why: &str) -> ErrorMetadata {
    ErrorMetadata::builder().code("Unreadable").message(format!("the answer {why}")).build()
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use time::macros::datetime;

    use super::{Duration, QueueAge, latest, name, question};

    #[test]
    fn the_latest_point_counts() {
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
    fn an_answer_that_is_none_is_said() {
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
    fn a_queue_is_asked_for_by_its_name() {
        let queue = name("https://sqs.eu-central-1.amazonaws.com/123456789012/stack-Events-1A2B");
        let question = question(queue, datetime!(2026-11-22 10:15 UTC));
        assert_eq!(question["Dimensions"][0]["Value"], "stack-Events-1A2B");
        assert_eq!(question["EndTime"].as_i64().unwrap() - 960, question["StartTime"]);
    }
}
