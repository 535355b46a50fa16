use std::collections::VecDeque;

use axum::extract::Query;
use axum::http::Uri;
use serde::Deserialize;
use serde_json::{Value, json};
use time::format_description::BorrowedFormatItem;
use time::macros::format_description;
use time::{Date, Duration, OffsetDateTime, PrimitiveDateTime, Time, UtcOffset};

use super::refusal::Refusal;

/// Mountain Daylight Time, all year round: the page names no other time zone.
const MDT: UtcOffset = match UtcOffset::from_hms(-6, 0, 0) {
    Ok(offset) => offset,
    Err(_) => UtcOffset::UTC,
};
const DATE: &[BorrowedFormatItem<'_>] = format_description!("[year]-[month]-[day]");
const DATE_TIME: &[BorrowedFormatItem<'_>] =
    format_description!("[year]-[month]-[day]+[hour]:[minute]:[second]");
/// The longest time frame of a request.
const MAX_TIME_FRAME: Duration = Duration::days(7);
const CAPACITY: usize = 20_000;

struct Change {
    order: u64,
    certificate: u64,
    status: &'static str,
    at: OffsetDateTime,
}

/// The last change of each order, oldest first.
#[derive(Default)]
pub(super) struct StatusChanges(VecDeque<Change>);

impl StatusChanges {
    pub(super) fn add(
        &mut self,
        order: u64,
        certificate: u64,
        status: &'static str,
        at: OffsetDateTime,
    ) {
        // An order that changes again is nearly always a recent one.
        if let Some(position) = self.0.iter().rposition(|change| change.order == order) {
            self.0.remove(position);
        } else if self.0.len() == CAPACITY {
            self.0.pop_front();
        }
        self.0.push_back(Change { order, certificate, status, at });
    }

    /// The last status of an order. `None` if it never changed, or long ago.
    pub(super) fn status(&self, order: u64) -> Option<&'static str> {
        self.0.iter().rfind(|change| change.order == order).map(|change| change.status)
    }

    /// Newest first, as the sample has it; "an empty result is `{}`".
    pub(super) fn between(&self, from: OffsetDateTime, to: OffsetDateTime) -> Value {
        let chosen = self.0.iter().rev().filter(|change| (from..=to).contains(&change.at));
        let document = |change: &Change| {
            json!({
                "order_id": change.order,
                "certificate_id": change.certificate,
                "status": change.status,
            })
        };
        let orders: Vec<_> = chosen.map(document).collect();
        if orders.is_empty() { json!({}) } else { json!({"orders": orders}) }
    }
}

/// Which time frame a request asks for.
#[derive(Debug, Deserialize)]
pub(super) struct TimeFrame {
    #[serde(rename = "filters[status_last_updated]")]
    range: Option<String>,
    minutes: Option<u32>,
}

impl TimeFrame {
    /// The start and end. One parameter is required.
    pub(super) fn of(
        uri: &Uri,
        now: OffsetDateTime,
    ) -> Result<(OffsetDateTime, OffsetDateTime), Refusal> {
        let frame = Query::<Self>::try_from_uri(uri);
        let Query(frame) = frame.map_err(|error| Refusal::parameter(error.body_text()))?;
        let (from, to) = match frame {
            Self { range: Some(range), .. } => span(&range).ok_or_else(|| {
                Refusal::parameter(
                    "filters[status_last_updated] must be FROM...TO, each yyyy-MM-dd",
                )
            })?,
            Self { minutes: Some(minutes), .. } => {
                (now.saturating_sub(Duration::minutes(minutes.into())), now)
            }
            Self { .. } => return Err(Refusal::parameter("minutes or a filter is required")),
        };
        if to - from > MAX_TIME_FRAME {
            return Err(Refusal::TIME_FRAME_TOO_LONG);
        }
        Ok((from, to))
    }
}

fn span(range: &str) -> Option<(OffsetDateTime, OffsetDateTime)> {
    let (from, to) = range.split_once("...")?;
    let last_second = Time::from_hms(23, 59, 59).ok()?;
    Some((parse(from, Time::MIDNIGHT)?, parse(to, last_second)?))
}

/// Parses a date, or a date and time. A plus sign that was not encoded has been decoded as a space.
fn parse(text: &str, default: Time) -> Option<OffsetDateTime> {
    let text = text.replace(' ', "+");
    let time = PrimitiveDateTime::parse(&text, DATE_TIME)
        .or_else(|_| Date::parse(&text, DATE).map(|date| date.with_time(default)));
    Some(time.ok()?.assume_offset(MDT))
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use time::macros::datetime;
    use time::{Duration, OffsetDateTime};

    use super::{StatusChanges, TimeFrame};
    use crate::digicert::refusal::Refusal;

    const NOW: OffsetDateTime = datetime!(2026-11-22 12:00 UTC);

    fn window_of(name: &str, value: &str) -> Result<(OffsetDateTime, OffsetDateTime), Refusal> {
        let pairs = [(name, value)];
        let query = form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish();
        TimeFrame::of(&format!("/?{query}").parse().unwrap(), NOW)
    }

    #[test]
    fn windows_are_seven_days_at_most() {
        assert_eq!(window_of("minutes", "10080"), Ok((NOW - Duration::days(7), NOW)));
        let range = "2026-11-01...2026-11-07";
        let (from, to) = (datetime!(2026-11-01 6:00 UTC), datetime!(2026-11-08 5:59:59 UTC));
        assert_eq!(window_of("filters[status_last_updated]", range), Ok((from, to)));
        let range = "2026-11-01+12:00:00...2026-11-01 13:00:00";
        let (from, to) = (datetime!(2026-11-01 18:00 UTC), datetime!(2026-11-01 19:00 UTC));
        assert_eq!(window_of("filters[status_last_updated]", range), Ok((from, to)));
        for (name, value) in [
            ("minutes", "10081"),
            ("minutes", "4294967295"),
            ("filters[status_last_updated]", "2026-11-01...2026-11-08"),
        ] {
            assert_eq!(window_of(name, value), Err(Refusal::TIME_FRAME_TOO_LONG), "{name} {value}");
        }
        for (name, value) in [
            ("minutes", "x"),
            ("minutes", "-1"),
            ("limit", "5"),
            ("filters[status_last_updated]", "2026-11-01"),
            ("filters[status_last_updated]", "a...b"),
        ] {
            let refused = window_of(name, value).unwrap_err();
            assert_ne!(refused, Refusal::TIME_FRAME_TOO_LONG, "{name} {value}");
        }
    }

    #[test]
    fn an_order_is_listed_by_its_last_change() {
        let mut changes = StatusChanges::default();
        let hour = |hours| NOW - Duration::hours(hours);
        changes.add(1, 11, "issued", hour(9));
        changes.add(2, 12, "issued", hour(8));
        changes.add(1, 11, "revoked", hour(1));
        let order = |order: u64, status| json!({"order_id": order, "certificate_id": order + 10, "status": status});
        assert_eq!(
            changes.between(hour(10), NOW),
            json!({"orders": [order(1, "revoked"), order(2, "issued")]})
        );
        assert_eq!(changes.between(hour(8), hour(7)), json!({"orders": [order(2, "issued")]}));
        assert_eq!(changes.between(hour(10), hour(9)), json!({}));
    }
}
