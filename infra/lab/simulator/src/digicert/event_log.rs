use std::collections::VecDeque;

use anyhow::Result;
use axum::extract::Query;
use axum::http::Uri;
use serde::Deserialize;
use serde_json::{Map, Value, json};
use time::OffsetDateTime;
use time::format_description::BorrowedFormatItem;
use time::macros::format_description;

use super::refusal::Refusal;
use crate::provider::Settings;
use crate::webhook_sender::is_success;

/// Times are in UTC, without a time zone.
const DATE_TIME: &[BorrowedFormatItem<'_>] =
    format_description!("[year]-[month]-[day]T[hour]:[minute]:[second]");
const CAPACITY: usize = 20_000;
/// The default and maximum number of entries of a page.
const PAGE_SIZE: usize = 1000;

/// An event that was sent, and the response of the endpoint.
pub(super) struct Entry {
    pub(super) event: String,
    pub(super) data: Option<Map<String, Value>>,
    pub(super) sent: OffsetDateTime,
    /// The status code and the time of the response; `None` without a response in time.
    pub(super) response: Option<(u16, OffsetDateTime)>,
}

/// Every event that was sent, oldest first. The log outlives the webhook, of which an account has one.
#[derive(Default)]
pub(super) struct EventLog(VecDeque<Entry>);

impl EventLog {
    pub(super) fn add(&mut self, entry: Entry) {
        if self.0.len() == CAPACITY {
            self.0.pop_front();
        }
        self.0.push_back(entry);
    }

    pub(super) fn page(&self, query: &LogQuery, settings: &Settings) -> Result<Value> {
        let mut entries: Vec<_> = self.0.iter().collect();
        if settings.digicert_log_newest_first {
            entries.reverse();
        }
        let limit = query.limit().min(settings.digicert_log_page);
        let page = entries.iter().skip(query.offset).take(limit);
        let events = page.map(|entry| entry.document()).collect::<Result<Vec<_>, _>>()?;
        let (total, offset) = (entries.len(), query.offset);
        Ok(json!({
            "events": events,
            "page": {"total": total, "limit": limit, "offset": offset},
        }))
    }
}

impl Entry {
    /// The provider documents no failed entry, so `failed` and the nulls are guesses.
    fn document(&self) -> Result<Value, time::error::Format> {
        let code = self.response.map(|(code, _)| code);
        let received = self.response.map(|(_, at)| at.format(DATE_TIME)).transpose()?;
        let mut document = json!({
            "event_name": self.event,
            "request_status": if is_success(code) { "success" } else { "failed" },
            "request_sent_time": self.sent.format(DATE_TIME)?,
            "response_received_time": received,
            "response_code": code,
        });
        if let Some(data) = &self.data {
            document["event_info"] = json!(data);
        }
        Ok(document)
    }
}

/// Which entries a request asks for, and how many. The page says "filters by the following properties" and its
/// stored copies have lost the list, so no filter is known here and each is refused.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct LogQuery {
    #[serde(default)]
    offset: usize,
    limit: Option<usize>,
}

impl LogQuery {
    pub(super) fn of(uri: &Uri) -> Result<Self, Refusal> {
        let query = Query::<Self>::try_from_uri(uri);
        let Query(query) = query.map_err(|error| Refusal::parameter(error.body_text()))?;
        if !(1..=PAGE_SIZE).contains(&query.limit()) {
            return Err(Refusal::parameter("limit must be from 1 to 1000"));
        }
        Ok(query)
    }

    fn limit(&self) -> usize {
        self.limit.unwrap_or(PAGE_SIZE)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::Value;
    use time::OffsetDateTime;

    use crate::provider::Settings;

    use super::{CAPACITY, Entry, EventLog, LogQuery};

    fn query(pairs: &[(&str, &str)]) -> Option<LogQuery> {
        let query = form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish();
        LogQuery::of(&format!("/?{query}").parse().unwrap()).ok()
    }

    fn page(log: &EventLog, pairs: &[(&str, &str)]) -> Value {
        log.page(&query(pairs).unwrap(), &Settings::default()).unwrap()
    }

    #[test]
    fn the_log_is_paged_and_bounded() {
        let mut log = EventLog::default();
        let now = OffsetDateTime::UNIX_EPOCH;
        for number in 0..CAPACITY + 1 {
            log.add(Entry { event: number.to_string(), data: None, sent: now, response: None });
        }
        let first = page(&log, &[("limit", "1")]);
        assert_eq!(first["page"]["total"], CAPACITY);
        assert_eq!(first["events"][0]["event_name"], "1");
        let page = page(&log, &[("offset", "19998"), ("limit", "5")]);
        assert_eq!(page["events"].as_array().unwrap().len(), 2);
    }

    #[test]
    fn unknown_and_invalid_parameters_are_refused() {
        for pair in [("limit", "0"), ("limit", "1001"), ("offset", "-1"), ("filters[code]", "200")]
        {
            assert!(query(&[pair]).is_none(), "{pair:?}");
        }
    }
}
